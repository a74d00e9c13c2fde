/** A link to one line of a log, opened by somebody who has to sign in first. */

import { expect } from 'vitest'
import { open, browserTest as test } from '../pages/browser.ts'
import { aSite, PASSWORD } from './site.ts'

test('leads to that line after all, also when the password was wrong at first', async () => {
  const site = await aSite()
  await site.setPassword('ada')
  const line = `http://127.0.0.1:${site.port}/-/runs?since=7d#L42`
  for (const javaScriptEnabled of [true, false]) {
    const { page, wrong, close } = await open({ javaScriptEnabled })
    await page.goto(line)
    for (const password of ['not this one', PASSWORD]) {
      await page.getByLabel('Name').fill('ada')
      await page.getByLabel('Password').fill(password)
      await page.getByRole('button', { name: 'Sign in' }).click()
    }
    await page.getByRole('heading', { name: 'Runs' }).waitFor()
    expect(page.url()).toBe(line)
    expect(wrong).toEqual([])
    await close()
  }
})
