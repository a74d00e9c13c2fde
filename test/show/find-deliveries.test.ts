/** How far one page of deliveries goes back, where it is narrowed by what has no index. */

import { expect, test } from 'vitest'
import type { DeliveryFilter } from '../../src/record/store.ts'
import { findDeliveries, LOOKED_AT } from '../../src/show/find-deliveries.ts'
import { aStored } from './world.ts'

const verdict = { hook: 'docs', update: 0, matched: false, checks: [], run: null }

/** So many deliveries, of which the oldest is the one that is looked for. */
function aHistory(count: number, gap = 0) {
  const asked: DeliveryFilter[] = []
  const all = Array.from({ length: count }, (_, index) => {
    const id = index === 0 ? 1 : index + 1 + gap
    return aStored({ id, receivedAt: id * 1000, verdicts: index === 0 ? [verdict] : [] })
  }).reverse()
  return {
    asked,
    deliveries: async (filter: DeliveryFilter) => {
      asked.push(filter)
      const { before = Number.POSITIVE_INFINITY, from = 0, hook, limit } = filter
      const inRange = all.filter(({ id }) => id < before && id >= from)
      const isLike = hook === undefined ? inRange : inRange.filter((one) => one.verdicts.length > 0)
      return isLike.slice(0, limit)
    },
  }
}

test('a page looks so far and no further, and the next goes on there', async () => {
  const history = aHistory(LOOKED_AT + 50)
  const first = await findDeliveries(history, { hook: 'docs' }, { limit: 50 })
  expect(first).toEqual({ deliveries: [], next: 51, isCut: true })
  for (const { hook, from = 0, before = 0 } of history.asked.filter(({ hook }) => hook)) {
    expect(hook).toBe('docs')
    expect(before - from).toBeLessThanOrEqual(2000)
  }
  const rest = await findDeliveries(history, { hook: 'docs' }, { before: 51, limit: 50 })
  expect(rest).toMatchObject({ deliveries: [{ id: 1 }], next: null, isCut: false })
})

test('numbers that are gone cost nothing', async () => {
  const history = aHistory(20, 5_000_000)
  const found = await findDeliveries(history, { hook: 'docs' }, { limit: 50 })
  expect(found).toMatchObject({ deliveries: [{ id: 1 }], next: null })
  expect(history.asked.length).toBeLessThan(8)
})

test('what came long before the time that is asked for is not looked through', async () => {
  const history = aHistory(LOOKED_AT * 2)
  const since = LOOKED_AT * 2 * 1000 - 5000
  const found = await findDeliveries(history, { hook: 'docs', since }, { limit: 50 })
  expect(found).toEqual({ deliveries: [], next: null, isCut: false })
  expect(history.asked.length).toBeLessThan(8)
})
