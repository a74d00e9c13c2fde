import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { silentLog } from '../../src/log.ts'
import type { Hook } from '../../src/model/hook.ts'
import type { Run, RunEnd } from '../../src/model/run.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { unstarted } from '../../src/run/ended.ts'
import { Queue } from '../../src/run/queue.ts'
import { recover } from '../../src/run/recover.ts'
import { aDelivery, aDirectory, aHook, aPush, until } from '../some.ts'

const success: RunEnd = { ...unstarted(''), status: 'success', exitCode: 0, reason: null }

const failure: RunEnd = { ...success, status: 'failure', exitCode: 1, reason: 'broken' }

/** A queue on a real store whose commands end when the test says so. */
function aQueue(hooks: readonly Hook[], maxParallel = 8, open = true) {
  const store = openSqlite(aDirectory())
  const byName = new Map(hooks.map((hook) => [hook.name, hook]))
  const begun: number[] = []
  const ends = new Map<number, (end: RunEnd) => void>()
  const queue = new Queue({
    store,
    log: silentLog(),
    maxParallel,
    hook: (name) => byName.get(name),
    execute: ({ run }, signal) => {
      begun.push(run.id)
      return new Promise((resolve) => {
        ends.set(run.id, resolve)
        signal.addEventListener('abort', () => resolve(unstarted(String(signal.reason))))
      })
    },
  })
  if (open) queue.open()
  onTestFinished(async () => {
    await queue.stop(0)
    await store.close()
  })
  const push = async (hook: Hook, branch = 'main') => {
    const verdict = { hook: hook.name, update: 0, matched: true, checks: [], run: null }
    const wanted = [{ hook, update: 0, inputs: {} }]
    const delivery = aDelivery({ updates: [aPush(branch)] })
    const accepted = await queue.accept(delivery, [verdict], wanted)
    return accepted.queued[0] as Run
  }
  const finish = (id: number, end: RunEnd = success) =>
    until(() => ends.get(id)?.(end) === undefined && ends.delete(id))
  const status = async (id: number) => (await store.run(id))?.status
  return { store, queue, begun, push, finish, status, byName }
}

const side = { group: null, cancelInProgress: false, queue: 'max' } as const

test('runs of one group go one at a time, in order', async () => {
  const hook = aHook({ concurrency: { group: 'g', cancelInProgress: false, queue: 'max' } })
  const { push, begun, finish } = aQueue([hook])
  for (const branch of ['a', 'b', 'c']) await push(hook, branch)
  for (const id of [1, 2, 3]) {
    await until(() => begun.includes(id))
    expect(begun.at(-1)).toBe(id)
    await finish(id)
  }
})

test('a newer waiting push replaces the older one, which says by which', async () => {
  const hook = aHook()
  const { push, begun, finish, store, queue } = aQueue([hook])
  await push(hook)
  await until(() => begun.includes(1))
  const second = await push(hook)
  const ended = queue.whenEnded(second.id)
  await push(hook)
  expect((await ended).reason).toBe('superseded by run 3')
  expect(await store.run(2)).toMatchObject({ status: 'cancelled', reason: 'superseded by run 3' })
  await finish(1)
  await until(() => begun.includes(3))
  expect(begun).toEqual([1, 3])
})

test('who asks for a run that was superseded in the same moment is told too', async () => {
  const hook = aHook()
  const { push, begun, queue } = aQueue([hook])
  await push(hook)
  await until(() => begun.includes(1))
  const pushed = await Promise.all([push(hook), push(hook), push(hook)])
  await new Promise((resolve) => setTimeout(resolve, 20))
  const ends = pushed.slice(0, 2).map(({ id }) => queue.whenEnded(id))
  expect((await Promise.all(ends)).map(({ reason }) => reason)).toEqual([
    'superseded by run 3',
    'superseded by run 4',
  ])
})

test('cancel-in-progress ends the running one, and the next starts only when it is gone', async () => {
  const concurrency = { group: 'g', cancelInProgress: true, queue: 'single' } as const
  const hook = aHook({ concurrency })
  const { push, begun, store, finish } = aQueue([hook])
  await push(hook)
  await until(() => begun.includes(1))
  await push(hook)
  await until(() => begun.includes(2))
  expect(await store.run(1)).toMatchObject({ reason: 'cancel:superseded by run 2' })
  await finish(2)
})

test('no more run at once than the server allows', async () => {
  const hook = aHook({ concurrency: side })
  const { push, begun, finish, queue } = aQueue([hook], 2)
  for (let i = 0; i < 5; i++) await push(hook)
  await until(() => begun.length === 2)
  expect(queue.counts).toEqual({ waiting: 3, running: 2 })
  await finish(1)
  await until(() => begun.length === 3)
  expect(begun).toEqual([1, 2, 3])
})

