/** A database that another program holds: writes wait without holding up anything else, and not for ever. */

import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { openSqlite, type SqliteStore } from '../../src/record/sqlite.ts'
import { aDelivery, aDirectory, aHook } from '../some.ts'

const hook = aHook({ concurrency: { group: null, cancelInProgress: false, queue: 'max' } })
const accept = (store: SqliteStore) =>
  store.accept(aDelivery(), [], [{ hook, update: 0, inputs: {} }])

/** A store, and another connection that holds its database from now on. */
function aHeldStore() {
  const directory = aDirectory()
  const store = openSqlite(directory)
  const other = new DatabaseSync(join(directory, 'runhook.db'))
  onTestFinished(() => store.close().catch(() => undefined))
  onTestFinished(() => other.close())
  other.exec('BEGIN EXCLUSIVE')
  return { store, other, directory }
}

/** What another thread has to wait for its turn meanwhile: the machine's fault, and not that of the store. */
async function machineWatch(): Promise<() => Promise<number>> {
  const watch = `const { parentPort } = require('node:worker_threads')
    let longest = 0, last = performance.now()
    setInterval(() => { longest = Math.max(longest, performance.now() - last); last = performance.now() }, 5)
    parentPort.on('message', () => parentPort.postMessage(longest))
    parentPort.postMessage('ready')`
  const thread = new Worker(watch, { eval: true })
  onTestFinished(() => void thread.terminate())
  await once(thread, 'message')
  return async () => {
    thread.postMessage('how long?')
    const [longest] = await once(thread, 'message')
    return longest
  }
}

/** The longest time in which nothing else had its turn, until asked. */
function loopWatch(): () => number {
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 5)
  return () => {
    clearInterval(timer)
    return longest
  }
}

/** Twenty a second, each with what became of it and how long that took. */
async function deliverFor(store: SqliteStore, ms: number) {
  const all: Promise<{ kept: boolean; ms: number }>[] = []
  for (const end = Date.now() + ms; Date.now() < end; ) {
    const sent = performance.now()
    const after = (kept: boolean) => ({ kept, ms: performance.now() - sent })
    all.push(
      accept(store).then(
        () => after(true),
        () => after(false),
      ),
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return Promise.all(all)
}

test('held for a second and a half: everything is kept, and the loop goes on', async () => {
  const busy = await machineWatch()
  const { store, other } = aHeldStore()
  setTimeout(() => other.exec('COMMIT'), 1500)
  const longest = loopWatch()
  const sent = await deliverFor(store, 2000)
  expect(longest()).toBeLessThan(250 + (await busy()))
  expect(sent.filter(({ kept }) => !kept)).toEqual([])
  expect(await store.unfinished()).toHaveLength(sent.length)
})

test('held for seven seconds: refused within two, kept once it is free, the loop goes on', async () => {
  const busy = await machineWatch()
  const { store, other } = aHeldStore()
  setTimeout(() => other.exec('COMMIT'), 7000)
  const longest = loopWatch()
  const sent = await deliverFor(store, 7500)
  const stall = longest() // of a busy machine, by which an answer may be late
  expect(stall).toBeLessThan(250 + (await busy()))
  const kept = sent.filter((one) => one.kept)
  expect(sent.filter((one) => one.ms > 2000 + stall)).toEqual([])
  expect(kept.length).toBeLessThan(sent.length)
  expect(sent.at(-1)?.kept).toBe(true)
  expect(await store.unfinished()).toHaveLength(kept.length)
})

test('what is given up is told of, and nothing of it is kept', async () => {
  const { store, other } = aHeldStore()
  await expect(accept(store)).rejects.toThrow('The database refused to write: database is locked.')
  other.exec('COMMIT')
  expect(await store.deliveries({ limit: 1 })).toEqual([])
})

test('a store that is closed meanwhile refuses what waits', async () => {
  const { store } = aHeldStore()
  const waiting = accept(store)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const refused = expect(waiting).rejects.toThrow('The database refused to write')
  await store.close()
  await refused
})
