/**
 * Fills a database without a history with the entries of an archive (record/archive-writer.ts), in one
 * transaction: all of it is there afterwards, or nothing. Runs that wait are sent by archive-send.ts.
 */

import { RunhookError } from '../errors.ts'
import type { Secret } from '../model/hook.ts'
import { cutOffBy, history, notKept, stepCutOff } from '../record/archive-moved.ts'
import type { ArchiveReader } from '../record/archive-reader.ts'
import { type ArchiveRow, columnsOf, type Entry, type TableName } from '../record/archive-tables.ts'
import { deliveryOf, runOf } from '../record/rows.ts'
import type { Postgres, Session } from './connect.ts'
import { requireSchema } from './schema.ts'
import { deliveryDigest, sealedOf, sealFields, sealOf } from './seal.ts'
import { AccountSeal } from './sealed-accounts.ts'
import { asStorageError } from './storage-error.ts'

export const names = {
  config: 'configs',
  token: 'tokens',
  user: 'users',
  audit: 'audit',
  refusal: 'refusals',
  worker: 'workers',
  delivery: 'deliveries',
  pruned_run: 'pruned_runs',
  rollout: 'rollouts',
  run: 'runs',
  step: 'steps',
} as const satisfies Record<TableName, string>

/** What is written at once; a body may be as large as a delivery may be. */
const ROWS = 300
const BYTES = 4 * 2 ** 20

/** What the hooks file says of runs that wait. */
export interface Waiting {
  /** Of a hook, for runs of a server that was alone: its worker's label, and how many may go side by side. */
  readonly placeOf: (hook: string) => {
    readonly label: string
    readonly maxParallel: number | null
  }
  /** The first of the keys that runs are sealed with; null = they are not. */
  readonly sealKey: Secret | null
  /** Called when all is written, before it counts. */
  readonly send?: (session: Session) => Promise<void>
}

/** Rejects with `conflict` when there is a history. */
export async function restorePostgres(
  database: Postgres,
  archive: ArchiveReader,
  waiting: Waiting,
): Promise<void> {
  await requireSchema(database)
  const { at } = await archive.header()
  await database.transaction(async (session) => {
    try {
      // The history may come slowly, from another machine.
      await session.query('SET LOCAL idle_in_transaction_session_timeout = 0')
      await refuseHistory(session)
      await new Restoring(session, at, waiting.placeOf).take(archive)
      if (waiting.sealKey) await sealWaiting(session, waiting.sealKey)
      if (waiting.sealKey) await sealUsers(session, waiting.sealKey)
      await waiting.send?.(session)
      await session.query(AWAY)
      for (const [table] of history) await session.query(behind(table))
    } catch (error) {
      throw asStorageError(error) // what was read cannot be read again, so there is no second try
    }
  })
}

/** Workers of the fleet that was moved: runs wait for them as for ones that are about to come back. */
const AWAY = 'UPDATE runhook.workers SET stopped_at = now() WHERE started_at = now()'

/** The lock keeps receivers out until the end; they answer 503 meanwhile. */
async function refuseHistory(session: Session): Promise<void> {
  const tables = history.map(([table]) => `runhook.${table}`)
  await session.query(`LOCK TABLE ${tables.join(', ')} IN SHARE ROW EXCLUSIVE MODE`)
  for (const [table, what] of history) {
    const rows = await session.query(`SELECT 1 FROM runhook.${table} LIMIT 1`)
    if (rows.length === 0) continue
    throw new RunhookError('conflict', `The database has a history already: there are ${what}.`, {
      hint: 'A history is imported only where there is none: make a new database for it.',
    })
  }
}

/** Numbers go on behind the highest that was ever given, as far as that is known. */
function behind(table: string): string {
  const highest = `greatest((SELECT max(id) FROM runhook.${table})${
    table === 'runs' ? ', (SELECT max(id) FROM runhook.pruned_runs)' : ''
  })`
  return `SELECT setval(pg_get_serial_sequence('runhook.${table}', 'id'), coalesce(${highest}, 1),
    ${highest} IS NOT NULL)`
}

