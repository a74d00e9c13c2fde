/** What docs/scale.md says of a fleet, measured: what a receiver takes, what a worker gets done, what it weighs. */

import { expect } from 'vitest'
import { aCluster, groupHook, rows, unfinished } from '../fleet/cluster.ts'
import { inTurn } from '../fleet/ordeals.ts'
import { aServer, onPostgres } from '../postgres/database.ts'
import { aPushBody, asGitHub, send } from '../receive/receiver.ts'
import { until } from '../some.ts'

const LASTS_MS = 10_000
const side = { concurrency: false }
const hooks = {
  site: groupHook('site', ':', side),
  quick: { ...groupHook('quick', ':', side), run: 'true' },
}
const roomy = { 'max-waiting': 1_000_000 }

const tell = (what: string, figures: object) =>
  process.stdout.write(`${what}: ${JSON.stringify(figures)}\n`)

onPostgres('what receivers take', async () => {
  const server = await aServer()
  for (const count of [1, 2, 3]) {
    const url = await server.createDatabase()
    const cluster = aCluster({ url, hooks, server: roomy })
    const receivers = await inTurn(count, (i) => cluster.receiver(`receiver-${i}`))
    const ports = receivers.map(({ port }) => port)
    for (const senders of [1, 16, 64])
      tell(`${count} receivers, ${senders} senders`, await taken(ports, senders))
    for (const receiver of receivers) await receiver.stop()
  }
})

onPostgres('what workers get done', async () => {
  const server = await aServer()
  for (const count of [1, 2, 4]) {
    const url = await server.createDatabase()
    const cluster = aCluster({ url, hooks, server: roomy })
    const receiver = await cluster.receiver('receiver')
    await Promise.all(Array.from({ length: 16 }, () => sendSome(receiver.port, 2000 / 16)))
    const workers = await inTurn(count, (i) => cluster.worker(`worker-${i}`))
    const [since, left] = [Date.now(), await unfinished(url)]
    await until(async () => (await unfinished(url)) === 0, 'the end of all runs', 300_000)
    const perSecond = Math.round((1000 * left) / (Date.now() - since))
    tell(`${count} workers`, { runs: left, 'runs/s': perSecond })
    for (const worker of workers) await worker.stop()
    await receiver.stop()
  }
})

onPostgres('what a delivery and its run weigh', async () => {
  const server = await aServer()
  const url = await server.createDatabase()
  const cluster = aCluster({ url, hooks, server: roomy })
  const receiver = await cluster.receiver('receiver')
  await cluster.worker('worker')
  await Promise.all(Array.from({ length: 16 }, () => sendSome(receiver.port, 2000 / 16)))
  await until(async () => (await unfinished(url)) === 0, 'the end of all runs', 300_000)
  const tables = await rows<{ name: string; bytes: number }>(
    url,
    `SELECT n.nspname || '.' || c.relname AS name, pg_total_relation_size(c.oid)::float8 AS bytes
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname LIKE 'runhook%' AND c.relkind = 'r' ORDER BY 2 DESC LIMIT 8`,
  )
  const [count] = await rows<{ n: number }>(
    url,
    'SELECT count(*)::int AS n FROM runhook.deliveries',
  )
  expect(count?.n).toBe(2000)
  tell(
    'bytes per delivery',
    Object.fromEntries(tables.map(({ name, bytes }) => [name, Math.round(bytes / 2000)])),
  )
})

async function taken(ports: readonly number[], senders: number) {
  const until = Date.now() + LASTS_MS
  const times: number[] = []
  let refused = 0
  await Promise.all(
    Array.from({ length: senders }, async (_, sender) => {
      for (let i = sender; Date.now() < until; i++) {
        const began = performance.now()
        const status = await push(ports[i % ports.length] ?? 0)
        if (status === 202) times.push(performance.now() - began)
        else refused++
      }
    }),
  )
  times.sort((a, b) => a - b)
  const at = (share: number) => Math.round((times[Math.floor(times.length * share)] ?? 0) * 10) / 10
  const perSecond = Math.round((1000 * times.length) / LASTS_MS)
  return { 'accepted/s': perSecond, 'p50 ms': at(0.5), 'p99 ms': at(0.99), refused }
}

async function sendSome(port: number, count: number): Promise<void> {
  for (let i = 0; i < count; i++) expect(await push(port)).toBe(202)
}

async function push(port: number): Promise<number> {
  const body = aPushBody({ guid: Math.random() })
  return (await send(port, '/hooks/quick', { body, headers: asGitHub(body) })).status
}
