/** What an open page learns of the hooks file: that other hooks are in use, or that the file is broken. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { watchAndReload } from '../../src/cli/reloading.ts'
import { silentLog } from '../../src/log.ts'
import { SECRET, until } from '../some.ts'
import { browserTest, open } from './browser.ts'
import { textOf } from './fleet-site.ts'
import { aSite, pushed, type Site } from './site.ts'

const broken = JSON.stringify({
  hooks: { 'deploy-site': { ...pushed('true'), scret: 'another secret of mine', timeout: 'soon' } },
})

/** The server follows its file, as `serve` has it. */
async function aFollowingSite(hooks: Record<string, unknown>): Promise<Site> {
  const site = await aSite(hooks)
  const first = await site.load()
  if (!first.config) throw new Error('It was loaded a moment ago.')
  const watcher = watchAndReload(first, {
    file: join(site.directory, 'hooks.json'),
    first: first.config,
    load: site.load,
    user: site.server,
    log: silentLog(),
    systemd: { ready() {}, stopping() {}, reloading() {} },
  })
  onTestFinished(() => watcher.close())
  return site
}

const write = (site: Site, text: string) =>
  writeFileSync(join(site.directory, 'hooks.json'), text, { mode: 0o600 })

describe('an open page', () => {
  browserTest('shows the cards of hooks that are saved, and a mistake in them', async () => {
    const site = await aFollowingSite({})
    const { page, wrong } = await open()
    await page.goto(`${site.url}/-/`)
    await page.getByText('No hooks yet').waitFor()
    const written = JSON.stringify({ hooks: { 'deploy-site': pushed('true') } })
    write(site, written)
    await page.locator('.hook-card', { hasText: 'deploy-site' }).waitFor()
    write(site, broken)
    await page.getByText('has 2 mistakes').waitFor()
    write(site, written)
    await page.getByText('has 2 mistakes').waitFor({ state: 'detached' })
    expect(wrong).toEqual([])
  })
})

describe('a hooks file with mistakes', () => {
  test('is told with its lines to who may change something, and never with a secret', async () => {
    const site = await aFollowingSite({ 'deploy-site': pushed('true') })
    write(site, broken)
    const look = async (path: string) =>
      textOf((await site.get(path)).text).replaceAll('&quot;', '"')
    await until(async () => (await look('/-/')).includes('has 2 mistakes'), 'the notice')
    for (const path of ['/-/', '/-/hooks/deploy-site']) {
      const text = await look(path)
      expect(text).toContain('hooks.json has 2 mistakes; the one before it stays in use')
      expect(text).toContain('What is in use was taken over just now')
      expect(text).toMatch(/hooks\.json:1:\d+ +error +hooks\.deploy-site\.timeout: "soon" is not/)
      expect(text).toContain('did you mean "secret"?')
      expect(text).not.toContain('another secret of mine')
      expect(text).not.toContain(SECRET)
    }
    site.visitor.role = 'viewer'
    expect(await look('/-/')).toContain('has 2 mistakes')
    expect(await look('/-/')).not.toContain('"soon"')
  })

  test('that cannot even be read is told with what to do', async () => {
    const site = await aFollowingSite({ 'deploy-site': pushed('true') })
    write(site, '['.repeat(2000))
    await until(
      async () => textOf((await site.get('/-/')).text).includes('nested too deep'),
      'the notice',
    )
  })
})

test('the page of a hook says where it is written', async () => {
  const site = await aFollowingSite({ 'deploy-site': pushed('true') })
  const look = async () => textOf((await site.get('/-/hooks/deploy-site')).text)
  expect(await look()).toMatch(/It is changed in the hooks file, never here: hooks\.json:3\b/)
  write(site, `\n${JSON.stringify({ hooks: { 'deploy-site': pushed('false') } }, null, 2)}`)
  await until(async () => /hooks\.json:4\b/.test(await look()), 'the file as it is now')
})
