/** A payload as it is shown: its paths can be copied, and known secrets are no more seen than in an output. */

import { expect, test } from 'vitest'
import { SECRET } from '../some.ts'
import { browserTest, expectAccessible, open } from './browser.ts'
import { aSite, pushed } from './site.ts'

browserTest('paths in a payload are copied, by the keyboard as well', async () => {
  const site = await aSite({ 'deploy-site': pushed('true') })
  await site.push({ list: [{ one: 'first' }], 'a key': { b: 1 } })
  const { page, wrong } = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
  await page.goto(`${site.url}/-/deliveries/1`)
  const copied = () => page.evaluate('navigator.clipboard.readText()')
  const list = page.locator('.tree details', { has: page.getByText('list', { exact: true }) })
  await list.locator('summary').nth(1).click()
  const button = page.getByRole('button', { name: 'Copy the path payload.list[0].one' })
  await button.focus()
  await page.keyboard.press('Enter')
  await page.getByText('Copied').waitFor()
  expect(await copied()).toBe('payload.list[0].one')
  expect(await button.getAttribute('title')).toBe('payload.list[0].one')
  await expectAccessible(page)
  expect(wrong).toEqual([])
})

test('what "match" cannot name has no path to copy, and a known secret is covered', async () => {
  const site = await aSite({ 'deploy-site': pushed('true') })
  await site.push({ 'a key': { b: 1 }, config: { secret: SECRET, [SECRET]: 'as a key' } })
  const { text } = await site.get('/-/deliveries/1')
  expect(text).toContain('data-path="payload.config"')
  expect(text).toContain('data-path="payload.config.secret"')
  expect(text).not.toContain('a key.b')
  expect(text).toContain('<span class="k">***</span>')
  expect(text).not.toContain(SECRET)
})
