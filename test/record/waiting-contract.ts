/** What every engine says of runs that wait: room for them, who replaces whom, the retry of a failed one. */

import { describe, expect } from 'vitest'
import type { Concurrency } from '../../src/model/hook.ts'
import type { RunEnd } from '../../src/model/run.ts'
import type { RetryPlan } from '../../src/record/store.ts'
import { aDelivery, aHook, aPush, aTag, sha } from '../some.ts'
import { accept, type Engine, type Opened, opened, waiting } from './engine.ts'

const queue = (kept: Concurrency['queue'], group = 'g') =>
  aHook({ concurrency: { group, cancelInProgress: false, queue: kept } })

const failed: RunEnd = {
  status: 'failure',
  exitCode: 1,
  signal: null,
  reason: 'step 2 (./migrate) failed with exit code 1',
  outputBytes: 0,
  outputCut: 0,
  steps: [],
}

const plan = (more: Partial<RetryPlan> = {}): RetryPlan => ({
  retry: { run: 1, number: 1, times: 3, interruptions: 0 },
  delayMs: 10_000,
  keep: 1,
  says: 'retry 1 of 3 in 10s',
  ...more,
})

async function fail(open: Opened, id: number, retry: RetryPlan | null = plan()) {
  await open.begin(id)
  return open.finish(id, failed, retry)
}

const statuses = async (open: Opened) =>
  (await open.store.runs({ limit: 20 })).map(({ id, status }) => `${id} ${status}`).reverse()

