/** What one transaction says of runs that wait: room for them, who replaces whom, the retry of a failed one. */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Delivery, Verdict } from '../../src/model/delivery.ts'
import type { Concurrency, Hook } from '../../src/model/hook.ts'
import type { RunEnd } from '../../src/model/run.ts'
import { openSqlite, type SqliteStore } from '../../src/record/sqlite.ts'
import type { RetryPlan } from '../../src/record/store.ts'
import { lastSuccessQuery } from '../../src/record/transitions.ts'
import { waitingQueries } from '../../src/record/waiting.ts'
import { aDelivery, aDirectory, aHook, aPush, aTag, sha } from '../some.ts'

function aStore(directory = aDirectory(), maxWaiting?: number): SqliteStore {
  const store = openSqlite(directory, maxWaiting === undefined ? {} : { maxWaiting })
  onTestFinished(() => store.close().catch(() => undefined))
  return store
}

function accept(store: SqliteStore, delivery: Partial<Delivery> = {}, hook: Hook = aHook()) {
  const verdict: Verdict = { hook: hook.name, update: 0, matched: true, checks: [], run: null }
  return store.accept(aDelivery(delivery), [verdict], [{ hook, update: 0, inputs: {} }])
}

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

async function fail(store: SqliteStore, id: number, retry: RetryPlan | null = plan()) {
  await store.begin(id, 'c')
  return store.finish(id, failed, retry)
}

const statuses = async (store: SqliteStore) =>
  (await store.runs({ limit: 20 })).map(({ id, status }) => `${id} ${status}`).reverse()

describe('a queue that keeps some', () => {
  test('keeps so many newest of a ref, and says by which the others were replaced', async () => {
    const store = aStore()
    for (let i = 0; i < 4; i++) await accept(store, {}, queue(2))
    await accept(store, { updates: [aPush('other')] }, queue(2))
    expect(await statuses(store)).toEqual([
      '1 cancelled',
      '2 cancelled',
      '3 queued',
      '4 queued',
      '5 queued',
    ])
    expect((await store.run(2))?.reason).toBe('superseded by run 4')
  })

  test('lets a retry go before a push that came earlier than it was queued', async () => {
    const store = aStore()
    await accept(store, {}, queue(2))
    await store.begin(1, 'c')
    await accept(store, {}, queue(2))
    expect(await store.finish(1, failed, plan({ keep: 2 }))).toMatchObject({ id: 3 })
    expect((await accept(store, {}, queue(2))).superseded).toEqual([3])
  })
})

describe('room', () => {
  test('for no more than may wait: nothing of such a delivery is stored', async () => {
    const store = aStore(aDirectory(), 2)
    const side = aHook({ concurrency: { group: null, cancelInProgress: false, queue: 'max' } })
    for (let i = 0; i < 2; i++) await accept(store, {}, side)
    await expect(accept(store, {}, side)).rejects.toMatchObject({
      code: 'busy',
      message: 'As many runs wait as may (2); nothing was kept.',
    })
    expect(await store.deliveries({ limit: 9 })).toHaveLength(2)
    expect(await store.runs({ limit: 9 })).toHaveLength(2)
    await store.begin(1, 'c')
    expect((await accept(store, {}, side)).queued).toMatchObject([{ id: 3, deliveryId: 3 }])
  })

  test('is no question for a delivery that starts nothing, or replaces one that waits', async () => {
    const store = aStore(aDirectory(), 2)
    await accept(store)
    await accept(store, { updates: [aPush('other')] })
    expect((await store.accept(aDelivery(), [], [])).queued).toEqual([])
    expect((await accept(store)).superseded).toEqual([1])
    await expect(accept(store, { updates: [aPush('third')] })).rejects.toMatchObject({
      code: 'busy',
    })
  })

  test('is counted over all hooks of a delivery: all of them run, or none', async () => {
    const store = aStore(aDirectory(), 2)
    const hooks = ['a', 'b', 'c'].map((name) => aHook({ name }))
    const wanted = hooks.map((hook) => ({ hook, update: 0, inputs: {} }))
    await expect(store.accept(aDelivery(), [], wanted)).rejects.toMatchObject({ code: 'busy' })
    expect(await store.runs({ limit: 9 })).toEqual([])
  })

  test('is kept for those that wait again, and found again after a restart', async () => {
    const directory = aDirectory()
    const first = aStore(directory, 1)
    await accept(first)
    await first.begin(1, 'c')
    await first.requeue(1)
    const other = { updates: [aPush('other')] }
    await expect(accept(first, other)).rejects.toMatchObject({ code: 'busy' })
    await first.close()
    const second = aStore(directory, 1)
    await expect(accept(second, other)).rejects.toMatchObject({ code: 'busy' })
    await second.cancelWaiting(1, 'by ada')
    expect((await accept(second, other)).queued).toHaveLength(1)
  })

  test('is asked of deliveries that arrive together one by one, and a full one undoes no other', async () => {
    const store = aStore(aDirectory(), 3)
    const side = aHook({ concurrency: { group: null, cancelInProgress: false, queue: 'max' } })
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => accept(store, {}, side)))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    expect((await store.deliveries({ limit: 9 })).map(({ id }) => id)).toEqual([3, 2, 1])
  })

  test('is wanted for a re-run too, and never for a retry', async () => {
    const store = aStore(aDirectory(), 1)
    await accept(store)
    await store.begin(1, 'c')
    await accept(store, { updates: [aPush('other')] })
    expect(await store.finish(1, failed, plan())).toMatchObject({ id: 3 })
    await expect(store.rerun(1, queue('single', 'x'))).rejects.toMatchObject({ code: 'busy' })
  })
})