test('a busy group does not hold up another', async () => {
  const [one, two] = [aHook({ name: 'one' }), aHook({ name: 'two' })]
  const { push, begun } = aQueue([one, two])
  await push(one, 'a')
  await push(one, 'b')
  await push(two, 'a')
  await until(() => begun.length === 2)
  expect(begun).toEqual([1, 3])
})

test('cancel ends what waits and what runs, and says so when there is nothing to end', async () => {
  const hook = aHook()
  const { push, begun, queue, store, status, finish } = aQueue([hook])
  await push(hook, 'a')
  await push(hook, 'b')
  await until(() => begun.includes(1))
  expect(await queue.cancel(2, 'ada')).toBe('cancelled')
  expect(await store.run(2)).toMatchObject({ status: 'cancelled', reason: 'cancelled by ada' })
  expect(await queue.cancel(1, 'ada')).toBe('stopping')
  await until(async () => (await status(1)) === 'cancelled')
  expect(await queue.cancel(1, 'ada')).toBe('ended')
  expect(await queue.cancel(99, 'ada')).toBe('unknown')
  await push(hook, 'c')
  await until(() => begun.includes(3))
  await finish(3)
})

test('a run whose hook is gone from the file ends in words', async () => {
  const hook = aHook()
  const { push, byName, store, status } = aQueue([hook])
  byName.delete(hook.name)
  await push(hook)
  await until(async () => (await status(1)) === 'cancelled')
  expect((await store.run(1))?.reason).toBe('hook "deploy-site" is no longer in the hooks file')
})

test('a stop starts nothing more, ends what runs after its time, and leaves what waits', async () => {
  const hook = aHook()
  const { push, begun, queue, status } = aQueue([hook])
  await push(hook, 'a')
  await until(() => begun.includes(1))
  await push(hook, 'b')
  await queue.stop(50)
  expect(await status(1)).toBe('cancelled')
  expect(await status(2)).toBe('queued')
  expect(begun).toEqual([1])
})

test('recovery leaves alone what came since the server began to listen', async () => {
  const hook = aHook({ concurrency: side })
  const { push, store } = aQueue([hook], 8, false)
  for (let i = 0; i < 3; i++) await push(hook)
  const parts = {
    store,
    lastRun: 1,
    log: silentLog(),
    hook: () => hook,
    mayHaveStarted: () => true,
    outputBytes: () => 0,
    endLeftovers: async () => undefined,
    sameBoot: true,
  }
  expect(await recover(parts)).toMatchObject([{ id: 1 }])
})

test('a hook has no more runs at once than it says, and holds up no other', async () => {
  const one = aHook({ name: 'one', concurrency: side, maxParallel: 1 })
  const two = aHook({ name: 'two', concurrency: side })
  const { push, begun, finish } = aQueue([one, two])
  for (const hook of [one, one, two]) await push(hook)
  await until(() => begun.length === 2)
  expect(begun).toEqual([1, 3])
  await finish(1)
  await until(() => begun.includes(2))
})

