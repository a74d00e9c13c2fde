/**
 * What a fleet has to go through, each in a size of one's choice: small in CI, large in the soak tests. All of
 * them end in `checkFleet`, and resolve with their figures.
 */

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Server } from '../postgres/database.ts'
import { until } from '../some.ts'
import {
  aCluster,
  checkFleet,
  deliver,
  type FleetProcess,
  groupHook,
  rows,
  unfinished,
} from './cluster.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export const groupsOf = (count: number, work: string, more: object = {}) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`g${i}`, groupHook(`g${i}`, work, more)]),
  )

export interface Figures {
  readonly [what: string]: number | string | Record<string, number>
}

/** Many deliveries for many groups, through all receivers, to all workers. */
export async function underLoad(
  url: string,
  size: {
    receivers: number
    workers: number
    deliveries: number
    groups: number
    patienceMs: number
  },
): Promise<Figures> {
  const cluster = aCluster({
    url,
    hooks: groupsOf(size.groups, ':'),
    server: { 'max-waiting': 100_000, lease: '30s' }, // the usual one: nothing here is to be lost
  })
  const receivers = await inTurn(size.receivers, (i) => cluster.receiver(`receiver-${i}`))
  await inTurn(size.workers, (i) => cluster.worker(`worker-${i}`))
  const acknowledged = new Map<string, string>()
  const failures: string[] = []
  const ports = () => receivers.map(({ port }) => port)
  const began = Date.now()
  await eachGroup(size.groups, 16, (hook) =>
    deliver(ports, hook, size.deliveries / size.groups, acknowledged, failures),
  )
  const accepted = Date.now() - began
  await until(async () => (await unfinished(url)) === 0, 'the end of all runs', size.patienceMs)
  const all = Date.now() - began
  expect(failures).toEqual([])
  const runs = await checkFleet(cluster, acknowledged)
  expect(runs).toEqual({ success: size.deliveries })
  const by = await rows<{ worker: string; count: number }>(
    url,
    'SELECT worker, count(*)::int AS count FROM runhook.runs GROUP BY worker ORDER BY worker',
  )
  expect(by.length).toBe(size.workers)
  return {
    deliveries: acknowledged.size,
    'accepted/s': Math.round((1000 * size.deliveries) / accepted),
    'runs/s': Math.round((1000 * size.deliveries) / all),
    workers: Object.fromEntries(by.map(({ worker, count }) => [worker, count])),
  }
}

/** PostgreSQL is killed and comes back, again and again, while deliveries come and commands run. */
export async function databaseRestarts(
  server: Server,
  url: string,
  size: { times: number; patienceMs: number },
): Promise<Figures> {
  const cluster = aCluster({ url, hooks: groupsOf(20, 'sleep 0.05'), server: { lease: '30s' } })
  const receivers = await inTurn(2, (i) => cluster.receiver(`receiver-${i}`))
  await inTurn(3, (i) => cluster.worker(`worker-${i}`))
  const acknowledged = new Map<string, string>()
  const failures: string[] = []
  let going = true
  const senders = Array.from({ length: 4 }, async (_, sender) => {
    for (let i = sender; going; i += 4)
      await deliver(
        () => receivers.map(({ port }) => port),
        `g${i % 20}`,
        1,
        acknowledged,
        failures,
      )
  })
  const accepting: number[] = []
  const running: number[] = []
  for (let round = 0; round < size.times; round++) {
    await sleep(400 + Math.random() * 800)
    await server.restart('immediate')
    const [since, before] = [Date.now(), acknowledged.size]
    const ended = await endedRuns(url)
    await until(() => acknowledged.size > before, 'a delivery', 30_000)
    accepting.push(Date.now() - since)
    await until(async () => (await endedRuns(url)) > ended, 'the end of a run', 30_000)
    running.push(Date.now() - since)
  }
  going = false
  await Promise.all(senders)
  await until(async () => (await unfinished(url)) === 0, 'the end of all runs', size.patienceMs)
  const runs = await checkFleet(cluster, acknowledged)
  expect(Math.max(...accepting)).toBeLessThan(5000) // what the promise is about: recovery within 5 s
  expect(Math.max(...running)).toBeLessThan(5000)
  return {
    restarts: size.times,
    acknowledged: acknowledged.size,
    'answered 503 or not at all': failures.length,
    'accepting again, worst ms': Math.max(...accepting),
    'running again, worst ms': Math.max(...running),
    runs,
  }
}

