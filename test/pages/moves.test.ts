/** What a page shows goes on while somebody looks at it, and takes nothing away from him. */

import { describe, expect } from 'vitest'
import { aSite as aGuardedSite } from '../access/site.ts'
import { browserTest, open } from './browser.ts'
import { aSite, pushed } from './site.ts'

describe('by itself', () => {
  browserTest('a delivery shows that it was sent through again', async () => {
    const site = await aSite({ 'deploy-site': pushed('true') })
    await site.push()
    const { page, wrong } = await open()
    await page.goto(`${site.url}/-/deliveries/1`)
    await page.getByText('Received').waitFor()
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
