import { expect, test } from 'vitest'
import { pageOf } from '../../src/receive/page.ts'
import type { Ran } from '../../src/receive/reply.ts'
import { aRun } from '../run/runs.ts'

const end = {
  status: 'success',
  exitCode: 0,
  signal: null,
  reason: null,
  outputBytes: 0,
  outputCut: 0,
  steps: [],
} as const
const ran = (output: string | Uint8Array): Ran => ({
  run: aRun({ hook: 'df' }),
  end,
  output: typeof output === 'string' ? Buffer.from(output) : output,
})
const shownOf = (page: string) => page.match(/<pre>([\s\S]*)<\/pre>/)?.[1] ?? ''

test('an output that fits is shown whole, with no word about it', async () => {
  const page = await pageOf(ran('a'.repeat(256 * 1024)))
  expect(shownOf(page)).toHaveLength(256 * 1024)
  expect(page).not.toContain('not shown')
})

test('of a longer one the end is shown, and how much is not', async () => {
  const page = await pageOf(ran(`${'ä'.repeat(256 * 1024)}end`))
  expect(page).toContain(
    '<p>The first 262148 bytes are not shown here. curl gets all of it, as text.</p>',
  )
  expect(shownOf(page)).toBe(`${'ä'.repeat(128 * 1024 - 2)}end`)
})

test('bytes that are no text make no page of many times their size', async () => {
  const page = await pageOf(ran(new Uint8Array(4 * 1024 * 1024)))
  expect(page.length).toBeLessThan(1024 * 1024)
  expect(page).toContain('The first 4161536 bytes are not shown')
})

test('however many are shown a run, its page is made once', async () => {
  const one = ran('x')
  expect(pageOf(one)).toBe(pageOf(one))
})
