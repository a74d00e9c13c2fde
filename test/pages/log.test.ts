/** A log in a real browser: very long, while it grows, and over connections that break. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect } from 'vitest'
import { type MaybeTest, needs } from '../needs.ts'
import { until } from '../some.ts'
import { browserTest, open, overhang } from './browser.ts'
import { aProxy } from './proxy.ts'
import { aSite, pushed, type Site } from './site.ts'

const LINES = 100_000
const inPlace = { 'working-directory': '.' }
const hold = (file: string) => `while [ ! -e ${file} ]; do sleep 0.05; done`
const letGo = (site: Site, file: string) => writeFileSync(join(site.directory, file), '')

/** How many lines were put into the page between one frame and the next, from the beginning on. */
const countsByFrame = `
  window.byFrame = [0]
  const seen = new Set()
  new MutationObserver((records) => {
    const before = seen.size
    for (const node of records.flatMap(({ addedNodes }) => [...addedNodes])) {
      if (node.className === 'line') seen.add(node)
      else for (const line of node.querySelectorAll?.('.line') ?? []) seen.add(line)
    }
    byFrame[byFrame.length - 1] += seen.size - before
  }).observe(document, { childList: true, subtree: true })
  const frame = () => { byFrame.push(0); requestAnimationFrame(frame) }
  requestAnimationFrame(frame)
  addEventListener('change', ({ target }) => (window[target.name + 'At'] = lines()), true)
  const lines = () => document.getElementsByClassName('line').length
`

/** Moves of what stood in sight, without those of scrolling itself. */
const noteShifts = `
  window.shifts = []
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries())
      shifts.push([value, ...sources.map(({ node }) => node?.outerHTML?.slice(0, 60))])
  }).observe({ type: 'layout-shift', buffered: true })
`

const isThere = (page: Page, line: number) =>
  until(() => page.evaluate(`document.getElementById('L${line}') !== null`), `line ${line}`, 30_000)

async function expectStill(page: Page, what: string): Promise<void> {
  const shifts = await page.evaluate<[number, ...string[]][]>('shifts')
  const sum = shifts.reduce((all, [value]) => all + value, 0)
  expect(sum, `${what}: ${JSON.stringify(shifts)}`).toBeLessThan(0.01)
}

/** Whether it is in the window, and not only in the page. */
const inSight = (page: Page, line: number) =>
  page.evaluate<boolean>(`{
    const { top, bottom } = document.getElementById('L${line}').getBoundingClientRect()
    top >= 0 && bottom <= innerHeight && bottom > top
  }`)

describe('a log of 100,000 lines', () => {
  const seq = `seq -f 'line number %.0f of this build' ${LINES}`

  browserTest('is drawn a part at a time, while its reader does as he likes', async () => {
    const site = await aSite({ 'deploy-site': pushed([seq, 'echo the end']) })
    await site.push()
    await until(async () => (await site.get('/-/runs')).text.includes('s-success'), 'the run')
    const { page, wrong } = await open()
    await page.addInitScript(countsByFrame)
    await page.goto(`${site.url}/-/runs/1`)
    await page.locator('[name=wrap]').uncheck() // a real click, that waits for its turn
    await isThere(page, LINES + 1)

    expect(await page.evaluate('wrapAt'), 'lines drawn at the click').toBeLessThan(LINES)
    const byFrame = await page.evaluate<number[]>('byFrame')
    expect(byFrame.reduce((sum, count) => sum + count)).toBe(LINES + 1)
    expect(Math.max(...byFrame), 'lines between two frames').toBeLessThanOrEqual(2000)
    const numbers = "[...document.querySelectorAll('.line')].map(({ id }) => id.slice(1))"
    expect(await page.evaluate(`${numbers}.every((id, index) => Number(id) === index + 1)`)).toBe(
      true,
    )
    expect(await page.evaluate(`document.getElementById('L77777').textContent`)).toContain(
      'line number 77777 of this build',
    )
    expect(wrong).toEqual([])
  })

  browserTest('is searched, linked to, folded and loaded down like a short one', async () => {
    const site = await aSite({ 'deploy-site': pushed([seq, 'echo the end']) })
    await site.push()
    await until(async () => (await site.get('/-/runs')).text.includes('s-success'), 'the run')
    const { page, wrong } = await open()
    await page.goto(`${site.url}/-/runs/1#L65432`)
    await until(
      () =>
        page.evaluate(`document.getElementById('L65432')?.classList.contains('target') ?? false`),
      'the line of the link',
    )
    expect(await inSight(page, 65_432)).toBe(true)
    await isThere(page, LINES + 1)
    expect(await inSight(page, 65_432)).toBe(true) // what came beneath has not moved it

    await page.keyboard.press('/')
    await page.keyboard.type('number 99999 ')
    await until(() => page.evaluate(`document.querySelector('.found').textContent === '1 of 1'`))
    expect(await inSight(page, 99_999)).toBe(true)
    expect(await page.evaluate(`getSelection().empty(), window.find('number 1432 of')`)).toBe(true)
    expect(await inSight(page, 1432)).toBe(true) // the search of the browser itself

    await page.keyboard.press('Home')
    const isDrawn = (line: number) => page.locator(`#L${line}`).isVisible()
    await page.locator('.step summary').first().click()
    expect(await isDrawn(1)).toBe(false)
    expect(await isDrawn(LINES + 1)).toBe(true)
    const download = page.waitForEvent('download')
    await page.locator('a[download]').click()
    const text = readFileSync(await (await download).path(), 'utf8')
    expect(text.split('\n')).toHaveLength(LINES + 2)
    expect(wrong).toEqual([])
  })
})

