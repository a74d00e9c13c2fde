/**
 * All that a database holds of the record, as an archive's entries (record/archive-writer.ts): as it is at one
 * moment, while the fleet goes on. Turns are not of the record: they are taken anew.
 */

import type { Secret } from '../model/hook.ts'
import { BLOCK, columnsOf, type Entry, rowOf, type TableName } from '../record/archive-tables.ts'
import { number, type Row } from '../record/rows.ts'
import { names } from './archive-restore.ts'
import type { Postgres, Session } from './connect.ts'
import { bytesIn, piecesOf } from './output-rows.ts'
import { placed, sizeOf } from './pieces.ts'
import { requireSchema } from './schema.ts'
import { unfitRun } from './sealed.ts'
import { AccountSeal } from './sealed-accounts.ts'
import { asStorageError } from './storage-error.ts'

/** Bodies up to so many bytes come with their row, larger ones on their own. */
const SMALL = 64 * 1024
const ROWS = 200

/** In the order of bytes, whatever language the database sorts by. */
const orders: Readonly<Record<TableName, string>> = {
  config: 'hash COLLATE "C"',
  token: 'id',
  user: 'id',
  audit: 'id',
  refusal: 'minute, address COLLATE "C", path COLLATE "C", reason COLLATE "C"',
  worker: 'name COLLATE "C"',
  delivery: 'id',
  pruned_run: 'delivery_id, hook COLLATE "C", update_index',
  rollout: 'id',
  run: 'id',
  step: 'run_id, number',
}

const SNAPSHOT = 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY'

/**
 * Hands them to `take`, which must have read all it wants when it resolves. `keys`: of `server.seal`; users that
 * none of them has sealed are left behind, and runs that wait under no seal of theirs are cancelled, for an import
 * seals what it gets.
 */
export async function readPostgres<T>(
  database: Postgres,
  take: (entries: AsyncIterable<Entry>) => Promise<T>,
  keys: readonly Secret[] = [],
): Promise<T> {
  await requireSchema(database)
  let failed: { readonly error: unknown } | null = null
  const reading = database.transaction(async (session) => {
    await session.query(SNAPSHOT)
    await session.query('SET LOCAL idle_in_transaction_session_timeout = 0') // for slow readers
    try {
      return await take(entriesOf(telling(session), keys))
    } catch (error) {
      failed = { error } // what was handed out cannot be taken back, so there is no second try
      throw asStorageError(new Error('it was given up'))
    }
  })
  return reading.catch((error) => {
    throw failed ? failed.error : error
  })
}

/** So that what the database says can be told from what `take` does. */
function telling(session: Session): Session {
  return {
    query: (sql, values) =>
      session.query(sql, values).catch((error) => {
        throw asStorageError(error)
      }),
  }
}

async function* entriesOf(session: Session, keys: readonly Secret[]): AsyncGenerator<Entry> {
  const seal = new AccountSeal(keys)
  for (const kind of ['config', 'token'] as const) yield* rowsOf(session, kind)
  for await (const row of select(session, 'user', 'seal'))
    if (seal.fits('user', row)) yield { kind: 'user', row: rowOf('user', row) }
  for (const kind of ['audit', 'refusal', 'worker'] as const) yield* rowsOf(session, kind)
  for await (const row of select(session, 'delivery', BODY)) {
    const body = row.body instanceof Uint8Array ? row.body : await largeBody(session, row)
    yield { kind: 'delivery', row: rowOf('delivery', row), body }
  }
  for (const kind of ['pruned_run', 'rollout'] as const) yield* rowsOf(session, kind)
  yield* runsOf(session, keys)
  yield* rowsOf(session, 'step')
  yield* outputsOf(session)
}

const BODY = `octet_length(body) AS body_bytes,
  CASE WHEN octet_length(body) <= ${SMALL} THEN body END AS body`

async function largeBody(session: Session, row: Row): Promise<Uint8Array> {
  const body = Buffer.alloc(number(row, 'body_bytes'))
  for (let at = 0; at < body.length; at += BLOCK) {
    const sql =
      'SELECT substring(body FROM $2 FOR $3) AS piece FROM runhook.deliveries WHERE id = $1'
    const [found] = await session.query(sql, [row.id, at + 1, BLOCK])
    if (found?.piece instanceof Uint8Array) body.set(found.piece, at)
  }
  return body
}

async function* rowsOf(
  session: Session,
  kind: Exclude<TableName, 'delivery' | 'run'>,
): AsyncGenerator<Entry> {
  for await (const row of select(session, kind)) yield { kind, row: rowOf(kind, row) }
}

async function* runsOf(session: Session, keys: readonly Secret[]): AsyncGenerator<Entry> {
  for await (const row of select(session, 'run')) {
    yield { kind: 'run', row: rowOf('run', { ...row, ...(await changesOf(session, row, keys)) }) }
  }
}

/** Of a run that goes on, what it has written by now counts. */
async function changesOf(session: Session, row: Row, sealKeys: readonly Secret[]): Promise<Row> {
  const id = number(row, 'id')
  if (row.status === 'running') return { output_bytes: sizeOf(await storedOf(session, id)) }
  if (row.status !== 'queued') return {}
  const query = session.query.bind(session)
  const problem = await unfitRun({ sealKeys, query }, id)
  if (problem === null) return {}
  return { status: 'cancelled', finished_at: row.queued_at, reason: `not moved along: ${problem}` }
}

async function* outputsOf(session: Session): AsyncGenerator<Entry> {
  await session.query(`DECLARE outputs CURSOR FOR ${withOutput}`)
  for await (const row of fetched(session, 'outputs')) {
    const run = number(row, 'id')
    const all = await storedOf(session, run)
    const size = sizeOf(all)
    for (let at = 0; at < size; at += BLOCK) {
      const bytes = await bytesIn(session, run, all, at, Math.min(size, at + BLOCK))
      if (bytes) yield { kind: 'output', run, at, bytes }
    }
  }
}

const withOutput = `SELECT id FROM runhook.runs
  WHERE EXISTS (SELECT FROM runhook.outputs WHERE run_id = runs.id) ORDER BY id`

/** As it would be stored if the run ended now. */
async function storedOf(session: Session, run: number) {
  return placed((await piecesOf(session, run)).pieces)
}

async function* select(session: Session, kind: TableName, more?: string): AsyncGenerator<Row> {
  const named = columnsOf(kind).map((column) => {
    return column === 'labels' ? 'array_to_json(labels)::text AS labels' : column
  })
  const columns = [...named, ...(more ? [more] : [])].join(', ')
  const sql = `SELECT ${columns} FROM runhook.${names[kind]} ORDER BY ${orders[kind]}`
  await session.query(`DECLARE ${kind}s CURSOR FOR ${sql}`)
  yield* fetched(session, `${kind}s`)
}

async function* fetched(session: Session, cursor: string): AsyncGenerator<Row> {
  for (;;) {
    const rows = await session.query(`FETCH ${ROWS} FROM ${cursor}`)
    if (rows.length === 0) break
    yield* rows
  }
  await session.query(`CLOSE ${cursor}`)
}
