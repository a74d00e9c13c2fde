/**
 * A command is started in one of two ways and held together in one of two, and must behave alike in all
 * four: each test of a file that takes `test` from here runs once in each. `waysNow()` is what the way gives
 * to `startProcess`. Where no control group can be had the title says so.
 */

import { test as once, onTestFinished } from 'vitest'
import { findCgroupPlace } from '../../src/run/cgroup-place.ts'
import { Cgroups } from '../../src/run/cgroups.ts'
import { Slots } from '../../src/run/slots.ts'
import { testWhereGiven } from '../needs.ts'
import { until } from '../some.ts'

let now: { slots?: Slots; cgroups?: Cgroups } = {}

export function waysNow(): { slots?: Slots; cgroups?: Cgroups } {
  return now
}

type Body<T> = (...row: T[]) => unknown

const place = findCgroupPlace('test')
export const noCgroups = 'reason' in place ? place.reason : null

/** Gone, with all its groups, at the end of the test. */
export function someCgroups(token = `test${Math.random().toString(36).slice(2)}`): Cgroups {
  if ('reason' in place) throw new Error(place.reason)
  const cgroups = new Cgroups(place.base, token)
  onTestFinished(async () => {
    await cgroups.close()
    const others = new Cgroups(place.base, token)
    await until(async () => (await others.endStale([place.base], [], 0)).length === 0)
  })
  return cgroups
}

export function test(title: string, body: Body<never>, timeout?: number): void {
  inAWay(once, `${title} (forked)`, body, timeout, () => ({}))
  inAWay(once, `${title} (in a slot)`, body, timeout, () => ({ slots: new Slots() }))
  const held = testWhereGiven(noCgroups)
  inAWay(held, `${title} (forked, in a control group)`, body, timeout, () => ({
    cgroups: someCgroups(),
  }))
  inAWay(held, `${title} (in a slot, in a control group)`, body, timeout, () => {
    const cgroups = someCgroups()
    return { cgroups, slots: new Slots('', cgroups) }
  })
}

function inAWay(
  run: typeof once | typeof once.skip,
  title: string,
  body: Body<never>,
  timeout: number | undefined,
  way: () => typeof now,
): void {
  run(
    title,
    async () => {
      now = way()
      try {
        await body()
      } finally {
        now.slots?.close()
        now = {}
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
