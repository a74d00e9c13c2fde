/**
 * A fleet whose primary is lost, again and again, and whose standby takes its place under load. The processes know one
 * address, which moves. Each time a new standby is made of the one that was promoted.
 */

import { expect } from 'vitest'
import type { Server } from '../postgres/database.ts'
import { aPrimary, aStandbyOf, promote } from '../postgres/standby.ts'
import { until } from '../some.ts'
import { aCluster, checkFleet, deliver, groupHook, rows, unfinished } from './cluster.ts'
import { ticking, ticksOf } from './cutoff.ts'
import { aForwarder, type Forwarder, through } from './forwarder.ts'
import { eachGroup, endedRuns, type Figures, groupsOf, inTurn } from './ordeals.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * `clean`: the primary dies, the standby is promoted, the address moves. `early`: the address moves before the
 * promotion, and leads to a database that can only be read. `lingering`: the primary lives on with its
 * connections, and nobody confirms its commits. `alone`: it is the standby that goes, and comes back; no commit is
 * confirmed meanwhile.
 */
export type Way = 'clean' | 'early' | 'lingering' | 'alone'

/** How long the address leads to what can only be read, and how long a primary is alone. */
const READ_ONLY_MS = 3000
const ALONE_MS = 20_000

interface Scene {
  readonly address: Forwarder
  readonly load: Load
  readonly receivers: readonly { readonly port: number }[]
}

/** Resolves with who is the primary then. */
type Change = (scene: Scene, primary: Server, standby: Server) => Promise<Server>

const ways: Readonly<Record<Way, Change>> = {
  async clean({ address }, primary, standby) {
    await primary.stop(Math.random() < 0.5 ? 'kill' : 'immediate')
    await promote(standby)
    address.leadTo(standby.port)
    return standby
  },
  async early({ address, load, receivers }, primary, standby) {
    await primary.stop('kill')
    address.leadTo(standby.port)
    await sleep(READ_ONLY_MS / 3) // for answers that were under way
    const before = load.acknowledged.size
    await sleep(READ_ONLY_MS / 3)
    for (const { port } of receivers)
      expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(503)
    await sleep(READ_ONLY_MS / 3)
    expect(load.acknowledged.size).toBe(before)
    expect(load.failures.at(-1)).toMatch(/^503 /)
    await promote(standby)
    return standby
  },
  async lingering({ address }, _primary, standby) {
    address.leadTo(standby.port)
    await promote(standby)
    return standby
  },
  async alone({ load }, primary, standby) {
    await standby.stop('kill')
    await sleep(500) // for answers that were under way
    const before = load.acknowledged.size
    await sleep(ALONE_MS)
    expect(load.acknowledged.size).toBe(before)
    expect(load.failures.at(-1)).toMatch(/^503 /)
    await standby.start()
    return primary
  },
}

export async function failovers(size: {
  readonly ways: readonly Way[]
  readonly lease: string
  readonly patienceMs: number
}): Promise<Figures> {
  let primary = await aPrimary()
  const url = await primary.createDatabase()
  const address = await aForwarder(primary.port)
  let standby = await aStandbyOf(primary)
  const hooks = groupsOf(20, 'sleep 0.05')
  const cluster = aCluster({ url: through(address, url), hooks, server: { lease: size.lease } })
  const receivers = await inTurn(2, (i) => cluster.receiver(`receiver-${i}`))
  await inTurn(3, (i) => cluster.worker(`worker-${i}`))
  const load = aLoad(receivers)
  const worst: Record<string, number> = {}
  for (const way of size.ways) {
    await sleep(500 + Math.random() * 500)
    const now = await ways[way]({ address, load, receivers }, primary, standby)
    const took = await recovery(now.url(new URL(url).pathname.slice(1)), load.acknowledged)
    for (const [what, ms] of Object.entries(took)) {
      const name = `${way}: ${what} again, worst ms`
      worst[name] = Math.max(worst[name] ?? 0, ms)
    }
    if (now === primary) continue
    await primary.close()
    ;[primary, standby] = [standby, await aStandbyOf(standby)]
  }
  await load.stop()
  const done = async () => (await unfinished(cluster.url)) === 0
  await until(done, 'the end of all runs', size.patienceMs)
  const runs = await checkFleet(cluster, load.acknowledged)
  const { success = 0, interrupted = 0, ...others } = runs
  expect(others).toEqual({})
  expect(success + interrupted).toBe(load.acknowledged.size) // one for each, however often it was sent
  return {
    failovers: size.ways.length,
    acknowledged: load.acknowledged.size,
    'answered 503 or not at all': load.failures.length,
    ...worst,
    'waited longest for its start, ms': await longestWait(cluster.url),
    success,
    interrupted,
    why: await reasons(cluster.url),
  }
}

