import { expect } from 'vitest'
import { PostgresKeptOutputs } from '../../src/postgres/kept-outputs.ts'
import { PostgresPrune } from '../../src/postgres/prune.ts'
import { aHook } from '../some.ts'
import { onPostgres as test } from './database.ts'
import { aFleet, inGroup, onEvery, type TestFleet } from './members.ts'

const RUNS = 20_000

/** Ended runs of one hook in one group, and their deliveries. */
async function aHistory(fleet: TestFleet): Promise<void> {
  await fleet.db.query(
    `INSERT INTO runhook.deliveries (received_at, endpoint, host, guid, guid_key, event, updates, proof, address,
        headers, verdicts, body_hash, body)
      SELECT 1, '/hooks/deploy-site', 'github', 'old' || n, 'old' || n, 'push', '[]', 'p', '', '{}', '[]',
        sha256(n::text::bytea), 'x' FROM generate_series(1, $1) AS n`,
    [RUNS],
  )
  await fleet.db.query(
    `INSERT INTO runhook.runs (delivery_id, hook, update_index, concurrency_group, attempt, status, queued_at,
        started_at, finished_at, config, event, ref_name, sha, inputs, label, worker, unit, output_bytes)
      SELECT id, 'deploy-site', 0, 'deploy-site', 1, CASE WHEN id % 5 = 0 THEN 'success' ELSE 'failure' END, 1, 1,
        id, 'c', 'push', 'main', 'aa', '{}', 'default', 'one', id, 7 FROM runhook.deliveries`,
  )
  await fleet.db.query('ANALYZE')
}

/** Rows of ours that all statements so far have read, of whatever connection. */
async function read(fleet: TestFleet): Promise<number> {
  const connections = Array.from({ length: 12 }, () =>
    fleet.db.query('SELECT pg_stat_force_next_flush(), pg_sleep(0.1)'),
  )
  await Promise.all(connections) // each tells what it has read when its next transaction is over
  await fleet.db.query('SELECT pg_stat_clear_snapshot()')
  const [row] = await fleet.db.query(
    `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS rows FROM pg_stat_user_tables
      WHERE schemaname = 'runhook' AND relname IN ('runs', 'deliveries')`,
  )
  return Number(row?.rows)
}

test('what a run costs does not grow with the history', async () => {
  const fleet = await aFleet({ connections: 6 })
  const worker = await fleet.worker('one', { labels: ['default', 'web'] })
  await aHistory(fleet)
  const before = await read(fleet)
  const cycles: [ReturnType<typeof aHook>, 'success' | 'failure'][] = [
    [aHook(), 'success'],
    [inGroup(null), 'failure'],
    [aHook({ maxParallel: 1 }), 'success'],
    [onEvery({ maxParallel: 1, failFast: true }), 'failure'],
  ]
  for (const [hook, status] of cycles) {
    await fleet.accept(hook, { guid: `again ${status}` })
    await fleet.accept(hook)
    for (const id of await worker.take()) await worker.finish(id, status)
    const { queued } = await fleet.accept(hook)
    for (const { id } of queued) await fleet.fleet.cancel(id, 'cancelled by ada')
  }
  expect(await fleet.fleet.mend()).toBe(0)
  expect(await fleet.fleet.counts()).toEqual({ waiting: 0, running: 0 })
  expect(await fleet.fleet.deployed()).toHaveLength(1)
  expect((await read(fleet)) - before).toBeLessThan(RUNS / 10)
})

test('what it costs to know what is kept does not grow with the history', async () => {
  const fleet = await aFleet({ connections: 6 })
  await aHistory(fleet)
  const [prune, kept] = [new PostgresPrune(fleet.db), new PostgresKeptOutputs(fleet.db)]
  await fleet.db.query(
    `UPDATE runhook.runs SET hook = 'never', status = 'cancelled', started_at = NULL WHERE id % 2 = 0`,
  )
  await fleet.db.query('VACUUM ANALYZE runhook.runs')
  await kept.count()
  const before = await read(fleet)
  expect(await prune.oldestOfLast('deploy-site', 500)).toBe(RUNS - 999)
  expect(await prune.oldestOfLast('never', 500)).toBe(RUNS - 998)
  expect(await prune.oldestOfLastStarted('deploy-site')).toBe(RUNS - 9)
  expect(await prune.oldestOfLastStarted('never')).toBeNull()
  await fleet.db.query(`INSERT INTO runhook.configs VALUES ('c', '{}', 1), ('unused', '{}', 1)`)
  await prune.configs([], 2)
  expect(await fleet.db.query('SELECT hash FROM runhook.configs')).toEqual([{ hash: 'c' }])
  await kept.count()
  expect(kept.bytes).toBe(RUNS * 7)
  expect((await read(fleet)) - before).toBeLessThan(RUNS / 10)
})
