/** What the first page says of each hook, and where it leads. */

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SECRET, until } from '../some.ts'
import { browserTest, open } from './browser.ts'
import { textOf } from './fleet-site.ts'
import { aSite, pushed, type Site } from './site.ts'

const overview = async (site: Site, query = '') => textOf((await site.get(`/-/${query}`)).text)
const ended = (site: Site, run: number) =>
  until(
    async () => /(success|failure): /.test((await site.get(`/-/runs/${run}`)).text),
    'the end of it',
  )
const tidy = { on: 'manual', secret: SECRET, run: 'true' }

describe('a card', () => {
  test('tells branch, commit and its message of the last run, and why that failed', async () => {
    const steps = ['true', { name: 'Build', run: 'test $HOOK_BRANCH = main || exit 3' }]
    const site = await aSite({ 'deploy-site': pushed(steps) })
    await site.push({ head_commit: { message: 'Fix the <b>feed</b>\n\nAnd more.' } })
    await ended(site, 1)
    expect(await overview(site)).toMatch(
      /success ?just now · \d\.\ds main ?aaaaaaa ?Fix the &lt;b&gt;feed&lt;\/b&gt; /,
    )
    expect(await overview(site)).not.toContain('And more')
    await site.push({ ref: 'refs/heads/topic', head_commit: { message: 'Try' } })
    await ended(site, 2)
    const text = await overview(site)
    expect(text).toContain('0 ok [/-/?state=failing] 1 failing 0 running 0 waiting')
    expect(text).toMatch(/failure ?exit 3/)
    expect(text).toContain('step 2, Build failed with exit code 3')
    expect((await site.get('/-/runs')).text).toContain('Fix the &lt;b&gt;feed&lt;/b&gt;')
  })

  test('counts what runs and waits, what was refused, and has what a URL said last', async () => {
    const site = await aSite({
      'deploy-site': pushed('sleep 60', { concurrency: { queue: 'max' } }),
      df: { url: '/df', on: 'get', auth: 'none', command: ['echo', '/ 71% used'] },
    })
    await site.post('/df', { method: 'GET' })
    for (let count = 0; count < 3; count++) await site.push()
    for (let count = 0; count < 2; count++)
      await site.push({}, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` })
    await until(async () => (await overview(site)).includes('2 requests were refused'), 'both')
    const text = await overview(site)
    expect(text).toMatch(/deploy-site .*hook=deploy-site&amp;status=running\] 1 running/)
    expect(text).toMatch(/status=queued\] 2 waiting/)
    expect(text).toMatch(/path=%2Fhooks%2Fdeploy-site\] 2 requests were refused/)
    expect(text).toContain('/ 71% used')
  })

  test('says where the rest is of what a URL said at length', async () => {
    const df = { url: '/df', on: 'get', auth: 'none' }
    const site = await aSite({
      long: { ...df, command: ['seq', '30'] },
      short: { ...df, url: '/short', command: ['seq', '3'] },
    })
    for (const path of ['/df', '/short']) await site.post(path, { method: 'GET' })
    await Promise.all([ended(site, 1), ended(site, 2)])
    const text = await overview(site)
    expect(text).toMatch(/1 2 3 4 ?\[\/-\/runs\/1\] All of it/)
    expect(text).not.toContain('[/-/runs/2] All of it')
  })

  test('has the button of its hook for who may press it', async () => {
    const site = await aSite({
      'deploy-site': pushed('true'),
      tidy,
      asks: { ...tidy, on: { manual: { inputs: { note: {} } } } },
    })
    await site.push()
    await ended(site, 1)
    const text = await overview(site)
    expect(text).toContain('[/-/runs/1/rerun] Re-run')
    expect(text).toContain('[/-/hooks/tidy/run] Run')
    expect(text).toContain('[/-/hooks/asks#run] Run …')
    site.visitor.role = 'viewer'
    expect(await overview(site)).not.toMatch(/rerun|tidy\/run|asks#run\] Run/)
  })

  test('says of a delivery for another hook, and of a ping, nothing', async () => {
    const other = pushed('true', { repo: 'github:acme/other', secret: undefined })
    const site = await aSite(
      { 'deploy-site': pushed('true', { secret: undefined }), other },
      { hosts: { github: { secret: SECRET } } },
    )
    const ping = { zen: 'Keep it logically awesome.', hook_id: 1 }
    expect((await site.push(ping, { 'x-github-event': 'ping' })).status).toBe(200)
    expect(await overview(site)).not.toContain('ran nothing')
  })
})

describe('hooks are found', () => {
  const hooks = { 'deploy-site': pushed('true'), tidy }

  test('by a part of their name or their repository', async () => {
    const site = await aSite(hooks)
    expect(await overview(site, '?find=TID')).not.toContain('deploy-site]')
    expect(await overview(site, '?find=acme/')).not.toContain('hooks/tidy]')
    expect(await overview(site, '?find=nowhere')).toContain('No hook is called like this.')
  })

  browserTest('as their name is typed, after the key "/"', async () => {
    const site = await aSite(hooks)
    const { page, wrong } = await open()
    await page.goto(`${site.url}/-/`)
    await page.keyboard.press('/')
    await page.keyboard.type('tid')
    await page.locator('.hook-card', { hasText: 'deploy-site' }).waitFor({ state: 'detached' })
    expect(await page.locator('.hook-card').count()).toBe(1)
    expect(page.url()).toContain('?find=tid')
    await page.locator('input[name=find]').fill('')
    await page.locator('.hook-card', { hasText: 'deploy-site' }).waitFor()
    expect(wrong).toEqual([])
  })
})

describe('who has just started', () => {
  test('is led to the first hook, and from there to its setup page', async () => {
    const none = await aSite({})
    const empty = await overview(none)
    expect(empty).toContain('No hooks yet')
    expect(empty).toContain(`runhook check --config ${join(none.directory, 'hooks.json')}`)
    expect(empty).not.toContain('0 ok')
    const site = await aSite({ 'deploy-site': pushed('true'), tidy })
    const file = join(site.directory, 'hooks.json')
    const text = await overview(site)
    expect(text).toContain('Nothing has come in yet')
    expect(text).toContain('[/-/hooks/deploy-site/setup] Set up deploy-site')
    expect(text).toContain('[/-/hooks/tidy#run] Run tidy')
    expect(text).toContain(`runhook send deploy-site --config ${file}`)
    await site.push()
    expect(await overview(site)).not.toContain('Nothing has come in yet')
  })
})
