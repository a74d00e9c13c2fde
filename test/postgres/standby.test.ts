/** One connection and another, while a standby takes the place of its primary. */

import { expect, onTestFinished } from 'vitest'
import { createLog } from '../../src/log.ts'
import { Postgres } from '../../src/postgres/connect.ts'
import { Listener } from '../../src/postgres/listen.ts'
import { aForwarder, through } from '../fleet/forwarder.ts'
import { until } from '../some.ts'
import { aServer, onPostgres, type Server } from './database.ts'
import { aPrimary, aStandbyOf, promote } from './standby.ts'

function connected(url: string, lifetimeS?: number): Postgres {
  const database = new Postgres(url, { name: 'test', ...(lifetimeS && { lifetimeS }) })
  onTestFinished(() => database.close())
  return database
}

const only = { code: 'storage', message: expect.stringContaining('can only be read') }
const insert = (database: Postgres) =>
  database.transaction((session) => session.query('CREATE TABLE public.made ()'))

async function serverOf(database: Postgres): Promise<number> {
  const [row] = await database.query('SELECT inet_server_port() AS port')
  return Number(row?.port)
}

onPostgres('a commit whose wait for the standby was cancelled does not count as one', async () => {
  const settings = { synchronous_commit: 'local', synchronous_standby_names: 'nobody' }
  const server = await aServer({ settings })
  const database = connected(await server.createDatabase())
  const waits = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`
  for (const change of [
    () => insert(database),
    () => database.query('CREATE TABLE public.other ()'),
  ]) {
    const changed = change()
    changed.catch(() => undefined)
    await until(async () => (await server.administer(waits)).length > 0, 'the wait')
    await expect(changed).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('the wait for its synchronous standby was cancelled'),
    })
  }
})

onPostgres('a standby is not connected to, and once it is promoted it is', async () => {
  const primary = await aPrimary()
  const url = await primary.createDatabase()
  const standby = await aStandbyOf(primary)
  const address = await aForwarder(standby.port)
  const database = connected(through(address, url))
  await expect(database.query('SELECT 1')).rejects.toMatchObject(only)
  await promote(standby)
  await insert(database)
  expect(await serverOf(database)).toBe(standby.port)
})

onPostgres('a server that becomes read-only is left, by all connections to it', async () => {
  const [before, after] = await Promise.all([aServer(), aServer()])
  const url = await before.createDatabase()
  await after.createDatabase()
  const address = await aForwarder(before.port)
  const database = connected(through(address, url))
  await Promise.all(Array.from({ length: 3 }, () => database.query('SELECT pg_sleep(0.1)')))
  await readOnly(before)
  address.leadTo(after.port)
  expect(await serverOf(database)).toBe(before.port) // who only reads has not noticed
  await expect(insert(database)).rejects.toMatchObject(only)
  const found = await Promise.all(Array.from({ length: 3 }, () => serverOf(database)))
  expect(found).toEqual(Array(3).fill(after.port))
  await insert(database)
})

onPostgres('no connection is used for good', async () => {
  const server = await aServer()
  const database = connected(await server.createDatabase(), 1)
  const pid = async () => (await database.query('SELECT pg_backend_pid() AS pid'))[0]?.pid
  const first = await pid()
  await until(async () => (await pid()) !== first, 'another connection')
})

onPostgres('who listens where nobody speaks any more goes to where they do', async () => {
  const [before, after] = await Promise.all([aServer(), aServer()])
  const url = await before.createDatabase()
  const elsewhere = connected(await after.createDatabase())
  let speaker = connected(url)
  const address = await aForwarder(before.port)
  const told: string[] = []
  const log = createLog({ pretty: false })
  for (const level of ['info', 'warn'] as const)
    log[level] = (message: unknown) => void told.push(String(message))
  const listener = new Listener(through(address, url), {
    name: 'test',
    log,
    database: { query: (sql, values) => speaker.query(sql, values) },
    heartbeatMs: 100,
    echoMs: 300,
    proveMs: 200,
  })
  onTestFinished(() => listener.close())
  listener.start()
  await until(() => listener.hears, 'the first word')
  address.leadTo(after.port) // its connection stays with a server that is well
  speaker = elsewhere
  await until(() => told.length === 2, 'news from there')
  expect(told).toEqual([
    'no news of the fleet, trying again: The database cannot be used: the connection brings no news any more.',
    '    news of the fleet comes through again',
  ])
})

async function readOnly(server: Server): Promise<void> {
  await server.administer('ALTER SYSTEM SET default_transaction_read_only = on')
  await server.administer('SELECT pg_reload_conf()')
  const shown = 'SHOW default_transaction_read_only'
  await until(
    async () => (await server.administer(shown))[0]?.default_transaction_read_only === 'on',
  )
}
