/** A rollout as somebody watches it: real workers, a real PostgreSQL, a real browser. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { controlOf } from '../../src/control.ts'
import { currentOf } from '../../src/current.ts'
import { openDistributed } from '../../src/distributed.ts'
import { loadConfig } from '../../src/hooks/load.ts'
import { silentLog } from '../../src/log.ts'
import { aCluster, type Cluster } from '../fleet/cluster.ts'
import { aDatabase, onPostgres } from '../postgres/database.ts'
import { aPushBody, asGitHub } from '../receive/receiver.ts'
import { accountsOf, aStatus, aWorld } from '../show/world.ts'
import { aDirectory, SECRET } from '../some.ts'
import { browserTest, open } from './browser.ts'
import { pagesOver } from './fleet-site.ts'

/** What any server of the fleet that shows pages would show. */
async function pagesOf(cluster: Cluster): Promise<string> {
  const { config } = await loadConfig(join(cluster.directory, 'hooks.json'), {
    createSecrets: false,
    overrides: { port: 0, data: aDirectory() },
    environment: {},
  })
  if (!config) throw new Error('The hooks of the fleet cannot be read.')
  const current = currentOf(config)
  const stopping = new AbortController()
  const engine = await openDistributed(cluster.url, current, silentLog(), ['show'], stopping.signal)
  onTestFinished(() => engine.close())
  onTestFinished(() => stopping.abort())
  const { store, dispatcher, output, moves, fleet, steps } = engine
  const control = {
    ...controlOf(store, dispatcher, current),
    redeliver: () => Promise.reject(new Error('nobody asks for it here')),
    watch: moves.watch.bind(moves),
    steps,
    status: aStatus,
  }
  const { url } = await pagesOver({
    ...{ store, output, control, fleet, hooks: () => config },
    watchAll: moves.watchAll.bind(moves),
    audit: accountsOf(aWorld()).audit,
    closing: stopping.signal,
    redact: (text) => text,
    hooksFile: () => ({ problem: null, mistakes: null, since: 0 }),
  })
  return url
}

const rollsOut = {
  repo: 'github:acme/site',
  on: 'push',
  secret: SECRET,
  'runs-on': { every: 'web' },
  strategy: { 'max-parallel': 1, 'fail-fast': true },
  run: 'while [ ! -e "go-$HOOK_WORKER" ]; do sleep 0.05; done; test "$HOOK_WORKER" != web-2',
}

const watched = onPostgres === test ? browserTest : onPostgres // skips where either cannot run

watched(
  'a rollout is seen to go from worker to worker, and to stop at the first failure',
  async () => {
    const cluster = aCluster({ url: await aDatabase(), hooks: { 'deploy-site': rollsOut } })
    const receiver = await cluster.receiver('front')
    for (const name of ['web-1', 'web-2', 'web-3']) await cluster.worker(name, { labels: 'web' })
    const go = (worker: string) => writeFileSync(join(cluster.directory, `go-${worker}`), '')
    const url = await pagesOf(cluster)
    const body = aPushBody()
    const answer = await receiver.post('/hooks/deploy-site', { body, headers: asGitHub(body) })
    expect(answer.status).toBe(202)

    const { page, wrong } = await open()
    const row = (on: typeof page, worker: string): Locator =>
      on.locator('.by-worker tbody tr', { hasText: worker })
    await page.goto(`${url}/-/hooks/deploy-site`)
    await page.locator('a[href^="/-/rollouts/"]').click()
    await row(page, 'web-1').getByText('running').waitFor()
    await row(page, 'web-3').getByText('waits for its turn').waitFor()
    await page.evaluate('window.neverLoadedAgain = true')
    const beside = await open()
    await beside.page.goto(url + (await row(page, 'web-1').locator('a').getAttribute('href')))
    await beside.page.getByText('1 running, 2 waiting').waitFor()

    go('web-1')
    await row(page, 'web-1').getByText('success').waitFor()
    await row(page, 'web-2').getByText('running').waitFor()
    go('web-2')
    await row(page, 'web-2').getByText('failure').waitFor()
    await row(page, 'web-3').getByText('not run: web-2 failed (fail-fast)').waitFor()
    await page.getByText('Stopped: web-2 failed').waitFor()
    expect(await page.title()).toBe('3 of 3 deploy-site to every web · runhook')
    expect(await page.evaluate('window.neverLoadedAgain')).toBe(true)
    // The page of the first run goes on to tell of the others, after its own log has ended.
    await beside.page.getByText('1 success, 1 failure, 1 not run').waitFor()

    await page.goto(`${url}/-/workers`)
    const card = page.locator('.worker', { hasText: 'web-2' })
    await card.getByText('alive').waitFor()
    await card.getByText('nothing').waitFor()
    expect([...wrong, ...beside.wrong]).toEqual([])
    cluster.checkOutputs()
  },
  60_000,
)