describe('a run that fails and is to be tried again', () => {
  const retry = { times: 2, delayMs: 60, on: ['failure'] } as const

  test('waits for its time, holds up nobody, and is tried so often', async () => {
    const hook = aHook({ retry })
    const { push, begun, finish, store, queue } = aQueue([hook])
    await push(hook, 'a')
    await push(hook, 'b')
    await finish(1, failure)
    await until(() => begun.includes(2))
    await finish(2)
    await until(() => begun.includes(3))
    const [first, second] = [await store.run(1), await store.run(3)]
    expect(first?.reason).toBe('broken; retry 1 of 2 in 60ms as run #3')
    expect(second?.startedAt).toBeGreaterThanOrEqual(second?.notBefore ?? Number.NaN)
    await finish(3, failure)
    await until(() => begun.includes(4))
    expect((await store.run(3))?.reason).toBe('broken; retry 2 of 2 in 120ms as run #4')
    await finish(4, failure)
    await until(async () => (await store.run(4))?.status === 'failure')
    expect((await store.run(4))?.reason).toBe('broken')
    expect(queue.counts).toEqual({ waiting: 0, running: 0 })
  })

  test('is not tried again once a newer push has come, or somebody has cancelled that', async () => {
    const hook = aHook({ retry: { ...retry, delayMs: 3_600_000 } })
    const { push, begun, finish, store, queue } = aQueue([hook])
    await push(hook)
    await finish(1, failure)
    await until(() => queue.counts.waiting === 1)
    const superseded = queue.whenEnded(2)
    await push(hook)
    expect((await superseded).reason).toBe('superseded by run 3')
    await finish(3, failure)
    await until(() => queue.counts.waiting === 1)
    expect(await queue.cancel(4, 'ada')).toBe('cancelled')
    expect(await store.run(4)).toMatchObject({ status: 'cancelled', reason: 'cancelled by ada' })
    expect(queue.counts).toEqual({ waiting: 0, running: 0 })
    expect(begun).toEqual([1, 3])
  })

  test('whose time has come while the server is full is not asked for until there is room', async () => {
    const [one, two] = [aHook({ name: 'one', retry }), aHook({ name: 'two', concurrency: side })]
    const { push, begun, finish, queue } = aQueue([one, two], 1)
    await push(one)
    await push(two)
    await finish(1, failure)
    await until(() => begun.includes(2) && queue.counts.waiting === 1)
    await new Promise((resolve) => setTimeout(resolve, 100)) // its time has come
    const timers = vi.spyOn(globalThis, 'setTimeout')
    await push(two)
    await new Promise((resolve) => setImmediate(resolve))
    const { length } = timers.mock.calls.filter(([, ms]) => (ms ?? 0) < 10)
    timers.mockRestore()
    expect(length).toBe(0)
    await finish(2)
    await until(() => begun.length === 3)
    expect(begun).toEqual([1, 2, 3])
  })

  test('waits on where the server stops, and is taken up by the next one', async () => {
    const hook = aHook({ retry })
    const { push, finish, queue, store } = aQueue([hook])
    await push(hook)
    await finish(1, failure)
    await queue.stop(1000)
    expect(await store.unfinished()).toMatchObject([{ id: 2, retry: { run: 1, number: 1 } }])
    const begun: number[] = []
    const next = new Queue({
      store,
      log: silentLog(),
      maxParallel: 8,
      hook: () => hook,
      execute: async ({ run }) => {
        begun.push(run.id)
        return success
      },
    })
    next.restore(await store.unfinished())
    next.open()
    await until(() => begun.length > 0)
    await next.stop(1000)
    expect(begun).toEqual([2])
  })
})

test('recovery: what a crash interrupted is run again where the hook says so, three times', async () => {
  const retry = { times: 10, delayMs: 1, on: ['interrupted'] } as const
  const hook = aHook({ retry })
  const { push, store } = aQueue([hook], 8, false)
  await push(hook)
  const parts = {
    store,
    lastRun: Number.POSITIVE_INFINITY,
    log: silentLog(),
    hook: () => hook,
    mayHaveStarted: () => true,
    outputBytes: () => 0,
    endLeftovers: async () => undefined,
    sameBoot: true,
  }
  for (const id of [1, 2]) {
    await store.begin(id, 'c')
    expect(await recover(parts)).toMatchObject([{ id: id + 1, attempt: id + 1, status: 'queued' }])
    expect((await store.run(id))?.reason).toMatch(
      /^the server went away while it was running; retry \d of 10 in \dms as run #\d$/,
    )
  }
  await store.begin(3, 'c')
  expect(await recover(parts)).toEqual([])
  expect(await store.run(3)).toMatchObject({
    status: 'interrupted',
    reason:
      'the server went away while it was running; it was not run again, for that was the 3rd time',
  })
})

test('recovery: waiting runs wait, started ones are interrupted, begun ones wait again', async () => {
  const hook = aHook({ concurrency: side })
  const { push, store } = aQueue([hook], 8, false)
  for (let i = 0; i < 3; i++) await push(hook)
  await store.begin(1, 'c')
  await store.begin(2, 'c')
  const swept: number[] = []
  const parts = {
    store,
    lastRun: 3,
    log: silentLog(),
    hook: () => hook,
    mayHaveStarted: (id: number) => id === 1,
    outputBytes: () => 7,
    endLeftovers: async (ids: readonly number[]) => void swept.push(...ids),
    sameBoot: true,
  }
  const waiting = await recover(parts)
  expect(waiting.map((run) => [run.id, run.status])).toEqual([
    [2, 'queued'],
    [3, 'queued'],
  ])
  expect(swept).toEqual([1])
  expect(await store.run(1)).toMatchObject({
    status: 'interrupted',
    reason: 'the server went away while it was running; it was not run again',
    outputBytes: 7,
  })
  await store.begin(2, 'c')
  expect(await recover({ ...parts, sameBoot: false })).toMatchObject([{ id: 3 }])
  expect((await store.run(2))?.status).toBe('interrupted')
  expect(swept).toEqual([1])
})
