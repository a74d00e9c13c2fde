import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import type { Hook } from '../../src/model/hook.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { unstarted } from '../../src/run/ended.ts'
import { Queue } from '../../src/run/queue.ts'
import { aDelivery, aDirectory, aHook, aPush, until } from '../some.ts'

/** A queue on a real store whose transactions, while `held`, are not begun. */
function aQueue(hook: Hook) {
  const store = openSqlite(aDirectory())
  const executed: [run: number, config: string][] = []
  const current = { hook }
  const queue = new Queue({
    store,
    log: silentLog(),
    maxParallel: 2,
    hook: () => current.hook,
    execute: async ({ run }) => {
      executed.push([run.id, run.config])
      return { ...unstarted(''), status: 'success', exitCode: 0, reason: null }
    },
  })
  queue.open()
  onTestFinished(async () => {
    await queue.stop(0)
    await store.close()
  })
  const verdict = { hook: hook.name, update: 0, matched: true, checks: [], run: null }
  const push = (guid: string) =>
    queue.accept(
      aDelivery({ guid, updates: [aPush('main')] }),
      [verdict],
      [{ hook, update: 0, inputs: {} }],
    )
  return { store, queue, executed, push, current }
}

test('a run that need not wait is stored as running together with its delivery', async () => {
  const { push, executed, store } = aQueue(aHook())
  expect((await push('a')).queued).toMatchObject([{ status: 'running' }])
  await until(() => executed.length === 1)
  await until(async () => (await store.run(1))?.status === 'success')
  expect((await store.run(1))?.startedAt).toBeGreaterThan(0)
})

test('of two deliveries for one group in one moment, the second waits for the first', async () => {
  const { push, executed } = aQueue(aHook())
  const accepted = await Promise.all([push('a'), push('b')])
  expect(accepted.map(({ queued }) => queued[0]?.status)).toEqual(['running', 'queued'])
  await until(() => executed.length === 2)
  expect(executed.map(([id]) => id)).toEqual([1, 2])
})

test('when the delivery cannot be stored, its place is free for the next', async () => {
  const { push, executed, store } = aQueue(aHook())
  const real = store.accept.bind(store)
  let fails = true
  store.accept = async (...given) => {
    const mayBegin = given[4]
    if (!fails) return real(...given)
    fails = false
    expect(mayBegin?.({ id: 1, group: 'deploy-site' } as never)).toBe(true)
    throw new Error('disk full')
  }
  await expect(push('a')).rejects.toThrow('disk full')
  expect((await push('b')).queued).toMatchObject([{ status: 'running' }])
  await until(() => executed.length === 1)
})

test('a hook that was reloaded meanwhile runs as it is now, and the run says so', async () => {
  const hook = aHook()
  const { push, executed, current } = aQueue(hook)
  const pushed = push('a')
  current.hook = { ...hook, config: 'newer0000000' }
  await pushed
  await until(() => executed.length === 1)
  expect(executed).toEqual([[1, 'newer0000000']])
})

test('a run that begins while the server stops is not started, and waits for the next start', async () => {
  const { push, executed, store, queue } = aQueue(aHook())
  const pushed = push('a')
  const stopped = queue.stop(0)
  await pushed
  await stopped
  await until(async () => (await store.run(1))?.status === 'queued')
  expect(executed).toEqual([])
})
