/**
 * One SQLite file, owned by this process alone. A write resolves when it is on disk. Writes are gathered:
 * what arrives in one turn of the event loop, or while the disk is busy with what came before, shares one
 * transaction and one fsync.
 */

import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { messageOf, RunhookError } from '../errors.ts'
import { makeFolder } from './folder.ts'
import { migrate } from './migrations.ts'
import { Syncing } from './syncing.ts'

/** How long SQLite itself may wait for a lock while it is opened. Later it never waits: that blocks the loop. */
const OPENING_MS = 100
/** How often a write is tried again while another program holds the database. */
const RETRY_MS = 25
/** For how long: with it, who sent a delivery is told within two seconds. */
const PATIENCE_MS = 1800
/** How long the end of a run may wait for company before it is written. */
const LAZY_MS = 50

interface Write {
  readonly since: number
  readonly work: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export class Database {
  readonly #database: DatabaseSync
  readonly #lock: DatabaseSync
  readonly #log: Syncing
  readonly #onBroken: (error: RunhookError) => void
  /** Set once a sync has failed: what it left unwritten the system forgets, and a later one may lie. */
  #broken: RunhookError | null = null
  #urgent: Write[] = []
  #lazy: Write[] = []
  #scheduled = false
  #lazyTimer: NodeJS.Timeout | null = null
  /** Set while another program holds the database: writes gather, and one attempt serves all. */
  #locked: NodeJS.Timeout | null = null

  /** `onBroken` is called once when the disk has lost writes; nothing but a new process can go on then. */
  constructor(directory: string, onBroken: (error: RunhookError) => void = () => undefined) {
    this.#onBroken = onBroken
    try {
      makeFolder(directory)
      this.#lock = own(join(directory, 'lock.db'), directory)
      const path = join(directory, 'runhook.db')
      this.#database = openDurable(path)
      this.#log = new Syncing(`${path}-wal`)
    } catch (error) {
      throw asStorageError(error, directory)
    }
  }

  prepare(sql: string): ReturnType<DatabaseSync['prepare']> {
    return this.#database.prepare(sql)
  }

  /** Runs `work` inside the next shared transaction; resolves once that is on disk. */
  write<T>(work: () => T): Promise<T> {
    return this.#enqueue(this.#urgent, work, () => this.#schedule())
  }

  /** As `write`, but waits up to 50 ms for company. Always written before any later `write`. */
  writeLazily<T>(work: () => T): Promise<T> {
    return this.#enqueue(this.#lazy, work, () => {
      this.#lazyTimer ??= setTimeout(() => this.flush(), LAZY_MS)
    })
  }

  /** Writes what is waiting now, so that a read sees it. Does nothing while another program holds the database. */
  flush(): void {
    if (this.#locked) return
    if (this.#lazyTimer) clearTimeout(this.#lazyTimer)
    this.#lazyTimer = null
    const writes = [...this.#lazy, ...this.#urgent]
    this.#lazy = []
    this.#urgent = []
    if (writes.length > 0) this.#commit(writes)
  }

  /** All that was asked for is on disk when it resolves. */
  async close(): Promise<void> {
    if (this.#locked) clearTimeout(this.#locked)
    this.#locked = null
    this.flush()
    if (this.#locked) clearTimeout(this.#locked)
    for (const write of this.#urgent) write.reject(asStorageError(new Error('it was locked'), null))
    await this.#log.sync().catch(() => undefined) // who asked for a write has been told
    this.#database.close()
    this.#log.close()
    this.#lock.close()
  }

  #enqueue<T>(list: Write[], work: () => T, wake: () => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // `resolve` takes what this very `work` returned, so the cast only forgets the name of the type.
      list.push({ since: Date.now(), work, resolve: resolve as (value: unknown) => void, reject })
      wake()
    })
  }

  /** While a sync is under way a commit could not be on disk any sooner, so what comes then gathers. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const go = () => {
      this.#scheduled = false
      this.flush()
    }
    const { running } = this.#log
    if (running === null) setImmediate(go)
    else running.then(go, go)
  }

  /** One transaction for all. If any part fails, each gets its own, so that one bad row harms only itself. */
  #commit(writes: readonly Write[]): void {
    try {
      if (this.#broken !== null) throw this.#broken
      const values = this.#transaction(() => writes.map((write) => write.work()))
      void this.#settle(writes, values)
    } catch (error) {
      if (isBusy(error)) this.#retryLater(writes, error)
      else if (writes.length > 1) for (const write of writes) this.#commit([write])
      else writes[0]?.reject(asStorageError(error, null))
    }
  }

  async #settle(writes: readonly Write[], values: readonly unknown[]): Promise<void> {
    try {
      await this.#log.sync()
      writes.forEach((write, index) => void write.resolve(values[index]))
    } catch (error) {
      const first = this.#broken === null
      this.#broken ??= asStorageError(error, null)
      for (const write of writes) write.reject(this.#broken)
      if (first) this.#onBroken(this.#broken)
    }
  }

  #transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const value = work()
      this.#database.exec('COMMIT')
      return value
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #retryLater(writes: readonly Write[], error: unknown): void {
    const patient = writes.filter((write) => Date.now() - write.since < PATIENCE_MS)
    for (const write of writes) {
      if (!patient.includes(write)) write.reject(asStorageError(error, null))
    }
    this.#urgent.push(...patient) // nothing else came into it since the flush that failed
    if (this.#urgent.length === 0) return
    this.#locked ??= setTimeout(() => {
      this.#locked = null
      this.flush()
    }, RETRY_MS)
  }
}

