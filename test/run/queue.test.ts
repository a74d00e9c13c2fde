import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import type { Hook, Run, RunEnd } from '../../src/model.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { Queue, unstarted } from '../../src/run/queue.ts'
import { recover } from '../../src/run/recover.ts'
import { aDelivery, aDirectory, aHook, aPush, until } from '../some.ts'

const success: RunEnd = { ...unstarted(''), status: 'success', exitCode: 0, reason: null }

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
  const finish = (id: number) =>
    until(() => ends.get(id)?.(success) === undefined && ends.delete(id))
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
    mayHaveStarted: () => true,
    outputBytes: () => 0,
    endLeftovers: async () => undefined,
    sameBoot: true,
  }
  expect(await recover(parts)).toMatchObject([{ id: 1 }])
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
