/** Longer than every change can wait for: `npm run test:soak`. */

import { expect, test } from 'vitest'
import { flooded } from '../flooded.ts'
import { fixture } from '../run/runs.ts'

const MIB = 2 ** 20

test('a GiB without a single new line', { timeout: 300_000 }, async () => {
  const { run, stored } = await flooded([process.execPath, fixture('flood.mjs'), '1024'])
  expect(run).toMatchObject({ status: 'success', exitCode: 0, outputBytes: 1024 * MIB + 7 })
  expect(stored.toString()).toMatch(/^x+\n\[runhook: .*\]\nx+the end$/)
})

test('"yes" for a minute', { timeout: 300_000 }, async () => {
  const { run } = await flooded(['yes'], { timeout: '1m' })
  expect(run.status).toBe('timed_out')
})
