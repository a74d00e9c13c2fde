/** What a page shows goes on while somebody looks at it, and takes nothing away from him. */

import { describe, expect } from 'vitest'
import { aSite as aGuardedSite } from '../access/site.ts'
import { until } from '../some.ts'
import { browserTest, open } from './browser.ts'
import { aSite, pushed } from './site.ts'

describe('times', () => {
  browserTest('go on while a run is under way, of its steps too, and push nothing', async () => {
    const site = await aSite({ 'deploy-site': pushed('sleep 60') })
    const { page, wrong } = await open()
    await site.push()
    await page.goto(`${site.url}/-/runs/1`)
    for (const [place, what] of [
      ['.run-what .took', 'the time of the run'],
      ['.step .took', 'the time of its step'],
    ] as const) {
      const took = page.locator(place)
      const first = await took.innerText()
      expect(first).toMatch(/^\d+\.\ds$/)
      const before = await took.boundingBox()
      await until(async () => (await took.innerText()) !== first, what)
      expect((await took.boundingBox())?.width).toBe(before?.width)
    }
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.locator('h1', { hasText: 'cancelled' }).waitFor()
    expect(await page.locator('[data-since]').count()).toBe(0)
    expect(wrong).toEqual([])
  })

  browserTest('count down to the next try of what failed', async () => {
    const retry = { times: 2, delay: '50m' }
    const site = await aSite({ 'deploy-site': pushed('false', { retry }) })
    await site.push()
    const { page, wrong } = await open()
    await until(async () => (await site.get('/-/runs/2')).status === 200, 'the next try')
    await page.goto(`${site.url}/-/runs/2`)
    const left = page.locator('h1 .more', { hasText: 'retry 1 of 2 in 49m' })
    const first = await left.innerText()
    await until(async () => (await left.innerText()) !== first, 'the count')
    expect(wrong).toEqual([])
  })

  browserTest('grow old on a page where nothing happens, by the clock of the server', async () => {
    const site = await aSite({ 'deploy-site': pushed('true') })
    await site.push()
    const { page, wrong } = await open()
    // This machine is a day late.
    await page.clock.install({ time: Date.now() - 86_400_000 })
    await until(async () => (await site.get('/-/runs/1')).text.includes('success: '), 'the run')
    await page.goto(`${site.url}/-/runs/1`)
    const time = page.locator('.run-what time')
    expect(await time.innerText()).toMatch(/^(just now|\d+s ago)$/)
    await page.clock.fastForward('02:10')
    await until(async () => /^[23]m ago$/.test(await time.innerText()), 'the age')
    await page.clock.fastForward('03:00:00')
    await until(async () => (await time.innerText()) === '3h ago', 'the age')
    expect(wrong).toEqual([])
  })
})

describe('by itself', () => {
  browserTest('a delivery shows what runs for it, and that it was sent through again', async () => {
    const site = await aSite({ 'deploy-site': pushed('true') })
    await site.push()
    const { page, wrong } = await open()
    await page.goto(`${site.url}/-/deliveries/1`)
    await page.locator('.list .status', { hasText: 'success' }).waitFor()
    await site.form('/-/runs/1/rerun')
    await page.locator('.list tr', { hasText: '#2' }).getByText('success').waitFor()
    await site.form('/-/deliveries/1/redeliver')
    await page.locator('.facts', { hasText: 'Came again as' }).getByText('#2').waitFor()
    expect(wrong).toEqual([])
  })

  browserTest('the audit log shows what somebody has done', async () => {
    const site = await aGuardedSite()
    const url = `http://127.0.0.1:${site.port}`
    const { page, wrong } = await open()
    const [name = '', value = ''] = (await site.signIn('ada', 'admin')).split('=')
    await page.context().addCookies([{ name, value, url }])
    await page.goto(`${url}/-/audit`)
    await page.locator('.audit td', { hasText: 'login' }).first().waitFor()
    await site.here('POST', '/users', { name: 'bob', role: 'viewer' })
    await page.locator('.audit tr', { hasText: 'user.add' }).getByText('user bob').waitFor()
    expect(wrong).toEqual([])
  })
})

describe('a page that changes', () => {
  browserTest('keeps what is typed, where one is, and what is open', async () => {
    const site = await aSite({
      'clear-cache': {
        ...pushed('true'),
        on: { push: {}, manual: { inputs: { why: {}, scope: { options: ['pages', 'all'] } } } },
      },
    })
    const { page, wrong } = await open({ viewport: { width: 900, height: 300 } })
    await page.goto(`${site.url}/-/hooks/clear-cache`)
    await page.getByLabel('scope').selectOption('all')
    await page.getByLabel('why').fill('half a sent')
    await site.push({}, {}, 'clear-cache')
    await page.locator('tbody .status', { hasText: 'success' }).waitFor()
    expect(await page.getByLabel('why').inputValue()).toBe('half a sent')
    expect(await page.getByLabel('scope').inputValue()).toBe('all')
    await page.keyboard.type('ence')
    expect(await page.getByLabel('why').inputValue()).toBe('half a sentence')

    await page.goto(`${site.url}/-/deliveries/1`)
    const closed = page.locator('main details:not([open]) > summary').first()
    const says = await closed.innerText()
    await closed.click()
    const opened = page.locator('main details[open] > summary', { hasText: says }).first()
    const before = await opened.boundingBox()
    await site.form('/-/deliveries/1/redeliver')
    await page.getByText('Came again as').waitFor()
    expect(await opened.isVisible()).toBe(true)
    expect(Math.abs(((await opened.boundingBox())?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(3)
    expect(wrong).toEqual([])
  })
})
