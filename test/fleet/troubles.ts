/** What can become of a database that is still there. The fleet is under load, and goes on by itself. */

import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { aServer, type Server } from '../postgres/database.ts'
import { until } from '../some.ts'
import { aCluster, checkFleet, unfinished } from './cluster.ts'
import { aLoad, type Load, recovery } from './failover.ts'
import { aForwarder, type Forwarder, through } from './forwarder.ts'
import { type Figures, groupsOf, inTurn } from './ordeals.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

interface Scene {
  readonly server: Server
  readonly address: Forwarder
  readonly load: Load
}

/** No connection that there is brings anything any more, and nobody is told. */
export async function connectionsForgotten(): Promise<Figures> {
  return inTrouble(await aServer({ fsync: false }), async ({ address }) => address.forget())
}

/** Its user may have two connections, and all are ended. */
export async function connectionsExhausted(): Promise<Figures> {
  return inTrouble(await aServer({ fsync: false }), async ({ server, load }) => {
    await server.administer('ALTER ROLE runhook CONNECTION LIMIT 2')
    const all = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'runhook'`
    await server.administer(all)
    await refused(load, 6000)
    await server.administer('ALTER ROLE runhook CONNECTION LIMIT -1')
  })
}

/** There is no room left for its tables, while there is for its log. Needs a right to mount. */
export async function diskFull(): Promise<Figures> {
  const server = await aServer({ fsync: false })
  await server.stop()
  onTestFinished(() => void execFileSync('umount', ['-l', join(server.data, 'base')]))
  execFileSync('sh', ['-ec', SMALL_DISK, 'sh', server.data])
  await server.start()
  const filler = join(server.data, 'base', 'filler')
  return inTrouble(server, async ({ load }) => {
    fill(filler)
    await until(() => load.failures.length > 0, 'the first that is refused')
    await refused(load, 6000)
    rmSync(filler)
  })
}

const SMALL_DISK = `cd "$1"; mv base full; mkdir base
  mount -t tmpfs -o size=80m,mode=700,uid=$(stat -c %u full),gid=$(stat -c %g full) none base
  cp -a full/. base/; rm -r full`

function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (const size of [2 ** 20, 4096]) while (true) if (!writes(file, size)) break
  } finally {
    closeSync(file)
  }
}

function writes(file: number, size: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(size)) === size
  } catch {
    return false
  }
}

async function refused(load: Load, ms: number): Promise<void> {
  const before = load.failures.length
  await sleep(ms)
  expect(load.failures.length).toBeGreaterThan(before)
  expect(load.failures.at(-1)).toMatch(/^503 /)
}

async function inTrouble(server: Server, trouble: (scene: Scene) => Promise<void>) {
  const url = await server.createDatabase()
  const address = await aForwarder(server.port)
  const cluster = aCluster({
    url: through(address, url),
    hooks: groupsOf(20, 'sleep 0.05'),
    server: { lease: '30s' },
  })
  const receivers = await inTurn(2, (i) => cluster.receiver(`receiver-${i}`))
  await inTurn(2, (i) => cluster.worker(`worker-${i}`))
  const load = aLoad(receivers)
  await until(() => load.acknowledged.size > 20, 'deliveries')
  await trouble({ server, address, load })
  const took = await recovery(url, load.acknowledged)
  await load.stop()
  await until(async () => (await unfinished(url)) === 0, 'the end of all runs', 120_000)
  const runs = await checkFleet(cluster, load.acknowledged)
  expect(runs).toEqual({ success: load.acknowledged.size })
  const { accepting, running } = took
  return {
    'accepting again after ms': accepting,
    'running again after ms': running,
    'answered 503': load.failures.length,
    runs,
  }
}
