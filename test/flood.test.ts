/**
 * What commands may write without harm: whatever it is, and however much. The server stays small, its disk
 * too, everybody else is served, and the run says what was cut. A GiB is in soak/flood.test.ts.
 */

import { expect, test } from 'vitest'
import { flooded } from './flooded.ts'
import { fixture } from './run/runs.ts'

const MIB = 2 ** 20
const shell = (line: string) => ['sh', '-c', line]

test('"yes", until its time is over', { timeout: 60_000 }, async () => {
  const { run, stored } = await flooded(['yes'], { timeout: '3s' })
  expect(run).toMatchObject({
    status: 'timed_out',
    reason: 'still running after 3s: sent TERM to its processes',
  })
  expect(run.outputBytes).toBeGreaterThan(64 * MIB)
  expect(stored.toString().replace(/\n\[runhook: .*\]\n/, '\n')).toMatch(/^(y\n)+$/)
})

test('300 MiB without a single new line', { timeout: 60_000 }, async () => {
  const { run, stored } = await flooded([process.execPath, fixture('flood.mjs'), '300'])
  expect(run).toMatchObject({ status: 'success', exitCode: 0, outputBytes: 300 * MIB + 7 })
  expect(stored.toString()).toMatch(/^x+\n\[runhook: .*\]\nx+the end$/)
})

test('NULs', { timeout: 60_000 }, async () => {
  const { run, stored, events } = await flooded(
    shell('echo begin; head -c 32M /dev/zero; echo end'),
  )
  expect(run).toMatchObject({ status: 'success', outputBytes: 32 * MIB + 10 })
  expect(stored.subarray(0, 7)).toEqual(Buffer.from('begin\n\0'))
  expect(stored.subarray(-5)).toEqual(Buffer.from('\0end\n'))
  expect(textOf(events)).toBe(stored.toString())
})

test('bytes that are no UTF-8', { timeout: 60_000 }, async () => {
  const { run, stored, events } = await flooded(shell('head -c 2M /dev/urandom | tee bytes'))
  expect(run).toMatchObject({ status: 'success', outputBytes: 2 * MIB, outputCut: 0 })
  expect(textOf(events)).toBe(stored.toString()) // with U+FFFD for what is none
  expect(textOf(events)).toContain('\ufffd')
})

test('a million tiny writes', { timeout: 60_000 }, async () => {
  const { run, stored } = await flooded([process.execPath, fixture('tiny-writes.mjs'), '1000000'])
  expect(run).toMatchObject({ status: 'success', outputBytes: 1_000_000, outputCut: 0 })
  expect(stored.toString()).toBe(`${'.'.repeat(63)}\n`.repeat(1_000_000 / 64))
})

function textOf(events: readonly Record<string, unknown>[]): string {
  return events.map(({ output }) => output ?? '').join('')
}
