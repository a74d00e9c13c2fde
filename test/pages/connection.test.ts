/** A page whose server goes away, or does not want to see its visitor any more; and pages that nobody looks at. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished } from 'vitest'
import { aSite as aGuardedSite } from '../access/site.ts'
import { aRunhook } from '../running.ts'
import { until } from '../some.ts'
import { aProxy } from './between.ts'
import { browserTest, canHide, hide, open } from './browser.ts'
import { aSite, pushed } from './site.ts'

const inPlace = { 'working-directory': '.' }
/** Goes on when there is a file of the line that it wrote last. */
const stepwise =
  'for n in 1 2 3; do echo "line $n"; while [ ! -e "go-$n" ]; do sleep 0.05; done; done'
const go = (directory: string, n: number) => writeFileSync(join(directory, `go-${n}`), '')
const notice = (page: Page) => page.locator('.cut-off')
const line = (page: Page, says: string) => page.locator('.line', { hasText: says })

describe('a server that is away', () => {
  browserTest('is said to be, and found again with all that happened meanwhile', async () => {
    const site = await aSite({ 'deploy-site': pushed(stepwise, inPlace), other: pushed('true') })
    const proxy = await aProxy(site.url)
    const { page: overview, wrong } = await open()
    const run = await overview.context().newPage()
    await site.push()
    await run.goto(`${proxy.url}/-/runs/1`)
    await line(run, 'line 1').waitFor()
    await overview.goto(`${proxy.url}/-/`)
    await until(() => proxy.open().some((path) => path.includes('/-/events')), 'the connection')
    proxy.answers(502)
    for (const page of [overview, run]) {
      await notice(page).getByText('Not connected: what you see may be old (since ').waitFor()
    }
    go(site.directory, 1)
    await site.push({}, {}, 'other')
    proxy.answers(null)
    // Known to be there again, it is asked at once.
    for (const page of [overview, run]) await page.evaluate('dispatchEvent(new Event("online"))')
    await overview.locator('#other .status, .hook-card', { hasText: 'success' }).first().waitFor()
    await line(run, 'line 2').waitFor()
    expect(await run.locator('.line').allInnerTexts()).toHaveLength(2)
    for (const page of [overview, run]) {
      await until(async () => (await notice(page).innerText()) === '', 'the end of the notice')
    }
    // And by itself, where nothing says so.
    proxy.answers(404)
    proxy.answers(null)
    go(site.directory, 2)
    await line(run, 'line 3').waitFor()
    go(site.directory, 3)
    await run.locator('h1', { hasText: 'success' }).waitFor()
    expect(wrong).toEqual([])
  })

  browserTest('and was killed shows what became of the run', async () => {
    const hooks = { long: { on: 'manual', auth: 'login', run: 'echo begun; exec sleep 60' } }
    const first = await aRunhook({ hooks })
    const proxy = await aProxy(`http://127.0.0.1:${first.port}`)
    const { stdout } = await first.cli('user', 'add', 'ada', '--role', 'operator')
    const { page, wrong } = await open()
    await page.goto(proxy.url + new URL(/http\S+/.exec(stdout)?.[0] ?? '').pathname)
    await page.locator('main button').click()
    await page.goto(`${proxy.url}/-/hooks/long`)
    await page.getByRole('button', { name: 'Run long' }).click()
    await line(page, 'begun').waitFor()
    await first.stop('SIGKILL')
    const second = await aRunhook({ directory: first.directory })
    proxy.leadsTo(second.port)
    await page.locator('h1', { hasText: 'interrupted' }).waitFor()
    expect(await page.title()).toContain('interrupted')
    const step = page.locator('.step summary')
    await step.getByText('interrupted').waitFor({ state: 'attached' })
    expect(await page.locator('[data-since]').count()).toBe(0)
    expect(wrong).toEqual([])
  })
})

describe('who is signed out somewhere else', () => {
  browserTest('is told so on each page that is open, and led back to it', async () => {
    const site = await aGuardedSite({
      hooks: { long: { on: 'manual', auth: 'login', run: 'echo begun; exec sleep 30' } },
    })
    await site.here('POST', '/hooks/long/trigger', {})
    const url = `http://127.0.0.1:${site.port}`
    const cookie = await site.signIn('ada')
    const { page, wrong } = await open()
    const [name = '', value = ''] = cookie.split('=')
    await page.context().addCookies([{ name, value, url }])
    const run = await page.context().newPage()
    await run.goto(`${url}/-/runs/1`)
    await line(run, 'begun').waitFor()
    await page.goto(`${url}/-/runs?hook=long`)
    await page.locator('.status', { hasText: 'running' }).waitFor()
    await site.here('POST', '/users/ada/disable')
    for (const one of [run, page]) await notice(one).getByText('You are signed out').waitFor()
    await notice(page).getByRole('link', { name: 'Sign in' }).click()
    await page.waitForURL('**/-/login?next=**')
    expect(await page.locator('[name=next]').getAttribute('value')).toBe('/-/runs?hook=long')
    await site.here('POST', '/users/ada/enable')
    const again = (await site.signIn('ada')).split('=')[1] ?? ''
    await page.context().addCookies([{ name, value: again, url }])
    await run.evaluate('dispatchEvent(new Event("focus"))')
    await until(async () => (await notice(run).innerText()) === '', 'the end of the notice')
    expect(wrong).toEqual([])
  })
})

