/** A database with this release's tables, and rows in it that came about otherwise than in life. */

import { onTestFinished } from 'vitest'
import type { Delivery } from '../../src/model/delivery.ts'
import type { RunStatus } from '../../src/model/run.ts'
import { Postgres } from '../../src/postgres/connect.ts'
import { migrate } from '../../src/postgres/schema.ts'
import { bodyHashOf, guidKeyOf } from '../../src/record/repeats.ts'
import { number } from '../../src/record/rows.ts'
import { aDelivery } from '../some.ts'
import { aReadyDatabase } from './ready.ts'

export function connected(url: string): Postgres {
  const database = new Postgres(url, { name: 'test' })
  onTestFinished(() => database.close())
  return database
}

export async function migrated(url?: string): Promise<Postgres> {
  const database = connected(url ?? (await aReadyDatabase()))
  await migrate(database)
  return database
}

export async function aDeliveryRow(
  database: Postgres,
  fields: Partial<Delivery> = {},
): Promise<number> {
  const delivery = aDelivery(fields)
  const [row] = await database.query(
    `INSERT INTO runhook.deliveries (received_at, endpoint, host, guid, guid_key, event, repository,
        sender, updates, proof, address, headers, verdicts, duplicate_of, body_hash, body)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '[]',
        (SELECT id FROM runhook.deliveries WHERE endpoint = $2 AND guid_key = $5 AND duplicate_of IS NULL),
        $13, $14) RETURNING id`,
    [
      delivery.receivedAt,
      delivery.endpoint,
      delivery.host,
      delivery.guid,
      guidKeyOf(delivery),
      delivery.event,
      delivery.repository,
      delivery.sender,
      JSON.stringify(delivery.updates),
      delivery.proof,
      delivery.address,
      JSON.stringify(delivery.headers),
      bodyHashOf(delivery),
      Buffer.from(delivery.body),
    ],
  )
  return number(row ?? {}, 'id')
}

export interface RunRow {
  readonly delivery: number
  readonly hook?: string
  readonly status?: RunStatus
  /** When all of it was. */
  readonly at?: number
  readonly bytes?: number
  readonly config?: string
  readonly worker?: string
  readonly rollout?: number
  /** Cancelled before it had begun. */
  readonly unstarted?: boolean
}

/** A run with its one step; what has ended has output too. */
export async function aRunRow(database: Postgres, run: RunRow): Promise<number> {
  const { hook = 'deploy-site', status = 'success', at = Date.now(), bytes = 10 } = run
  const ended = status !== 'queued' && status !== 'running'
  const [row] = await database.query(
    `WITH next AS (SELECT nextval(pg_get_serial_sequence('runhook.runs', 'id')) AS id)
      INSERT INTO runhook.runs (id, unit, delivery_id, hook, update_index, attempt, status, queued_at,
        started_at, finished_at, config, event, ref_name, inputs, output_bytes, label, worker, rollout)
      SELECT id, coalesce($9, id), $1, $2, 0, 1, $3, $4, $5, $6, $7, 'push', 'main', '{}', $8, 'default', $10, $9
      FROM next RETURNING id`,
    [
      run.delivery,
      hook,
      status,
      at,
      status === 'queued' || run.unstarted ? null : at,
      ended ? at : null,
      run.config ?? 'c-old',
      ended && !run.unstarted ? bytes : 0,
      run.rollout ?? null,
      run.worker ?? null,
    ],
  )
  const id = number(row ?? {}, 'id')
  if (!ended || run.unstarted) return id
  const step = `INSERT INTO runhook.steps (run_id, number, phase, title, status, started_at,
    finished_at, exit_code, output_from, output_to) VALUES ($1, 1, 'run', 'make', $2, $3, $3, 0, 0, $4)`
  await database.query(step, [id, status, at, bytes])
  await anOutput(database, id, bytes)
  return id
}

/** In pieces, as it came. */
export async function anOutput(database: Postgres, runId: number, bytes: number): Promise<void> {
  await database.query(
    `INSERT INTO runhook.outputs SELECT $1, at, decode(repeat('78', least($3, $2 - at)::integer), 'hex')
      FROM generate_series(0, $2::bigint - 1, $3::bigint) AS at`,
    [runId, bytes, Math.max(1, Math.ceil(bytes / 4))],
  )
}

export async function countOf(database: Postgres, table: string): Promise<number> {
  const [row] = await database.query(`SELECT count(*) AS count FROM runhook.${table}`)
  return number(row ?? {}, 'count')
}
