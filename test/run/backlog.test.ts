import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Run } from '../../src/model/run.ts'
import { Backlog } from '../../src/run/backlog.ts'
import { aRun } from './runs.ts'

const HOUR = 3_600_000

function aBacklog(limits: Record<string, number> = {}) {
  return new Backlog((hook) => limits[hook] ?? null)
}

const waiting = (id: number, hook: string, group: string | null, notBefore: number | null = null) =>
  aRun({ id, hook, group, status: 'queued', notBefore })

/** Everything that may start now, in order. */
function takeAll(backlog: Backlog, now = 0): number[] {
  const ids: number[] = []
  for (let run = backlog.take(now); run; run = backlog.take(now)) ids.push(run.id)
  return ids
}

test('runs start in the order in which they came, one of a group', () => {
  const backlog = aBacklog()
  for (const run of [
    waiting(1, 'a', 'g'),
    waiting(2, 'b', 'g'),
    waiting(3, 'c', null),
    waiting(4, 'c', null),
    waiting(5, 'd', 'h'),
  ])
    backlog.add(run, 0)
  expect(takeAll(backlog)).toEqual([1, 3, 4, 5])
  backlog.release({ hook: 'a', group: 'g' })
  expect(takeAll(backlog)).toEqual([2])
  expect(backlog.size).toBe(0)
})

test('a hook has no more runs side by side than it says, and holds up no other of its group', () => {
  const backlog = aBacklog({ a: 1 })
  for (const run of [waiting(1, 'a', null), waiting(2, 'a', 'g'), waiting(3, 'b', 'g')])
    backlog.add(run, 0)
  expect(takeAll(backlog)).toEqual([1, 3])
  backlog.release({ hook: 'b', group: 'g' })
  expect(takeAll(backlog)).toEqual([])
  backlog.release({ hook: 'a', group: null })
  expect(takeAll(backlog)).toEqual([2])
})

test('a run with a time to wait for holds up nobody, and keeps its place once it has come', () => {
  const backlog = aBacklog()
  backlog.add(waiting(1, 'a', 'g', 5000), 0)
  backlog.add(waiting(2, 'a', 'g'), 0)
  backlog.add(waiting(3, 'a', 'g'), 0)
  expect(backlog.due).toBe(5000)
  expect(takeAll(backlog, 4999)).toEqual([2])
  backlog.release({ hook: 'a', group: 'g' })
  expect(takeAll(backlog, 5000)).toEqual([1])
  expect(backlog.due).toBe(null)
})

test('a clock that was set back makes nobody wait for longer than the longest delay', () => {
  const backlog = aBacklog()
  backlog.add(waiting(1, 'a', 'g', 100 * HOUR), 0)
  expect(takeAll(backlog, HOUR - 1)).toEqual([])
  expect(takeAll(backlog, HOUR)).toEqual([1])
})

test('one that comes twice waits once, as what recovery finds and what has come since may overlap', () => {
  const backlog = aBacklog()
  for (let i = 0; i < 2; i++) backlog.add(waiting(1, 'a', null), 0)
  expect(backlog.size).toBe(1)
  expect(takeAll(backlog)).toEqual([1])
})

test('one that was taken out does not start, whether it stood first, last or waited for its time', () => {
  const backlog = aBacklog()
  for (let id = 1; id <= 4; id++) backlog.add(waiting(id, 'a', 'g'), 0)
  backlog.add(waiting(5, 'a', 'g', 10), 0)
  for (const id of [1, 4, 5]) backlog.remove(id)
  expect([backlog.size, backlog.due]).toEqual([2, null])
  expect(takeAll(backlog, 20)).toEqual([2])
  backlog.release({ hook: 'a', group: 'g' })
  expect(takeAll(backlog, 20)).toEqual([3])
})

test.each([
  ['one group', (id: number) => waiting(id, `h${id % 50}`, 'g')],
  ['a group for each hook', (id: number) => waiting(id, `h${id % 50}`, `h${id % 50}`)],
  ['side by side under a limit', (id: number) => waiting(id, 'limited', null)],
  ['as many hooks as runs', (id: number) => waiting(id, `h${id}`, `h${id}`)],
] as [string, (id: number) => Run][])(
  'a hundred thousand that wait cost the next start no more than a few looks: %s',
  (_, make) => {
    const backlog = aBacklog({ limited: 3 })
    const count = 100_000
    for (let id = 1; id <= count; id++) backlog.add(make(id), 0)
    const running: Run[] = []
    let most = 0
    for (let started = 0; started < count; ) {
      const before = backlog.looks
      const run = running.length < 8 ? backlog.take(0) : null
      most = Math.max(most, backlog.looks - before)
      if (run) started++
      if (run) running.push(run)
      else backlog.release(running.shift() as Run)
    }
    expect(most).toBeLessThan(60)
    expect(backlog.looks).toBeLessThan(4 * count)
  },
)

/** The same by the plainest means: a list that is walked from its beginning each time. */
class Plain {
  waiting: Run[] = []
  running: Run[] = []
  readonly limits: Record<string, number>

  constructor(limits: Record<string, number>) {
    this.limits = limits
  }

  take(now: number): Run | null {
    const next = this.waiting
      .sort((a, b) => a.id - b.id)
      .find(
        ({ hook, group, notBefore }) =>
          (notBefore ?? 0) <= now &&
          !this.running.some((run) => group !== null && run.group === group) &&
          this.running.filter((run) => run.hook === hook).length < (this.limits[hook] ?? 99),
      )
    if (!next) return null
    this.waiting = this.waiting.filter((run) => run !== next)
    this.running.push(next)
    return next
  }
}

const event = fc.oneof(
  fc.record({
    add: fc.record({
      hook: fc.constantFrom('a', 'b', 'c'),
      group: fc.constantFrom('g', 'h', null),
      wait: fc.constantFrom(0, 0, 0, 3, 9),
    }),
  }),
  fc.record({ take: fc.constant(true) }),
  fc.record({ release: fc.nat(5) }),
  fc.record({ remove: fc.nat(12) }),
)

test('whatever happens, it takes what a walk through the whole list would take', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80 }), (events) => {
      const limits = { a: 1, b: 2 }
      const [backlog, plain] = [aBacklog(limits), new Plain(limits)]
      for (const [index, what] of events.entries()) {
        const now = index
        if ('add' in what) {
          const { hook, group, wait } = what.add
          const run = waiting(index + 1, hook, group, wait === 0 ? null : now + wait)
          backlog.add(run, now)
          plain.waiting.push(run)
        } else if ('take' in what) expect(backlog.take(now)?.id).toBe(plain.take(now)?.id)
        else if ('release' in what) {
          const [run] = plain.running.splice(what.release, 1)
          if (run) backlog.release(run)
        } else {
          const [run] = plain.waiting.splice(what.remove, 1)
          if (run) backlog.remove(run.id)
        }
        expect(backlog.size).toBe(plain.waiting.length)
      }
    }),
    { numRuns: 2000 },
  )
})