/** Workers with a key take no run that is not sealed. Few wait: as many as may. */
async function sealWaiting(session: Session, key: Secret): Promise<void> {
  const ids = await session.query(`SELECT id FROM runhook.runs WHERE status = 'queued'`)
  for (const { id } of ids) {
    const [row = {}] = await session.query('SELECT * FROM runhook.runs WHERE id = $1', [id])
    const run = runOf(row)
    const delivery = 'SELECT * FROM runhook.deliveries WHERE id = $1'
    const [of = {}] = await session.query(delivery, [run.deliveryId])
    const seal = sealOf(sealFields(run, sealedOf(row), deliveryDigest(deliveryOf(of))), key)
    await session.query('UPDATE runhook.runs SET seal = $2 WHERE id = $1', [id, seal])
  }
}

/** Those that were read are all there are. */
async function sealUsers(session: Session, key: Secret): Promise<void> {
  const seal = new AccountSeal([key])
  for (const row of await session.query('SELECT * FROM runhook.users')) {
    const sql = 'UPDATE runhook.users SET seal = $2 WHERE id = $1'
    await session.query(sql, [row.id, seal.of('user', row)])
  }
}

type Target = TableName | 'output'

class Restoring {
  readonly #session: Session
  readonly #placeOf: Waiting['placeOf']
  readonly #at: number
  readonly #cutOff = new Set<number>()
  /** Rows that are to be written together. */
  #rows: unknown[][] = []
  #bytes = 0
  #target: Target = 'config'

  constructor(session: Session, at: number, placeOf: Waiting['placeOf']) {
    this.#session = session
    this.#placeOf = placeOf
    this.#at = at
  }

  async take(archive: ArchiveReader): Promise<void> {
    try {
      for await (const entry of archive.entries()) await this.#keep(entry)
      await this.#write()
    } catch (error) {
      throw notKept(error, `Something up to line ${archive.line}`)
    }
  }

  async #keep(entry: Entry): Promise<void> {
    const full = this.#rows.length === ROWS || this.#bytes >= BYTES
    if (full || entry.kind !== this.#target) await this.#write()
    this.#target = entry.kind
    this.#rows.push(this.#valuesOf(entry))
    if (entry.kind === 'output') this.#bytes += entry.bytes.length
    if (entry.kind === 'delivery') this.#bytes += entry.body.length
  }

  #valuesOf(entry: Entry): unknown[] {
    if (entry.kind === 'output') return [entry.run, entry.at, entry.bytes]
    const row = this.#rowOf(entry)
    const values = columnsOf(entry.kind).map((column) => {
      return column === 'labels' ? JSON.parse(String(row.labels)) : row[column]
    })
    return entry.kind === 'delivery' ? [...values, entry.body] : values
  }

  #rowOf({ kind, row }: Exclude<Entry, { kind: 'output' }>): ArchiveRow {
    if (kind === 'step') return stepCutOff(row, this.#cutOff, this.#at)
    if (kind !== 'run') return row
    if (row.status === 'running') this.#cutOff.add(Number(row.id))
    const cut = cutOffBy(row, this.#at)
    if (row.label !== null) return cut
    const { label, maxParallel } = this.#placeOf(String(row.hook))
    return { ...cut, label, max_parallel: maxParallel, unit: row.id ?? null }
  }

  async #write(): Promise<void> {
    const rows = this.#rows
    if (rows.length === 0) return
    this.#rows = []
    this.#bytes = 0
    const [first = []] = rows
    const marks = rows.map((_, row) => {
      return `(${first.map((_, column) => `$${row * first.length + column + 1}`).join(', ')})`
    })
    await this.#session.query(
      `${into(this.#target)} VALUES ${marks.join(', ')} ${REST[this.#target] ?? ''}`,
      rows.flat(),
    )
  }
}

function into(target: Target): string {
  if (target === 'output') return 'INSERT INTO runhook.outputs (run_id, at, bytes)'
  const columns = [...columnsOf(target), ...(target === 'delivery' ? ['body'] : [])]
  return `INSERT INTO runhook.${names[target]} (${columns.join(', ')})`
}

/** Servers that were started here once have left these, though nothing has come to them. */
const REST: Partial<Record<Target, string>> = {
  config: 'ON CONFLICT DO NOTHING',
  refusal: 'ON CONFLICT DO NOTHING',
  worker: 'ON CONFLICT DO NOTHING', // it has come already
}
