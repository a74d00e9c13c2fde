import { expect, test } from 'vitest'
import { createAttempts } from '../../src/network/attempts.ts'

function aClock() {
  const clock = { time: 1_000_000, now: () => clock.time }
  return clock
}

test('after so many failures an address waits until a minute has passed since the first', () => {
  const clock = aClock()
  const attempts = createAttempts({ max: 3, now: clock.now })
  const fail = () => attempts.failed('192.0.2.1')
  expect([fail(), fail()]).toEqual([1, 2])
  expect(attempts.wait('192.0.2.1')).toBe(0)
  clock.time += 10_500
  expect(fail()).toBe(3)
  expect(attempts.wait('192.0.2.1')).toBe(50)
  expect(attempts.wait('192.0.2.2')).toBe(0)
  clock.time += 49_499
  expect(attempts.wait('192.0.2.1')).toBe(1)
  clock.time += 1
  expect(attempts.wait('192.0.2.1')).toBe(0)
  expect(fail()).toBe(1)
})

test('an address that was quiet for a minute begins anew', () => {
  const clock = aClock()
  const attempts = createAttempts({ max: 2, now: clock.now })
  attempts.failed('192.0.2.1')
  clock.time += 60_000
  expect(attempts.failed('192.0.2.1')).toBe(1)
  expect(attempts.wait('192.0.2.1')).toBe(0)
})

test('an IPv4 address is one, however it is written', () => {
  const attempts = createAttempts({ max: 2 })
  attempts.failed('192.0.2.7')
  attempts.failed('::ffff:192.0.2.7')
  expect(attempts.wait('::FFFF:192.0.2.7')).toBeGreaterThan(0)
  expect(attempts.wait('192.0.2.8')).toBe(0)
})

test('one customer of a provider has one window, whichever of his addresses he takes', () => {
  const attempts = createAttempts({ max: 2 })
  attempts.failed('2001:db8:1:2::1')
  attempts.failed('2001:db8:1:2:ffff::1')
  expect(attempts.wait('2001:db8:1:2::3')).toBeGreaterThan(0)
  expect(attempts.wait('2001:db8:1:3::1')).toBe(0)
})

test('however many addresses fail, what is kept of them stays small, and the oldest go first', () => {
  const attempts = createAttempts({ max: 1 })
  const address = (n: number) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`
  for (let n = 0; n < 10_001; n += 1) attempts.failed(address(n))
  expect(attempts.wait(address(0))).toBe(0)
  expect(attempts.wait(address(1))).toBe(60)
  expect(attempts.wait(address(10_000))).toBe(60)
})

test('the window may be longer, and who counted too early takes it back', () => {
  const clock = { time: 0 }
  const attempts = createAttempts({ max: 2, windowMs: 900_000, now: () => clock.time })
  attempts.failed('192.0.2.1')
  attempts.failed('192.0.2.1')
  clock.time = 60_000
  expect(attempts.wait('192.0.2.1')).toBe(840)
  attempts.forgive('192.0.2.1')
  attempts.forgive('192.0.2.2') // of whom nothing is known
  expect([attempts.wait('192.0.2.1'), attempts.wait('192.0.2.2')]).toEqual([0, 0])
  attempts.failed('192.0.2.1')
  expect(attempts.wait('192.0.2.1')).toBe(840)
})
