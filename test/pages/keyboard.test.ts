/** The pages by keyboard alone, and with less motion. */

import { expect } from 'vitest'
import { until } from '../some.ts'
import { browserTest, open } from './browser.ts'
import { aSite, pushed } from './site.ts'

const PATHS = ['/-/', '/-/runs', '/-/runs/1', '/-/deliveries/1', '/-/hooks/tidy', '/-/refused']

/** Everything that can be pressed, filled in or unfolded, and is to be seen. */
const ALL = `[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary, [tabindex="0"]')]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))`

/** Its place among them, and how thick the ring around it is, pixels. */
const FOCUSED = `(() => {
  const one = document.activeElement
  const { outlineStyle, outlineWidth } = getComputedStyle(one)
  return [${ALL}.indexOf(one), outlineStyle === 'none' ? 0 : Number.parseFloat(outlineWidth)]
})()`

browserTest('every action is reached by the Tab key, with a ring around it', async () => {
  const site = await aSite({
    'deploy-site': pushed(['echo one', 'echo two']),
    tidy: {
      on: { manual: { inputs: { scope: { options: ['all', 'old'] }, note: {} } } },
      secret: 'another secret of twenty-four',
      run: 'true',
    },
  })
  await site.push({ head_commit: { message: 'Fix the feed' } })
  await site.push({}, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` })
  await until(async () => (await site.get('/-/runs/1')).text.includes('success: '), 'the run')
  const { page, wrong } = await open()
  for (const path of PATHS) {
    await page.goto(site.url + path)
    const count: number = await page.evaluate(`${ALL}.length`)
    const reached = new Set<number>()
    for (let pressed = 0; pressed < count; pressed++) {
      await page.keyboard.press('Tab')
      const [index = -1, ring = 0]: number[] = await page.evaluate(FOCUSED)
      reached.add(index)
      expect(ring, `${path}: the ring around element ${index}`).toBeGreaterThanOrEqual(2)
    }
    expect([path, reached.size]).toEqual([path, count])
  }
  expect(wrong).toEqual([])
})

browserTest('the first Tab leads past the navigation', async () => {
  const site = await aSite({ 'deploy-site': pushed('true') })
  const { page } = await open()
  await page.goto(`${site.url}/-/`)
  await page.keyboard.press('Tab')
  const skip = page.locator('.skip:focus')
  expect((await skip.boundingBox())?.y).toBeGreaterThanOrEqual(0)
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.closest("main") !== null')).toBe(true)
})

browserTest('nothing turns or breathes for who asked for less motion', async () => {
  const site = await aSite({ 'deploy-site': pushed('sleep 60') })
  await site.push()
  const moving = async (reducedMotion: 'reduce' | 'no-preference') => {
    const { page, close } = await open({ reducedMotion })
    await page.goto(`${site.url}/-/`)
    await page.locator('.hook-card .icon-running').waitFor()
    const moves: boolean = await page.evaluate(
      `document.getAnimations().some(({ playState }) => playState === 'running')`,
    )
    await close()
    return moves
  }
  expect([await moving('no-preference'), await moving('reduce')]).toEqual([true, false])
})
