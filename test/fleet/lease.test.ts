import { expect, test } from 'vitest'
import { Lease } from '../../src/fleet/lease.ts'

/** Of 30 seconds, by a clock that the test moves. */
function aLease() {
  let now = 1_000_000
  const lease = new Lease(30_000, () => now)
  const at = (ms: number) => {
    now = 1_000_000 + ms
    return lease.stage
  }
  return { lease, at, time: (ms: number) => 1_000_000 + ms }
}

test('nothing is held before the first renewal has succeeded', () => {
  const { lease, at, time } = aLease()
  expect(at(0)).toBe('over')
  lease.renewed(time(0), [])
  expect(at(0)).toBe('held')
})

test('runs are to end at half of the lease, and be dead at two thirds', () => {
  const { lease, at, time } = aLease()
  lease.renewed(time(0), [])
  expect(at(14_999)).toBe('held')
  expect(at(15_000)).toBe('ending')
  expect(at(19_999)).toBe('ending')
  expect(at(20_000)).toBe('over')
  expect(at(90_000)).toBe('over')
})

test('it counts from the sending of a renewal, however late the answer came', () => {
  const { lease, at, time } = aLease()
  lease.renewed(time(0), [])
  at(14_000)
  lease.renewed(time(5000), []) // the answer took nine seconds
  expect(at(19_999)).toBe('held')
  expect(at(20_000)).toBe('ending')
})

test('an answer that comes after a later one takes nothing back', () => {
  const { lease, at, time } = aLease()
  lease.renewed(time(10_000), [])
  lease.renewed(time(5000), [])
  expect(at(24_999)).toBe('held')
})

test('after a renewal all is well again, also when the lease was over', () => {
  const { lease, at, time } = aLease()
  lease.renewed(time(0), [])
  expect(at(60_000)).toBe('over')
  lease.renewed(time(60_000), [])
  expect(at(60_100)).toBe('held')
})

test('a claim that a renewal did not name holds from when it was asked for', () => {
  const { lease, at, time } = aLease()
  lease.renewed(time(0), [])
  lease.take(1, time(1000)) // asked for then, answered late
  lease.renewed(time(5000), [])
  expect(lease.since).toBe(time(1000))
  expect(at(16_000)).toBe('ending')
  lease.renewed(time(10_000), [1])
  expect(at(16_000)).toBe('held')
  expect(lease.since).toBe(time(10_000))
})

test('a claim that is over, or lost, counts no more', () => {
  const { lease, at, time } = aLease()
  lease.renewed(time(0), [])
  lease.take(1, time(0))
  lease.renewed(time(20_000), [])
  expect(at(20_000)).toBe('over')
  lease.drop(1)
  expect(at(20_000)).toBe('held')
})
