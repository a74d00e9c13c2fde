/**
 * A command is started in one of two ways, and must behave alike in both: each test of a file that takes
 * `test` from here runs twice. `slotsNow()` is what the way gives to `startProcess`.
 */

import { test as once } from 'vitest'
import { Slots } from '../../src/run/slots.ts'

let slots: Slots | null = null

export function slotsNow(): { slots?: Slots } {
  return slots ? { slots } : {}
}

type Body<T> = (...row: T[]) => unknown

export function test(title: string, body: Body<never>, timeout?: number): void {
  once(`${title} (forked)`, () => body(), timeout)
  once(
    `${title} (in a slot)`,
    async () => {
      slots = new Slots()
      try {
        await body()
      } finally {
        slots.close()
        slots = null
      }
    },
    timeout,
  )
}

test.each =
  <T>(rows: readonly T[]) =>
  (title: string, body: (row: T) => unknown): void => {
    for (const row of rows) test(title.replace('%s', String(row)), () => body(row))
  }