/** Workers are killed with -9 in the middle of their work; some come back under their name, some never do. */
export async function workersKilled(
  url: string,
  size: { times: number; patienceMs: number },
): Promise<Figures> {
  // What it leaves in the background holds the group's lock too: it must be gone before the next begins.
  const work = 'setsid sleep 30 & sleep 0.3; kill $! 2>/dev/null'
  const cluster = aCluster({
    url,
    hooks: groupsOf(12, work, { retry: { times: 3, delay: '100ms', on: 'interrupted' } }),
  })
  const receiver = await cluster.receiver('receiver')
  const workers: FleetProcess[] = await inTurn(4, (i) => cluster.worker(`worker-${i}`))
  const acknowledged = new Map<string, string>()
  let going = true
  const senders = Array.from({ length: 3 }, async (_, sender) => {
    for (let i = sender; going; i += 3) {
      await deliver(() => [receiver.port], `g${i % 12}`, 1, acknowledged)
      await sleep(60)
    }
  })
  for (let kill = 0; kill < size.times; kill++) {
    await sleep(300 + Math.random() * 900)
    const at = kill % workers.length
    await workers[at]?.stop('SIGKILL')
    // Every third time another machine takes its place: nobody has its data folder, so its lease must end.
    const name = kill % 3 === 2 ? `spare-${kill}` : (workers[at]?.name ?? '')
    workers[at] = await cluster.worker(name)
  }
  going = false
  await Promise.all(senders)
  await until(async () => (await unfinished(url)) === 0, 'the end of all runs', size.patienceMs)
  const runs = await checkFleet(cluster, acknowledged)
  return { kills: size.times, acknowledged: acknowledged.size, runs }
}

/** A worker is frozen for longer than its lease, and thaws again. */
export async function workerFrozen(
  url: string,
  size: { times: number; patienceMs: number },
): Promise<Figures> {
  // Whatever runs goes on while there is `hold`, also in a session of its own: longer than any lease, if it is let.
  const held = 'while [ -e hold ]; do sleep 0.1; done'
  const work = `setsid sh -c '${held}' & ${held}; sleep 1; wait`
  const cluster = aCluster({ url, hooks: groupsOf(4, work) })
  const hold = join(cluster.directory, 'hold')
  const receiver = await cluster.receiver('receiver')
  const workers = await inTurn(2, (i) => cluster.worker(`worker-${i}`))
  const acknowledged = new Map<string, string>()
  const send = (count: number) =>
    eachGroup(4, 4, (hook) => deliver(() => [receiver.port], hook, count, acknowledged))
  for (let round = 0; round < size.times; round++) {
    const frozen = workers[round % workers.length]
    writeFileSync(hold, '')
    await send(2)
    await until(async () => (await runningOn(url, frozen?.name ?? '')) > 0, 'a run on it', 30_000)
    frozen?.child.kill('SIGSTOP')
    await until(
      async () =>
        (await lostRuns(url, frozen?.name ?? '')) > round / workers.length - 1 &&
        (await runningOn(url, frozen?.name ?? '')) === 0,
      'its runs to be settled by others',
      40_000,
    )
    await sleep(1500) // for those that come next in their groups: what still ran would be in their way
    rmSync(hold)
    frozen?.child.kill('SIGCONT')
    await send(1)
  }
  await until(async () => (await unfinished(url)) === 0, 'the end of all runs', size.patienceMs)
  // Who thawed works again.
  await send(4)
  await until(async () => (await unfinished(url)) === 0, 'the end of all runs', size.patienceMs)
  const last = await rows<{ worker: string }>(
    url,
    `SELECT DISTINCT worker FROM (SELECT worker FROM runhook.runs ORDER BY id DESC LIMIT 16) AS l`,
  )
  expect(last.map(({ worker }) => worker).toSorted()).toEqual(workers.map(({ name }) => name))
  const runs = await checkFleet(cluster, acknowledged)
  return { rounds: size.times, acknowledged: acknowledged.size, runs }
}

export async function endedRuns(url: string): Promise<number> {
  const sql = 'SELECT count(*)::int AS count FROM runhook.runs WHERE finished_at IS NOT NULL'
  const found = await rows<{ count: number }>(url, sql).catch(() => [])
  return found[0]?.count ?? 0
}

async function runningOn(url: string, worker: string): Promise<number> {
  const sql = `SELECT count(*)::int AS count FROM runhook.runs WHERE status = 'running' AND worker = '${worker}'`
  return (await rows<{ count: number }>(url, sql))[0]?.count ?? 0
}

async function lostRuns(url: string, worker: string): Promise<number> {
  const sql = `SELECT count(*)::int AS count FROM runhook.runs WHERE status = 'interrupted' AND worker = '${worker}'`
  return (await rows<{ count: number }>(url, sql))[0]?.count ?? 0
}

/** One after the other: each is a process that loads all of runhook. */
export async function inTurn<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const made: T[] = []
  for (let i = 0; i < count; i++) made.push(await make(i))
  return made
}

/** All groups, so many at a time; one group's deliveries come one after the other. */
export async function eachGroup(
  groups: number,
  atOnce: number,
  send: (hook: string) => Promise<void>,
): Promise<void> {
  const names = Array.from({ length: groups }, (_, i) => `g${i}`)
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let hook = names.shift(); hook !== undefined; hook = names.shift()) await send(hook)
    }),
  )
}