/** A second file, locked for as long as we live, makes this process the only one in the directory. */
export function own(path: string, directory: string): DatabaseSync {
  makePrivate(path)
  const lock = new DatabaseSync(path)
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT')
    return lock
  } catch (error) {
    lock.close()
    if (!isBusy(error)) throw error
    throw new RunhookError('storage', `Another runhook is using the data directory ${directory}.`, {
      hint: 'Stop it first, or give this one its own with --data DIR.',
    })
  }
}

/** Deliveries are some 7 KB: with SQLite's usual 4 KB pages each costs a third more CPU (measured). */
const PAGE_BYTES = 8192

function openDurable(path: string): DatabaseSync {
  makePrivate(path)
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true })
  database.exec(`PRAGMA busy_timeout = ${OPENING_MS}; PRAGMA page_size = ${PAGE_BYTES}`)
  // Only in a new file is auto_vacuum heeded, and only before WAL writes its first page; in another it is
  // a write of its own, which a full disk would refuse.
  const isNew = database.prepare('PRAGMA page_count').get()?.page_count === 0
  if (isNew) database.exec('PRAGMA auto_vacuum = INCREMENTAL')
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000',
  )
  // Read back, because SQLite answers a pragma it cannot keep with silence, and a promise hangs on these.
  const mode = database.prepare('PRAGMA journal_mode').get()?.journal_mode
  const synchronous = database.prepare('PRAGMA synchronous').get()?.synchronous
  if (mode !== 'wal' || synchronous !== 1) {
    throw new RunhookError('storage', `${path} cannot be opened with a write-ahead log`, {
      hint: 'Put the data directory on a local disk: network file systems are not safe for it.',
    })
  }
  migrate(database)
  database.exec('PRAGMA busy_timeout = 0')
  return database
}

/** SQLite gives its own files (WAL, shared memory) the mode of the database file, so this sets all. */
function makePrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
}

const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6

function isBusy(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error)) return false
  const primary = Number(error.errcode) & 0xff
  return primary === SQLITE_BUSY || primary === SQLITE_LOCKED
}

/** `directory`: null when it is open, and a write was refused. */
export function asStorageError(error: unknown, directory: string | null): RunhookError {
  if (error instanceof RunhookError) return error
  const what = directory
    ? `The data directory ${directory} cannot be used: ${messageOf(error)}.`
    : `The database refused to write: ${messageOf(error)}.`
  return new RunhookError('storage', what, {
    hint: 'Check that the disk has room and that this user may write there.',
    cause: error,
  })
}