describe('a log that grows', () => {
  const long = 'a line that does not fit into the window of a phone, nor of any person '
  const wordy = (count: number) => `for i in $(seq ${count}); do echo "${long.repeat(3)} $i"; done`
  const steps = [
    `echo begun; ${hold('go')}; for i in $(seq 30); do echo "a line $i"; sleep 0.02; done`,
    { name: 'Many at once', run: `${wordy(700)}; ${hold('on')}; ${wordy(700)}` },
    `${hold('end')}; echo end`,
  ]
  const LAST = 1 + 30 + 700 + 700 + 1

  const watchers = [
    { viewport: { width: 1200, height: 800 }, follows: true },
    { viewport: { width: 1200, height: 800 }, follows: false },
    { viewport: { width: 360, height: 740 }, follows: true },
    { viewport: { width: 360, height: 740 }, follows: false },
  ]

  browserTest(
    'moves nothing that stood still, on a desk and a phone, followed or not',
    async () => {
      const site = await aSite({ 'deploy-site': pushed(steps, inPlace) })
      await site.push()
      const opened = await Promise.all(
        watchers.map(async (watcher) => {
          const { page, wrong } = await open({ viewport: watcher.viewport })
          await page.addInitScript(noteShifts)
          await page.goto(`${site.url}/-/runs/1`)
          await page.locator('#L1').waitFor()
          if (!watcher.follows) await page.locator('[name=follow]').uncheck()
          return { page, wrong, ...watcher }
        }),
      )
      const each = (look: (watcher: (typeof opened)[number]) => Promise<unknown>) =>
        Promise.all(opened.map(look))
      letGo(site, 'go')
      await each(({ page }) => isThere(page, 31 + 700))
      letGo(site, 'on')
      await each(({ page }) => isThere(page, 31 + 1400))
      await each(({ page, follows }) =>
        until(() => inSight(page, follows ? 31 + 1400 : 1), `in sight, followed: ${follows}`),
      )
      await each(({ page }) => expectStill(page, 'while it runs'))
      letGo(site, 'end')
      await each(async ({ page, follows }) => {
        await isThere(page, LAST)
        await page.locator('h1', { hasText: 'success' }).waitFor()
        await until(() => inSight(page, follows ? LAST : 1), `in sight, followed: ${follows}`)
        await expectStill(page, 'to its end')
      })
      expect(opened.flatMap(({ wrong }) => wrong)).toEqual([])
    },
  )

  browserTest(
    'is followed no more by who scrolls back, and again by who comes to the end',
    async () => {
      const site = await aSite({ 'deploy-site': pushed(steps, inPlace) })
      await site.push()
      const { page } = await open()
      await page.goto(`${site.url}/-/runs/1`)
      letGo(site, 'go')
      await isThere(page, 31 + 700)
      await until(() => inSight(page, 31 + 700), 'its last line')
      const follow = page.locator('[name=follow]')
      await page.mouse.move(600, 400)
      await page.mouse.wheel(0, -900)
      await until(async () => !(await follow.isChecked()), 'the end of following')
      const top = () => page.evaluate<number>('document.documentElement.scrollTop')
      const before = await top()
      letGo(site, 'on')
      await isThere(page, 31 + 1400)
      expect(await top()).toBe(before)
      await page.mouse.wheel(0, 1_000_000)
      await until(() => follow.isChecked(), 'following')
      letGo(site, 'end')
      await isThere(page, LAST)
      await until(() => inSight(page, LAST), 'its end')
    },
  )
})

