/** A migrated database with runs in it, as they stand there while a worker has them. */

import { onTestFinished } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { Postgres } from '../../src/postgres/connect.ts'
import { Listener, type ListenOptions } from '../../src/postgres/listen.ts'
import { Notices } from '../../src/postgres/notices.ts'
import { migrate } from '../../src/postgres/schema.ts'
import { runOf, stepOf } from '../../src/record/rows.ts'
import type { Store } from '../../src/record/store.ts'
import { aReadyDatabase } from './ready.ts'

export interface FleetProcess {
  readonly url: string
  readonly database: Postgres
  readonly notices: Notices
  readonly listener: Listener
}

/** The parts of one process that reach the database, in a database of its own unless one is given. */
export async function aProcess(
  url?: string,
  options: Partial<ListenOptions> = {},
): Promise<FleetProcess> {
  const at = url ?? (await aReadyDatabase())
  const database = new Postgres(at, { name: 'test' })
  onTestFinished(() => database.close())
  await migrate(database)
  const notices = new Notices(database)
  const listener = new Listener(at, { name: 'test', log: silentLog(), database, ...options })
  listener.start()
  onTestFinished(async () => {
    await listener.close()
    await notices.close()
  })
  return { url: at, database, notices, listener }
}

/** As a worker has it that began a moment ago. */
export async function aRunningRun({ database }: Pick<FleetProcess, 'database'>, id: number) {
  await database.query(
    `INSERT INTO runhook.deliveries (id, received_at, endpoint, host, event, updates, proof, address, headers,
       verdicts, body)
     VALUES ($1, 0, 'cli', 'webhook', 'manual', '[]', 'local', '', '{}', '[]', '') ON CONFLICT DO NOTHING`,
    [id],
  )
  await database.query(
    `INSERT INTO runhook.runs (id, delivery_id, hook, update_index, attempt, status, queued_at, started_at, config,
       event, inputs, label, unit)
     VALUES ($1, $1, 'deploy-site', 0, 1, 'running', 0, 0, 'c0ffee', 'manual', '{}', 'default', $1)`,
    [id],
  )
}

export async function endRun(
  { database, notices }: Pick<FleetProcess, 'database' | 'notices'>,
  id: number,
  status = 'success',
) {
  await database.query(
    'UPDATE runhook.runs SET status = $2, exit_code = 0, finished_at = 1 WHERE id = $1',
    [id, status],
  )
  notices.tell({ kind: 'move', run: id })
}

/** What a worker notes of a step; `to` is where its output ends, null while it goes on. */
export async function noteStep(
  { database }: Pick<FleetProcess, 'database'>,
  runId: number,
  number: number,
  to: number | null,
  from = 0,
) {
  await database.query(
    `INSERT INTO runhook.steps (run_id, number, phase, title, status, started_at, finished_at, output_from,
       output_to)
     VALUES ($1, $2, 'run', 'true', $3, 0, $4, $5, $6)
     ON CONFLICT (run_id, number) DO UPDATE SET status = excluded.status, finished_at = excluded.finished_at,
       output_to = excluded.output_to`,
    [runId, number, to === null ? null : 'success', to === null ? null : 1, from, to],
  )
}

/** What of the Store reads single runs. */
export function rowsOf(database: Postgres): Pick<Store, 'run' | 'steps'> {
  return {
    async run(id) {
      const [row] = await database.query('SELECT * FROM runhook.runs WHERE id = $1', [id])
      return row ? runOf(row) : null
    },
    async steps(id) {
      const sql = 'SELECT * FROM runhook.steps WHERE run_id = $1 ORDER BY number'
      return (await database.query(sql, [id])).map(stepOf)
    },
  }
}
