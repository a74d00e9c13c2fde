import { readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import type { Run } from '../../src/model/run.ts'
import { aDatabase, onPostgres } from '../postgres/database.ts'
import { SECRET, until } from '../some.ts'
import { aCluster, type Cluster, deliver, unfinished } from './cluster.ts'
import { inTurn } from './ordeals.ts'

/** Writes on which worker it was, for which delivery; fails on web-3. */
const deploy = (more: object) => ({
  repo: 'github:acme/site',
  secret: SECRET,
  run: 'echo "$HOOK_WORKER $HOOK_DELIVERY" >> ran && test $HOOK_WORKER != web-3',
  'runs-on': { every: 'web' },
  ...more,
})

/** "web-1 2": web-1 ran the second of the deliveries that were pushed; in the order in which they ran. */
function ran({ directory }: Cluster, pushed: Iterable<string>): string[] {
  const guids = [...pushed]
  const lines = readFileSync(join(directory, 'ran'), 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => {
    const [worker, guid = ''] = line.split(' ')
    return `${worker} ${guids.indexOf(guid) + 1}`
  })
}

async function aFleetFor(site: object) {
  const cluster = aCluster({ url: await aDatabase(), hooks: { site } })
  writeFileSync(join(cluster.directory, 'ran'), '')
  const receiver = await cluster.receiver('receiver')
  const worker = (name: string) => cluster.worker(name, { labels: 'web' })
  const pushed = new Map<string, string>()
  const push = () => deliver(() => [receiver.port], 'site', 1, pushed)
  const rest = () =>
    until(async () => (await unfinished(cluster.url)) === 0, 'the end of all runs', 60_000)
  const data = join(cluster.directory, 'data', 'receiver')
  const cli = async (...args: string[]) =>
    (await receiver.cli('rollouts', ...args, '--data', data)).stdout
  const api = async (path: string) => JSON.parse(await asked(join(data, 'runhook.sock'), path))
  return { ran: () => ran(cluster, pushed.keys()), worker, push, rest, cli, api }
}

function asked(socketPath: string, path: string): Promise<string> {
  return new Promise((done, failed) => {
    get({ socketPath, path: `/api/v1${path}` }, (answer) => done(text(answer))).on('error', failed)
  })
}

type Fleet = Awaited<ReturnType<typeof aFleetFor>>

/** What became of each run of the newest rollout: "web-1 success", or why it was not run. */
async function newest({ api }: Fleet): Promise<string[]> {
  const { rollouts } = await api('/rollouts')
  const { rollout } = await api(`/rollouts/${rollouts[0].id}`)
  return rollout.runs.map(({ worker, status, startedAt, reason }: Run) =>
    startedAt === null ? `${status}: ${reason}` : `${worker} ${status}`,
  )
}

const TIMEOUT = { timeout: 300_000 }

onPostgres(
  'a rolling deploy ends with the first worker on which it fails, and all say which have it',
  TIMEOUT,
  async () => {
    const fleet = await aFleetFor(deploy({ strategy: { 'max-parallel': 1, 'fail-fast': true } }))
    await inTurn(5, (i) => fleet.worker(`web-${i + 1}`))
    await fleet.push()
    await fleet.rest()
    expect(fleet.ran()).toEqual(['web-1 1', 'web-2 1', 'web-3 1'])
    expect(await newest(fleet)).toEqual([
      'web-1 success',
      'web-2 success',
      'web-3 failure',
      'cancelled: not run: web-3 failed (fail-fast)',
      'cancelled: not run: web-3 failed (fail-fast)',
    ])
    const { rollouts } = await fleet.api('/rollouts')
    expect(rollouts).toMatchObject([{ label: 'web', maxParallel: 1, stopped: 'web-3 failed' }])
    const page = await fleet.cli(String(rollouts[0].id))
    expect(page).toContain('stopped: web-3 failed')
    for (const words of ['web-1 +success', 'web-2 +success', 'web-3 +failure .*exit code 1'])
      expect(page).toMatch(new RegExp(words))
    for (const name of ['web-4', 'web-5'])
      expect(page).toMatch(new RegExp(`${name} +not run: web-3 failed \\(fail-fast\\)`))
    expect(page).toContain('2 success, 1 failure, 2 not run')
    expect(await fleet.cli()).toContain('2 success, 1 failure, 2 not run')
  },
)

onPostgres(
  'a worker that was away runs the newest when it returns, and one that is new does too',
  TIMEOUT,
  async () => {
    const fleet = await aFleetFor(deploy({ 'catch-up': true }))
    await fleet.worker('web-1')
    const second = await fleet.worker('web-2')
    await second.stop()
    await fleet.push()
    // One that has not begun yet would be superseded by the next.
    await until(() => fleet.ran().length > 0, "web-1's first run")
    await fleet.push()
    await fleet.rest()
    const away =
      /^cancelled: web-2 was away \(last seen .* ago\); it runs the newest when it returns$/
    expect(await newest(fleet)).toEqual(['web-1 success', expect.stringMatching(away)])
    for (const name of ['web-2', 'web-9']) {
      await fleet.worker(name)
      await until(() => fleet.ran().some((line) => line.startsWith(name)), `${name}'s run`, 30_000)
    }
    await fleet.rest()
    expect(fleet.ran()).toEqual(['web-1 1', 'web-1 2', 'web-2 2', 'web-9 2'])
    expect(await newest(fleet)).toEqual(['web-1 success', 'web-2 success', 'web-9 success'])
  },
)

onPostgres(
  'without catch-up a worker that was away, or is new, gets the next one',
  TIMEOUT,
  async () => {
    const fleet = await aFleetFor(deploy({}))
    await fleet.worker('web-1')
    await (await fleet.worker('web-2')).stop()
    await fleet.push()
    await fleet.rest()
    const away = /^cancelled: web-2 was away \(last seen .* ago\)$/
    expect(await newest(fleet)).toEqual(['web-1 success', expect.stringMatching(away)])
    const [{ id }] = (await fleet.api('/rollouts')).rollouts
    expect(await fleet.cli(String(id))).toMatch(/web-2 +not run: web-2 was away/)
    for (const name of ['web-2', 'web-9']) await fleet.worker(name)
    await fleet.push()
    await fleet.rest()
    expect(fleet.ran().toSorted()).toEqual(['web-1 1', 'web-1 2', 'web-2 2', 'web-9 2'])
    expect(await newest(fleet)).toEqual(['web-1 success', 'web-2 success', 'web-9 success'])
  },
)