browserTest('a log on paper is whole, dark on light, and has nothing to press', async () => {
  const wide = 'a long line '.repeat(40)
  const site = await aSite({
    'deploy-site': pushed(['echo folded', `for i in $(seq 450); do echo "${wide}"; done; false`]),
  })
  await site.push()
  await until(async () => (await site.get('/-/runs')).text.includes('s-failure'), 'the run')
  const { page } = await open({ colorScheme: 'dark', viewport: { width: 700, height: 900 } })
  await page.goto(`${site.url}/-/runs/1`)
  await page.locator('[name=wrap]').uncheck()
  expect(await page.locator('#L1').isVisible()).toBe(false) // its step went well
  await page.emulateMedia({ media: 'print' })
  expect(await page.locator('#L1').isVisible()).toBe(true)
  expect(await page.locator('#L451').innerText()).toContain(wide.trim())
  const seen = await page
    .locator('button:visible, nav:visible, input:visible, form:visible')
    .count()
  expect(seen).toBe(0)
  expect(await overhang(page)).toBe(0)
  expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(
    'rgb(255, 255, 255)',
  )
})

browserTest('leaves a command its place beside a long reason', async () => {
  const said = 'fatal: detected dubious ownership in repository at /srv/a/place/with/a/long/name'
  const site = await aSite({
    'deploy-site': pushed(`git() { echo "${said}" >&2; exit 128; }; git pull`),
  })
  await site.push()
  await until(async () => (await site.get('/-/runs')).text.includes('s-failure'), 'the run')
  const { page } = await open({ viewport: { width: 1200, height: 800 } })
  await page.goto(`${site.url}/-/runs/1`)
  expect((await page.locator('.step .reason').innerText()).length).toBeGreaterThan(120)
  expect((await page.locator('.step .title').boundingBox())?.width).toBeGreaterThan(160)
})

describe('a log that comes over a broken way', () => {
  browserTest('is whole, each line once, when the server was begun anew meanwhile', async () => {
    const hooks = {
      'deploy-site': pushed(
        'i=0; while :; do i=$((i+1)); echo "line $i of it"; sleep 0.005; done',
        inPlace,
      ),
    }
    const first = await aSite(hooks)
    await first.push()
    const { page, wrong } = await open()
    await page.goto(`${first.url}/-/runs/1`)
    await isThere(page, 50)
    const { directory } = first
    await first.stop()
    await aSite(hooks, {}, undefined, { directory, port: Number(new URL(first.url).port) })
    await page.locator('h1', { hasText: 'interrupted' }).waitFor()
    const stored = (await first.get('/-/runs/1/output')).text.trimEnd().split('\n')
    await isThere(page, stored.length)
    const shown = await page.locator('.line > span').allTextContents()
    expect(shown).toEqual(stored)
    expect(stored.length).toBeGreaterThan(50)
    expect(wrong).toEqual([])
  })

  const proxied: MaybeTest = needs('nginx')
  proxied('comes at once through a proxy that holds answers back', async () => {
    const site = await aSite({
      'deploy-site': pushed(`echo begun; ${hold('go')}; echo gone on; ${hold('end')}`, inPlace),
    })
    await site.push()
    const proxy = await aProxy(site.url)
    const { page, wrong } = await open()
    await page.goto(`${proxy}/-/runs/1`)
    await page.locator('#L1', { hasText: 'begun' }).waitFor()
    expect(await page.title()).toContain('running')
    letGo(site, 'go')
    await page.locator('#L2', { hasText: 'gone on' }).waitFor() // while the command still runs
    expect((await site.get('/-/runs/1')).text).toContain('s-running')
    letGo(site, 'end')
    await page.locator('h1', { hasText: 'success' }).waitFor()
    await until(async () => (await page.title()).startsWith('success'), 'the title')
    expect(await page.locator('link[rel=icon]').getAttribute('href')).toContain('success.svg')
    expect(wrong).toEqual([])
  })
})