/** The standby is promoted when the lease is over: by then nothing runs any more of what the workers had begun. */
export async function lateFailover({ leaseMs }: { readonly leaseMs: number }): Promise<Figures> {
  const primary = await aPrimary()
  const url = await primary.createDatabase()
  const address = await aForwarder(primary.port)
  const standby = await aStandbyOf(primary)
  const groups = ['g0', 'g1', 'g2', 'g3', 'g4', 'g5']
  const work = ticking(leaseMs / 1000)
  const cluster = aCluster({
    url: through(address, url),
    hooks: Object.fromEntries(groups.map((group) => [group, groupHook(group, work)])),
    server: { lease: `${leaseMs}ms` },
  })
  const receiver = await cluster.receiver('receiver')
  await inTurn(3, (i) => cluster.worker(`worker-${i}`))
  const acknowledged = new Map<string, string>()
  await eachGroup(groups.length, 6, (hook) => deliver(() => [receiver.port], hook, 2, acknowledged))
  const started = () => cluster.journal().filter(({ word }) => word === 'start')
  await until(() => started().length === groups.length, 'the first of each group')
  await primary.stop('kill')
  const lostAt = Date.now()
  address.leadTo(standby.port)
  await sleep(leaseMs)
  const ended = Math.max(...ticksOf(cluster.directory).map(({ at }) => at)) - lostAt
  expect(ended).toBeLessThan(leaseMs)
  await promote(standby)
  await until(async () => (await unfinished(cluster.url)) === 0, 'the end of all runs', 120_000)
  expect(await checkFleet(cluster, acknowledged)).toEqual({ interrupted: 6, success: 6 })
  return { 'away for ms': leaseMs, 'all commands ended after ms': ended }
}

export type Load = ReturnType<typeof aLoad>

/** Four senders for twenty groups, each of which sends again what nobody has taken. */
export function aLoad(receivers: readonly { readonly port: number }[]) {
  const acknowledged = new Map<string, string>()
  const failures: string[] = []
  const ports = () => receivers.map(({ port }) => port)
  let going = true
  const senders = Array.from({ length: 4 }, async (_, sender) => {
    for (let i = sender; going; i += 4)
      await deliver(ports, `g${i % 20}`, 1, acknowledged, failures)
  })
  const stop = async () => {
    going = false
    await Promise.all(senders)
  }
  return { acknowledged, failures, stop }
}

/** From now on, by the database at `url`. */
export async function recovery(url: string, acknowledged: ReadonlyMap<string, string>) {
  const [since, before] = [Date.now(), acknowledged.size]
  const ended = await endedRuns(url)
  await until(() => acknowledged.size > before, 'a delivery', 60_000)
  const accepting = Date.now() - since
  await until(async () => (await endedRuns(url)) > ended, 'the end of a run', 60_000)
  return { accepting, running: Date.now() - since }
}

/** Of runs that were interrupted. */
async function reasons(url: string): Promise<string> {
  const sql = `SELECT DISTINCT reason FROM runhook.runs WHERE status = 'interrupted'`
  return (await rows<{ reason: string }>(url, sql)).map(({ reason }) => reason).join('; ')
}

/** A run that was being handed out when the answer was lost waits for the lease. */
async function longestWait(url: string): Promise<number> {
  const sql = 'SELECT max(started_at - queued_at)::int AS ms FROM runhook.runs'
  return (await rows<{ ms: number }>(url, sql))[0]?.ms ?? 0
}