describe('a retry', () => {
  test('is written with the end of the run it follows, which names it', async () => {
    const store = aStore()
    const { queued } = await accept(store)
    const before = Date.now()
    const retry = await fail(store, 1)
    expect(retry).toEqual({
      ...queued[0],
      id: 2,
      attempt: 2,
      config: 'c',
      retry: { run: 1, number: 1, times: 3, interruptions: 0 },
      queuedAt: expect.any(Number),
      notBefore: (retry?.queuedAt ?? 0) + 10_000,
    })
    expect(retry?.queuedAt).toBeGreaterThanOrEqual(before)
    expect(await store.run(1)).toMatchObject({
      status: 'failure',
      reason: 'step 2 (./migrate) failed with exit code 1; retry 1 of 3 in 10s as run #2',
    })
    expect(await store.unfinished()).toEqual([retry])
  })

  test('is queued once, also when the end is written again', async () => {
    const store = aStore()
    await accept(store)
    expect(await fail(store, 1)).toMatchObject({ id: 2 })
    expect(await store.finish(1, failed, plan())).toBe(null)
    expect(await store.runs({ limit: 9 })).toHaveLength(2)
    expect((await store.run(1))?.reason).toMatch(/as run #2$/)
  })

  test('waits on after a restart, to the same moment', async () => {
    const directory = aDirectory()
    const first = aStore(directory)
    await accept(first)
    const retry = await fail(first, 1)
    await first.close()
    expect(await aStore(directory).unfinished()).toEqual([retry])
  })

  test('is superseded by a newer push of its branch, and can be cancelled', async () => {
    const store = aStore()
    await accept(store)
    await fail(store, 1)
    expect((await accept(store)).superseded).toEqual([2])
    expect(await store.run(2)).toMatchObject({ reason: 'superseded by run 3' })
    await fail(store, 3)
    expect(await store.cancelWaiting(4, 'cancelled by ada')).toBe(true)
  })

  test('is not made where a newer push waits already, and the reason names that', async () => {
    const store = aStore()
    await accept(store)
    await store.begin(1, 'c')
    await accept(store)
    expect(await store.finish(1, failed, plan())).toBe(null)
    expect((await store.run(1))?.reason).toBe(
      'step 2 (./migrate) failed with exit code 1; not retried: run #2 is newer',
    )
  })

  test('is made all the same where the queue keeps all, or what waits is of another branch', async () => {
    const store = aStore()
    await accept(store)
    await store.begin(1, 'c')
    await accept(store, { updates: [aPush('other')] })
    expect(await store.finish(1, failed, plan())).toMatchObject({ id: 3 })
    await store.begin(2, 'c')
    await accept(store, { updates: [aPush('other')] })
    expect(await store.finish(2, failed, plan({ keep: null }))).toMatchObject({ id: 5 })
  })
})

describe('the last success', () => {
  const succeed = async (store: SqliteStore, id: number) => {
    await store.begin(id, 'c')
    await store.finish(id, { ...failed, status: 'success', reason: null })
  }

  test('is the commit of the hook and ref that a run ended with last, whatever failed since', async () => {
    const store = aStore()
    const push = (digit: string, branch = 'main', hook = aHook()) =>
      accept(store, { updates: [aPush(branch, { sha: sha(digit) })] }, hook)
    await push('1')
    expect((await store.begin(1, 'c'))?.lastSuccess).toBe(null)
    await store.finish(1, { ...failed, status: 'success' })
    await push('2', 'other')
    await succeed(store, 2)
    await push('3', 'main', aHook({ name: 'another' }))
    await succeed(store, 3)
    await push('4')
    await fail(store, 4, null)
    await push('5')
    await fail(store, 5, null)
    await push('6')
    expect((await store.begin(6, 'c'))?.lastSuccess).toBe(sha('1'))
  })

  test('of a branch is not that of a tag with its name', async () => {
    const store = aStore()
    await accept(store, { updates: [aTag('main', { sha: sha('1') })] })
    await succeed(store, 1)
    await accept(store)
    expect((await store.begin(2, 'c'))?.lastSuccess).toBe(null)
  })

  test('is none that was only sent to try the hook out', async () => {
    const store = aStore()
    const headers = { 'x-runhook-test': 'send' }
    await accept(store, { headers, updates: [aPush('main', { sha: sha('1') })] })
    await succeed(store, 1)
    await accept(store, { updates: [aPush('main', { sha: sha('2') })] })
    expect((await store.begin(2, 'c'))?.lastSuccess).toBe(null)
    await succeed(store, 2)
    await accept(store, { headers, updates: [aPush('main', { sha: sha('3') })] })
    expect((await store.begin(3, 'c'))?.lastSuccess).toBe(sha('2'))
  })
})

test('none of these questions takes a walk through the history', async () => {
  const directory = aDirectory()
  await accept(aStore(directory))
  const database = new DatabaseSync(join(directory, 'runhook.db'))
  const firstStep = (sql: string) => {
    const values = [...sql.matchAll(/\?/g)].map(() => 'x')
    return String(database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values)[0]?.detail)
  }
  const unfinished = /^SEARCH runs USING (COVERING )?INDEX runs_unfinished \(status=\?/
  expect(firstStep(waitingQueries.alike)).toMatch(
    /INDEX runs_unfinished \(status=\? AND concurrency_group=\? AND hook=\? AND ref_name=\?/,
  )
  expect(firstStep(waitingQueries.count)).toMatch(unfinished)
  expect(firstStep(lastSuccessQuery)).toMatch(/INDEX runs_by_success \(hook=\? AND ref_name=\?/)
  database.close()
})
