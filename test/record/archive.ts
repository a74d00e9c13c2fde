/** A store with history: runs and deliveries of long ago, for tests of how long things are kept. */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import { silentLog } from '../../src/log.ts'
import type { Keep } from '../../src/model/config.ts'
import { FileOutputLog } from '../../src/record/output.ts'
import { OutputFiles } from '../../src/record/output-files.ts'
import { Retention } from '../../src/record/retention.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { aStep } from '../show/world.ts'
import { aDelivery, aDirectory, aHook, aKeep } from '../some.ts'
import { daysAgo, type Past, policyOf } from './retention-contract.ts'

export function anArchive(keep: Partial<Keep> = {}, directory = aDirectory()) {
  const store = openSqlite(directory)
  const output = new FileOutputLog(join(directory, 'output'))
  const files = new OutputFiles(join(directory, 'output'), output)
  const hooks = new Map<string, { runs: number | null; ageMs: number | null }>()
  const policy = policyOf(aKeep(keep), hooks)
  const parts = { prune: store.prune, files, policy: () => policy, log: silentLog() }
  const retention = new Retention(parts)
  const database = new DatabaseSync(join(directory, 'runhook.db'))
  onTestFinished(() => database.close())
  onTestFinished(() => store.close().catch(() => undefined))

  async function aRun(days: number, past: Past = {}): Promise<number> {
    const { hook = 'deploy-site', bytes = 10, status = 'success', ...delivery } = past
    const sent = aDelivery({ receivedAt: daysAgo(days), ...delivery })
    const concurrency = { group: null, cancelInProgress: false, queue: 'max' } as const
    const wanted = [{ hook: aHook({ name: hook, concurrency }), update: 0, inputs: {} }]
    const { queued } = await store.accept(sent, [], wanted)
    const id = queued[0]?.id ?? 0
    if (status !== 'queued') await store.begin(id, 'c-old')
    const steps = [aStep({ outputTo: bytes })]
    const end = { exitCode: 0, signal: null, reason: null, outputBytes: bytes, outputCut: 0, steps }
    if (status !== 'queued') {
      const writer = output.open(id)
      writer.write(Buffer.alloc(bytes, 'x'))
      await writer.close()
    }
    if (status !== 'queued' && status !== 'running') {
      const finished = store.finish(id, { ...end, status })
      await store.run(id) // has it written at once
      await finished
      retention.ended(id)
    }
    database
      .prepare(
        'UPDATE runs SET queued_at = ?, finished_at = iif(finished_at IS NULL, NULL, ?) WHERE id = ?',
      )
      .run(daysAgo(days), daysAgo(days), id)
    return id
  }
  const runIds = async () => (await store.runs({ limit: 30_000 })).map(({ id }) => id).reverse()
  return { directory, store, output, files, hooks, retention, database, aRun, runIds }
}

/** A directory with deliveries 1 to `count`, each with a run that has ended. */
export async function filled(count: number, at: (id: number) => number): Promise<string> {
  const directory = aDirectory()
  await openSqlite(directory).close()
  const database = new DatabaseSync(join(directory, 'runhook.db'))
  const delivery = database.prepare(
    `INSERT INTO deliveries (id, received_at, endpoint, host, event, updates, proof, address, headers,
      verdicts, body) VALUES (?, ?, '/x', 'github', 'push', '[]', '', '', '{}', '[]', ?)`,
  )
  const run = database.prepare(
    `INSERT INTO runs (id, delivery_id, hook, update_index, attempt, status, queued_at, started_at,
      finished_at, config, event, inputs) VALUES (?, ?, 'deploy-site', 0, 1, 'success', ?, ?, ?, '', 'push', '{}')`,
  )
  const body = Buffer.alloc(2000, 'x')
  database.exec('BEGIN')
  for (let id = 1; id <= count; id++) {
    delivery.run(id, at(id), body)
    run.run(id, id, at(id), at(id), at(id))
  }
  database.exec('COMMIT')
  database.close()
  return directory
}