describe('who has too much open', () => {
  browserTest(
    'is told so, and not that he is signed out; the page goes on when there is room',
    async () => {
      const site = await aGuardedSite({
        hooks: { long: { on: 'manual', auth: 'login', run: 'echo begun; exec sleep 30' } },
      })
      await site.here('POST', '/hooks/long/trigger', {})
      const url = `http://127.0.0.1:${site.port}`
      const cookie = await site.signIn('ada')
      const others = new AbortController()
      onTestFinished(() => others.abort())
      const asked = { headers: { cookie }, signal: others.signal }
      const all = Array.from({ length: 64 }, () => fetch(`${url}/-/events`, asked))
      for (const { status } of await Promise.all(all)) expect(status).toBe(200)
      const { page } = await open()
      const [name = '', value = ''] = cookie.split('=')
      await page.context().addCookies([{ name, value, url }])
      const refused: { at: number; wait: number }[] = []
      page.on('response', (one) => {
        if (!one.url().includes('/-/runs/1/log') || one.status() !== 429) return
        refused.push({ at: Date.now(), wait: Number(one.headers()['retry-after']) * 1000 })
      })
      await page.goto(`${url}/-/runs/1`)
      await notice(page).getByText('Too many pages and logs are open').waitFor()
      await until(() => refused.length > 1, 'another try')
      const [first, second] = refused
      expect(first?.wait).toBeGreaterThan(0)
      // As long as it was told to, and a part of it more or less.
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(0.7 * (first?.wait ?? 0))
      others.abort()
      await until(async () => {
        await page.evaluate('dispatchEvent(new Event("focus"))')
        return (await notice(page).innerText()) === ''
      }, 'the end of the notice')
      await line(page, 'begun').waitFor()
    },
  )
})

describe('a tab in the background', () => {
  browserTest('takes no connection from the others, however many there are', async () => {
    const site = await aSite({ 'deploy-site': pushed(stepwise, inPlace) })
    const proxy = await aProxy(site.url)
    await site.push()
    const { page, wrong } = await open()
    for (let tab = 0; tab < 7; tab++) {
      const behind = await page.context().newPage()
      await canHide(behind, { begins: true })
      await behind.goto(`${proxy.url}/-/runs/1`)
    }
    await page.goto(`${proxy.url}/-/runs/1`)
    go(site.directory, 1)
    await line(page, 'line 2').waitFor()
    expect(proxy.open()).toHaveLength(1)
    expect(wrong).toEqual([])
  })

  browserTest('tells how its run stands, and misses nothing when it is looked at', async () => {
    const site = await aSite({ 'deploy-site': pushed(stepwise, inPlace) })
    const proxy = await aProxy(site.url)
    await site.push()
    const { page, wrong } = await open()
    await page.clock.install()
    await canHide(page)
    await page.goto(`${proxy.url}/-/runs/1`)
    await line(page, 'line 1').waitFor()
    await hide(page)
    expect(proxy.open()).toHaveLength(1)
    await page.clock.fastForward(5000)
    await until(() => proxy.open().length === 0, 'the end of the connection')
    go(site.directory, 1)
    await until(async () => (await site.get('/-/runs/1')).text.includes('line 2'), 'a line')
    await hide(page, false)
    await line(page, 'line 2').waitFor()
    await hide(page)
    await page.clock.fastForward(5000)
    await until(() => proxy.open().length === 0, 'the end of the connection')
    for (const n of [2, 3]) go(site.directory, n)
    await until(async () => (await site.get('/-/runs/1')).text.includes('success: '), 'the end')
    expect(await page.title()).toContain('running')
    await page.clock.fastForward(15_000)
    await until(async () => (await page.title()).startsWith('success: '), 'the title')
    expect(await page.locator('link[rel=icon]').getAttribute('href')).toContain('success.svg')
    expect(await line(page, 'line 3').count()).toBe(0)
    await hide(page, false)
    await line(page, 'line 3').waitFor()
    await page.locator('h1', { hasText: 'success' }).waitFor()
    expect(await page.locator('.line').allInnerTexts()).toHaveLength(3)
    expect(wrong).toEqual([])
  })
})
