/**
 * All that a data folder holds, as an archive's entries: as it is at one moment, also while a server goes on
 * writing there.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { messageOf, RunhookError } from '../errors.ts'
import { BLOCK, columnsAlone, type Entry, rowOf } from './archive-tables.ts'
import { SCHEMA, schemaOf } from './migrations.ts'
import { FileOutputLog } from './output.ts'
import { number, type Row } from './rows.ts'

/** Hands them to `take`, which must have read all it wants when it resolves. */
export async function readSqlite<T>(
  directory: string,
  take: (entries: AsyncIterable<Entry>) => Promise<T>,
): Promise<T> {
  const database = openToRead(directory)
  try {
    database.exec('BEGIN')
    return await take(entriesOf(database, new FileOutputLog(join(directory, 'output'))))
  } finally {
    database.close()
  }
}

function openToRead(directory: string): DatabaseSync {
  const path = join(directory, 'runhook.db')
  if (!existsSync(path)) {
    throw new RunhookError('not-found', `There is no history in ${directory}.`, {
      hint: 'Name the data folder with --data FOLDER.',
    })
  }
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
    const version = schemaOf(database)
    if (version === SCHEMA) return database
    database.close()
    throw new RunhookError(
      'storage',
      `The database is at schema ${version}, this release needs ${SCHEMA}.`,
      {
        hint:
          version < SCHEMA
            ? 'Run "runhook migrate" first.'
            : 'Use the release that wrote it, or a newer one.',
      },
    )
  } catch (error) {
    if (error instanceof RunhookError) throw error
    throw new RunhookError('storage', `${path} cannot be read: ${messageOf(error)}.`, {
      hint: 'Run this as the user of the server.',
      cause: error,
    })
  }
}

/** Of tables whose columns are all there, in the order of their keys. */
const orders = {
  config: 'configs ORDER BY hash',
  token: 'tokens ORDER BY id',
  user: 'users ORDER BY id',
  audit: 'audit ORDER BY id',
  refusal: 'refusals ORDER BY minute, address, path, reason',
  delivery: 'deliveries ORDER BY id',
  run: 'runs ORDER BY id',
  step: 'steps ORDER BY run_id, number',
} as const

/** Of several pruned runs for one update the best says all: bare columns are of the row that has the max(). */
const prunedRuns = `SELECT delivery_id, hook, update_index, id, status, max(status = 'success')
  FROM pruned_runs GROUP BY delivery_id, hook, update_index`

async function* entriesOf(database: DatabaseSync, output: FileOutputLog): AsyncGenerator<Entry> {
  for (const kind of ['config', 'token', 'user', 'audit', 'refusal'] as const)
    yield* rowsOf(database, kind)
  for (const row of select(database, 'delivery', ', body')) {
    const body = row.body instanceof Uint8Array ? row.body : new Uint8Array()
    yield { kind: 'delivery', row: rowOf('delivery', row), body }
  }
  for (const row of database.prepare(prunedRuns).iterate()) {
    yield { kind: 'pruned_run', row: rowOf('pruned_run', row) }
  }
  yield* runsOf(database, output)
  yield* rowsOf(database, 'step')
  yield* outputsOf(database, output)
}

function* rowsOf(database: DatabaseSync, kind: Exclude<keyof typeof orders, 'delivery' | 'run'>) {
  for (const row of select(database, kind)) yield { kind, row: rowOf(kind, row) } as const
}

/** Of a run that goes on, what it has written by now counts. */
async function* runsOf(database: DatabaseSync, output: FileOutputLog): AsyncGenerator<Entry> {
  for (const row of select(database, 'run')) {
    const written = row.status === 'running' ? await output.size(number(row, 'id')) : null
    const all = written === null ? row : { ...row, output_bytes: written }
    yield { kind: 'run', row: rowOf('run', all) }
  }
}

async function* outputsOf(database: DatabaseSync, output: FileOutputLog): AsyncGenerator<Entry> {
  const runs = database.prepare(
    `SELECT id FROM runs WHERE status <> 'queued' AND output_removed_at IS NULL ORDER BY id`,
  )
  for (const row of runs.iterate()) {
    const run = number(row, 'id')
    const size = await output.size(run) // of one that goes on, no more than was counted
    for (let at = 0; at < size; ) {
      const bytes = await output.read(run, at, Math.min(BLOCK, size - at))
      if (bytes.length === 0) break // it was removed meanwhile
      yield { kind: 'output', run, at, bytes }
      at += bytes.length
    }
  }
}

function select(database: DatabaseSync, kind: keyof typeof orders, more = ''): Iterable<Row> {
  const columns = columnsAlone(kind).join(', ')
  return database.prepare(`SELECT ${columns}${more} FROM ${orders[kind]}`).iterate()
}
