/** A real Chromium. What a page may not do (a dialog, a breach of its policy, an error) is written down. */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, expect } from 'vitest'
import { needs } from '../needs.ts'

export const browserTest = needs('chromium')

let browser: Promise<Browser> | null = null

afterAll(async () => {
  await (await browser)?.close()
  browser = null
})

export interface Opened {
  readonly page: Page
  /** Dialogs, breaches of the policy and errors of scripts. */
  readonly wrong: string[]
  close(): Promise<void>
}

export async function open(options: BrowserContextOptions = {}): Promise<Opened> {
  browser ??= chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  })
  const context = await (await browser).newContext({ reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  const wrong: string[] = []
  page.on('dialog', (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/i.test(message.text())) wrong.push(message.text())
  })
  return { page, wrong, close: () => context.close() }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  id: string
  nodes: { html: string; failureSummary: string }[]
}

/** Axe is put in from outside of the page, so that its policy stays as it is. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe)
  const violations: Violation[] = await page.evaluate('axe.run().then((found) => found.violations)')
  const said = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}\n${failureSummary}`),
  )
  expect.soft(said, page.url()).toEqual([])
}

/** How much wider the page is than its window, pixels. */
export function overhang(page: Page): Promise<number> {
  return page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
}

const VISIBILITY = `
  let hidden = window.beginsHidden === true
  Object.defineProperty(document, 'hidden', { get: () => hidden })
  window.hide = (is) => {
    hidden = is
    document.dispatchEvent(new Event('visibilitychange'))
  }`

/** From the next page on `hide` works on it. Without a screen no tab is ever behind another. */
export async function canHide(page: Page, { begins = false } = {}): Promise<void> {
  await page.addInitScript(`window.beginsHidden = ${begins}; ${VISIBILITY}`)
}

export async function hide(page: Page, is = true): Promise<void> {
  await page.evaluate(`window.hide(${is})`)
}
