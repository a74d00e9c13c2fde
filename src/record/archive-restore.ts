/**
 * Fills a fresh data folder with the entries of an archive, in one transaction: whatever breaks off leaves a
 * database without a row in it, and outputs that belong to nothing, which the next attempt writes over.
 */

import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { RunhookError } from '../errors.ts'
import { cutOffBy, history, notKept, stepCutOff } from './archive-moved.ts'
import type { ArchiveReader } from './archive-reader.ts'
import {
  type ArchiveRow,
  columnsAlone,
  type Entry,
  type TableName,
  type Value,
} from './archive-tables.ts'
import { asStorageError, Database } from './database.ts'
import { FileOutputLog } from './output.ts'

const names = {
  config: 'configs',
  token: 'tokens',
  user: 'users',
  audit: 'audit',
  refusal: 'refusals',
  delivery: 'deliveries',
  pruned_run: 'pruned_runs',
  run: 'runs',
  step: 'steps',
} as const

type Kept = keyof typeof names

/** Rejects with `conflict` when the folder has a history, or a server. */
export async function restoreSqlite(directory: string, archive: ArchiveReader): Promise<void> {
  const owner = new Database(directory) // nobody else may have the folder meanwhile
  const database = new DatabaseSync(join(directory, 'runhook.db'))
  try {
    refuseHistory(database, directory)
    const { at } = await archive.header()
    database.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE')
    await new Restoring(database, directory, at).take(archive)
    database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw asStorageError(error, directory)
  } finally {
    database.close()
    await owner.close()
  }
}

function refuseHistory(database: DatabaseSync, directory: string): void {
  for (const [table, what] of history) {
    if (!database.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get()) continue
    throw new RunhookError('conflict', `${directory} has a history already: there are ${what}.`, {
      hint: 'A history is imported only where there is none. Name a fresh folder with --data FOLDER.',
    })
  }
}

class Restoring {
  readonly #database: DatabaseSync
  readonly #statements = new Map<TableName, StatementSync>()
  readonly #path: (runId: number) => string
  readonly #at: number
  readonly #cutOff = new Set<number>()
  /** The output that is being written. */
  #output: { readonly run: number; readonly file: number } | null = null

  constructor(database: DatabaseSync, directory: string, at: number) {
    this.#database = database
    this.#at = at
    const output = new FileOutputLog(join(directory, 'output'))
    this.#path = (runId) => output.path(runId)
  }

  async take(archive: ArchiveReader): Promise<void> {
    try {
      for await (const entry of archive.entries()) this.#keep(entry)
    } catch (error) {
      throw notKept(error, `Line ${archive.line}`)
    } finally {
      if (this.#output) closeSync(this.#output.file)
    }
  }

  #keep(entry: Entry): void {
    if (entry.kind === 'output') this.#write(entry.run, entry.bytes)
    else if (entry.kind === 'delivery') this.#insert('delivery', { ...entry.row, body: entry.body })
    else if (entry.kind === 'run') this.#insert('run', this.#runOf(entry.row))
    else if (entry.kind === 'step') {
      this.#insert('step', stepCutOff(entry.row, this.#cutOff, this.#at))
    } else if (isKept(entry.kind)) this.#insert(entry.kind, entry.row)
  }

  /** What waits for one worker of a fleet has nobody to wait for here. */
  #runOf(row: ArchiveRow): ArchiveRow {
    if (row.status === 'running') this.#cutOff.add(Number(row.id))
    if (row.status !== 'queued' || row.rollout === null) return cutOffBy(row, this.#at)
    const reason = `not run: it was for the worker ${row.worker}, and this server is alone`
    return { ...row, status: 'cancelled', finished_at: this.#at, reason }
  }

  #insert(kind: Kept, row: ArchiveRow): void {
    const columns = [...columnsAlone(kind), ...(kind === 'delivery' ? ['body'] : [])]
    let statement = this.#statements.get(kind)
    if (!statement) {
      const marks = columns.map(() => '?').join(', ')
      const verb = mayBeThere.includes(kind) ? 'INSERT OR IGNORE' : 'INSERT'
      const sql = `${verb} INTO ${names[kind]} (${columns.join(', ')}) VALUES (${marks})`
      statement = this.#database.prepare(sql)
      this.#statements.set(kind, statement)
    }
    statement.run(...columns.map((column) => forSqlite(row[column] ?? null)))
  }

  #write(run: number, bytes: Uint8Array): void {
    if (this.#output?.run !== run) {
      if (this.#output) closeSync(this.#output.file)
      const path = this.#path(run)
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      this.#output = { run, file: openSync(path, 'w', 0o600) }
    }
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(this.#output.file, bytes, at)
    }
  }
}

/** Neither workers nor rollouts: a server that is alone has none. */
function isKept(kind: TableName): kind is Kept {
  return kind in names
}

/** A server that was started here once has left these, though nothing has come to it. */
const mayBeThere: readonly Kept[] = ['config', 'refusal']

function forSqlite(value: Value): SQLInputValue {
  return typeof value === 'boolean' ? Number(value) : value
}
