/** A payload as it is shown: its paths can be copied, and known secrets are no more seen than in an output. */

import { expect, test } from 'vitest'
import { Payload } from '../../src/pages/tree.tsx'
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

/** The text of a tree, and how many of its keys and values were looked at. */
async function drawn(payload: unknown) {
  let looked = 0
  const redact = (text: string) => {
    looked++
    return text.replaceAll(SECRET, '***')
  }
  const html = String(await Payload({ body: Buffer.from(JSON.stringify(payload)), redact }))
  return { html, looked, elements: html.split('<').length / 2 }
}

test.each([
  ['side by side', (many: object) => many],
  ['beneath another', (many: object) => ({ before: { many }, after: 'never drawn' })],
])('of 60,000 keys %s so many are drawn and no more', async (_, within) => {
  const many = Object.fromEntries(
    Array.from({ length: 60_000 }, (_, n) => [`key${n}`, n % 50 ? 1 : SECRET]),
  )
  const { html, looked, elements } = await drawn(within(many))
  expect(html).toContain('data-path="payload.')
  expect(html).toContain('>key1900<')
  expect(html).not.toContain(SECRET)
  expect(html).toMatch(/… and 58,00\d more: Download has all of it/)
  expect(html).not.toContain('never drawn')
  expect(looked).toBeLessThanOrEqual(4000)
  expect(elements).toBeLessThan(12_000)
})

test('what is nested deeper than anybody reads is left to the download', async () => {
  const deep = JSON.parse(`${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`)
  const { html, looked } = await drawn(deep)
  expect(html).toContain('deeper than is shown: Download has all of it')
  expect(looked).toBeLessThan(50)
})
