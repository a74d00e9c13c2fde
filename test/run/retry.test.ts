import { expect, test } from 'vitest'
import type { Retry } from '../../src/model/hook.ts'
import { notRunAgain, retryAfter } from '../../src/run/retry.ts'
import { aHook } from '../some.ts'
import { aRun } from './runs.ts'

const retrying = (retry: Partial<Retry> = {}) =>
  aHook({ retry: { times: 3, delayMs: 10_000, on: ['failure', 'timed_out'], ...retry } })

/** A run that is so many retries behind the first. */
const after = (number: number, interruptions = 0) =>
  aRun({ id: 40 + number, retry: { run: 39 + number, number, times: 3, interruptions } })

test('a hook that says nothing of it is not tried again', () => {
  expect(retryAfter(aRun(), aHook(), 'failure')).toBe(null)
})

test('the wait is doubled each time, up to an hour, and ends with the last attempt', () => {
  const waits = (hook: ReturnType<typeof retrying>) =>
    [aRun(), ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((number) => after(number))].map(
      (run) => retryAfter(run, hook, 'failure')?.delayMs ?? null,
    )
  expect(waits(retrying()).slice(0, 4)).toEqual([10_000, 20_000, 40_000, null])
  const long = waits(retrying({ times: 10, delayMs: 60_000 }))
  expect(long.map((ms) => ms && ms / 60_000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, null])
})

test('it says which attempt it is, after what wait, and whose', () => {
  expect(retryAfter(after(1), retrying(), 'timed_out')).toMatchObject({
    retry: { run: 41, number: 2, times: 3, interruptions: 0 },
    says: 'retry 2 of 3 in 20s',
  })
})

test.each([
  ['failure', ['failure', 'timed_out'], true],
  ['timed_out', ['failure'], false],
  ['interrupted', ['failure', 'timed_out'], false],
  ['interrupted', ['interrupted'], true],
  ['cancelled', ['failure', 'timed_out', 'interrupted'], false],
  ['success', ['failure', 'timed_out', 'interrupted'], false],
] as const)('a run that ended as %s, with %j to be tried again: %s', (status, on, again) => {
  expect(retryAfter(aRun(), retrying({ on }), status) !== null).toBe(again)
})

test('what interrupts the server each time is not run for ever', () => {
  const hook = retrying({ times: 10, on: ['interrupted', 'failure'] })
  expect(retryAfter(after(1, 1), hook, 'interrupted')?.retry.interruptions).toBe(2)
  expect(retryAfter(after(2, 2), hook, 'interrupted')).toBe(null)
  expect(retryAfter(after(2, 2), hook, 'failure')?.retry.interruptions).toBe(2)
  expect(notRunAgain(after(2, 2))).toBe('it was not run again, for that was the 3rd time')
  expect(notRunAgain(aRun())).toBe('it was not run again')
})

test('where a group keeps some of those that wait, so must the retry', () => {
  const keep = (queue: 'single' | 'max' | number, group: string | null = 'g') => {
    const concurrency = { group, cancelInProgress: false, queue }
    return retryAfter(aRun(), { ...retrying(), concurrency }, 'failure')?.keep
  }
  expect([keep('single'), keep(4), keep('max'), keep('single', null)]).toEqual([1, 4, null, null])
})