export function waitingContract(engine: Engine): void {
  const { test } = engine

  describe('a queue that keeps some', () => {
    test('keeps so many newest of a ref, and says by which the others were replaced', async () => {
      const open = await opened(engine)
      for (let i = 0; i < 4; i++) await accept(open, {}, queue(2))
      await accept(open, { updates: [aPush('other')] }, queue(2))
      expect(await statuses(open)).toEqual([
        '1 cancelled',
        '2 cancelled',
        '3 queued',
        '4 queued',
        '5 queued',
      ])
      expect((await open.store.run(2))?.reason).toBe('superseded by run 4')
    })

    test('lets a retry go before a push that came earlier than it was queued', async () => {
      const open = await opened(engine)
      await accept(open, {}, queue(2))
      await open.begin(1)
      await accept(open, {}, queue(2))
      expect(await open.finish(1, failed, plan({ keep: 2 }))).toMatchObject({ id: 3 })
      expect((await accept(open, {}, queue(2))).superseded).toEqual([3])
    })
  })

  describe('room', () => {
    test('for no more than may wait: nothing of such a delivery is stored', async () => {
      const open = await (await engine.place())({ maxWaiting: 2 })
      const side = aHook({ concurrency: { group: null, cancelInProgress: false, queue: 'max' } })
      for (let i = 0; i < 2; i++) await accept(open, {}, side)
      await expect(accept(open, {}, side)).rejects.toMatchObject({
        code: 'busy',
        message: 'As many runs wait as may (2); nothing was kept.',
      })
      expect(await open.store.deliveries({ limit: 9 })).toHaveLength(2)
      expect(await open.store.runs({ limit: 9 })).toHaveLength(2)
      await open.begin(1)
      expect((await accept(open, {}, side)).queued).toHaveLength(1)
    })

    test('is no question for a delivery that starts nothing, or replaces one that waits', async () => {
      const open = await (await engine.place())({ maxWaiting: 2 })
      await accept(open)
      await accept(open, { updates: [aPush('other')] })
      expect((await open.store.accept(aDelivery(), [], [])).queued).toEqual([])
      expect((await accept(open)).superseded).toEqual([1])
      await expect(accept(open, { updates: [aPush('third')] })).rejects.toMatchObject({
        code: 'busy',
      })
    })

    test('is counted over all hooks of a delivery: all of them run, or none', async () => {
      const open = await (await engine.place())({ maxWaiting: 2 })
      const hooks = ['a', 'b', 'c'].map((name) => aHook({ name }))
      const wanted = hooks.map((hook) => ({ hook, update: 0, inputs: {} }))
      await expect(open.store.accept(aDelivery(), [], wanted)).rejects.toMatchObject({
        code: 'busy',
      })
      expect(await open.store.runs({ limit: 9 })).toEqual([])
    })

    test('is kept for those that wait again, and found again after a restart', async () => {
      const place = await engine.place()
      const first = await place({ maxWaiting: 1 })
      await accept(first)
      await first.begin(1)
      await first.requeue(1)
      const other = { updates: [aPush('other')] }
      await expect(accept(first, other)).rejects.toMatchObject({ code: 'busy' })
      await first.close()
      const second = await place({ maxWaiting: 1 })
      await expect(accept(second, other)).rejects.toMatchObject({ code: 'busy' })
      await second.cancelWaiting(1, 'by ada')
      expect((await accept(second, other)).queued).toHaveLength(1)
    })

    test('is asked of deliveries that arrive together one by one, and a full one undoes no other', async () => {
      const open = await (await engine.place())({ maxWaiting: 3 })
      const side = aHook({ concurrency: { group: null, cancelInProgress: false, queue: 'max' } })
      const all = await Promise.allSettled(Array.from({ length: 8 }, () => accept(open, {}, side)))
      const accepted = all.flatMap((one) =>
        one.status === 'fulfilled' ? [one.value.delivery.id] : [],
      )
      expect(accepted).toHaveLength(3)
      const kept = (await open.store.deliveries({ limit: 9 })).map(({ id }) => id)
      expect(kept.toSorted()).toEqual(accepted.toSorted()) // a number may be skipped by one that was refused
    })

    test('is wanted for a re-run too, and never for a retry', async () => {
      const open = await (await engine.place())({ maxWaiting: 1 })
      await accept(open)
      await open.begin(1)
      await accept(open, { updates: [aPush('other')] })
      expect(await open.finish(1, failed, plan())).toMatchObject({ id: 3 })
      await expect(open.store.rerun(1, queue('single', 'x'))).rejects.toMatchObject({
        code: 'busy',
      })
    })
  })

  describe('a retry', () => {
    test('is written with the end of the run it follows, which names it', async () => {
      const open = await opened(engine)
      const { queued } = await accept(open)
      const before = Date.now()
      const retry = await fail(open, 1)
      expect(retry).toEqual({
        ...queued[0],
        id: 2,
        attempt: 2,
        config: 'c0ffee000000',
        retry: { run: 1, number: 1, times: 3, interruptions: 0 },
        queuedAt: expect.any(Number),
        notBefore: (retry?.queuedAt ?? 0) + 10_000,
      })
      expect(retry?.queuedAt).toBeGreaterThanOrEqual(before)
      expect(await open.store.run(1)).toMatchObject({
        status: 'failure',
        reason: 'step 2 (./migrate) failed with exit code 1; retry 1 of 3 in 10s as run #2',
      })
      expect(await waiting(open)).toEqual([retry])
    })

    test('is queued once, also when the end is written again', async () => {
      const open = await opened(engine)
      await accept(open)
      expect(await fail(open, 1)).toMatchObject({ id: 2 })
      expect(await open.finish(1, failed, plan())).toBe(null)
      expect(await open.store.runs({ limit: 9 })).toHaveLength(2)
      expect((await open.store.run(1))?.reason).toMatch(/as run #2$/)
    })

    test('waits on after a restart, to the same moment', async () => {
      const place = await engine.place()
      const first = await place()
      await accept(first)
      const retry = await fail(first, 1)
      await first.close()
      expect(await waiting(await place())).toEqual([retry])
    })

    test('is superseded by a newer push of its branch, and can be cancelled', async () => {
      const open = await opened(engine)
      await accept(open)
      await fail(open, 1)
      expect((await accept(open)).superseded).toEqual([2])
      expect(await open.store.run(2)).toMatchObject({ reason: 'superseded by run 3' })
      await fail(open, 3)
      expect(await open.cancelWaiting(4, 'cancelled by ada')).toBe(true)
    })

    test('is not made where a newer push waits already, and the reason names that', async () => {
      const open = await opened(engine)
      await accept(open)
      await open.begin(1)
      await accept(open)
      expect(await open.finish(1, failed, plan())).toBe(null)
      expect((await open.store.run(1))?.reason).toBe(
        'step 2 (./migrate) failed with exit code 1; not retried: run #2 is newer',
      )
    })

    test('is made all the same where the queue keeps all, or what waits is of another branch', async () => {
      const open = await opened(engine)
      await accept(open)
      await open.begin(1)
      await accept(open, { updates: [aPush('other')] })
      expect(await open.finish(1, failed, plan())).toMatchObject({ id: 3 })
      await open.begin(2)
      await accept(open, { updates: [aPush('other')] })
      expect(await open.finish(2, failed, plan({ keep: null }))).toMatchObject({ id: 5 })
    })
  })

  describe('the last success', () => {
    const succeed = async (open: Opened, id: number) => {
      await open.begin(id)
      await open.finish(id, { ...failed, status: 'success', reason: null })
    }

    test('is the commit of the hook and ref that a run ended with last, whatever failed since', async () => {
      const open = await opened(engine)
      const push = (digit: string, branch = 'main', hook = aHook()) =>
        accept(open, { updates: [aPush(branch, { sha: sha(digit) })] }, hook)
      await push('1')
      expect((await open.begin(1))?.lastSuccess).toBe(null)
      await open.finish(1, { ...failed, status: 'success' })
      await push('2', 'other')
      await succeed(open, 2)
      await push('3', 'main', aHook({ name: 'another' }))
      await succeed(open, 3)
      await push('4')
      await fail(open, 4, null)
      await push('5')
      await fail(open, 5, null)
      await push('6')
      expect((await open.begin(6))?.lastSuccess).toBe(sha('1'))
    })

    test('of a branch is not that of a tag with its name', async () => {
      const open = await opened(engine)
      await accept(open, { updates: [aTag('main', { sha: sha('1') })] })
      await succeed(open, 1)
      await accept(open)
      expect((await open.begin(2))?.lastSuccess).toBe(null)
    })

    test('is none that was only sent to try the hook out', async () => {
      const open = await opened(engine)
      const headers = { 'x-runhook-test': 'send' }
      await accept(open, { headers, updates: [aPush('main', { sha: sha('1') })] })
      await succeed(open, 1)
      await accept(open, { updates: [aPush('main', { sha: sha('2') })] })
      expect((await open.begin(2))?.lastSuccess).toBe(null)
      await succeed(open, 2)
      await accept(open, { headers, updates: [aPush('main', { sha: sha('3') })] })
      expect((await open.begin(3))?.lastSuccess).toBe(sha('2'))
    })
  })
}
