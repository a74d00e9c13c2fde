/**
 * Removing what was kept for its time from SQLite: see prune.ts. 100 rows cost some 4 ms, in which nothing else
 * happens (measured).
 */

import type { Database } from './database.ts'
import { type EndedRun, LAST_RUNS, type Place, type Prune, SLICE } from './prune.ts'
import { number, numberOrNull, type Row, text } from './rows.ts'

/** Freeing a page of a body costs as much as a small row; 25 MB of them are more than a slice. */
const SLICE_BYTES = 4 * 2 ** 20
export class SqlitePrune implements Prune {
  readonly #db: Database
  readonly #sql: ReturnType<typeof statements>

  constructor(database: Database) {
    this.#db = database
    this.#sql = statements(database)
  }

  bodies(before: number): Promise<number> {
    return this.#db.write(() => {
      let bytes = 0
      let count = 0
      for (const row of this.#sql.oldBodies.all(before, SLICE)) {
        bytes += number(row, 'bytes')
        if (count > 0 && bytes > SLICE_BYTES) break
        this.#sql.emptyBody.run(Date.now(), number(row, 'id'))
        count += 1
      }
      return count
    })
  }

  async runsAfter(id: number, hook?: string): Promise<EndedRun[]> {
    const rows =
      hook === undefined
        ? this.#sql.runsAfter.all(id, SLICE)
        : this.#sql.runsOfHookAfter.all(hook, id, SLICE)
    return rows.map(endedOf)
  }

  async withOutput({ finishedAt, id }: Place): Promise<(EndedRun & Place)[]> {
    return this.#sql.withOutput
      .all(finishedAt, id, SLICE)
      .map((row) => ({ ...endedOf(row), finishedAt: number(row, 'finished_at') }))
  }

  async oldestOfLast(hook: string, count: number): Promise<number | null> {
    const row = this.#sql.ofLast.get(hook, count - 1)
    return row ? number(row, 'id') : null
  }

  async oldestOfLastStarted(hook: string): Promise<number | null> {
    const row = this.#sql.ofLastStarted.get(hook, LAST_RUNS - 1)
    return row ? number(row, 'id') : null
  }

  async newestRun(): Promise<number> {
    const row = this.#sql.newestRun.get()
    return row ? number(row, 'id') : 0
  }

  outputRemoved(runIds: readonly number[]): Promise<void> {
    return this.#db.write(() => {
      for (const id of runIds) this.#sql.outputRemoved.run(Date.now(), id)
    })
  }

  runs(runIds: readonly number[]): Promise<void> {
    return this.#db.write(() => {
      for (const id of runIds) {
        if (this.#sql.remember.run(id).changes === 0) continue
        this.#sql.forgetSteps.run(id)
        this.#sql.forgetRun.run(id)
      }
    })
  }

  deliveries(after: number, before: number): Promise<{ next: number | null; removed: number }> {
    return this.#db.write(() => {
      const rows = this.#sql.deliveriesAfter.all(after, SLICE)
      const old = rows.filter((row) => number(row, 'received_at') < before)
      let removed = 0
      for (const row of old) removed += this.#forgetDelivery(number(row, 'id'))
      const last = rows.at(-1)
      return { next: last && old.length > 0 ? number(last, 'id') : null, removed }
    })
  }

  async runIds(from: number, to: number): Promise<Set<number>> {
    return new Set(this.#sql.idsBetween.all(from, to).map((row) => number(row, 'id')))
  }

  configs(inUse: Iterable<string>, unusedSince: number): Promise<void> {
    return this.#db.write(() => {
      for (const hash of inUse) this.#sql.configUsed.run(Date.now(), hash)
      this.#sql.forgetConfigs.run(unusedSince, SLICE)
    })
  }

  /**
   * Gives some free pages back to the disk; false when there are few, which are left for what comes. A
   * database that was made before pages could be given back has them used again instead.
   */
  async vacuum(): Promise<boolean> {
    const pages = this.#sql.freePages.get()
    if (!pages || number(pages, 'freelist_count') <= FREE_PAGES_KEPT) return false
    this.#sql.vacuum.all()
    const after = this.#sql.freePages.get()
    return after !== undefined && number(after, 'freelist_count') < number(pages, 'freelist_count')
  }

  #forgetDelivery(id: number): number {
    if (this.#sql.isReferred.get(id)) return 0
    this.#sql.forgetRepeats.run(id)
    return Number(this.#sql.forgetDelivery.run(id).changes)
  }
}

/** 8 MiB: what a busy hour writes needs no growing file. */
const FREE_PAGES_KEPT = 1024

function endedOf(row: Row): EndedRun {
  return {
    id: number(row, 'id'),
    hook: text(row, 'hook'),
    queuedAt: number(row, 'queued_at'),
    finishedAt: numberOrNull(row, 'finished_at'),
  }
}

const unfinished = `(status = 'queued' OR status = 'running')` // as the index has it
const columns = 'id, hook, queued_at, finished_at'

function statements(db: Database) {
  return {
    oldBodies: db.prepare(
      `SELECT id, length(body) AS bytes FROM deliveries d
        WHERE body_removed_at IS NULL AND received_at < ? AND NOT EXISTS
          (SELECT 1 FROM runs WHERE delivery_id = d.id AND ${unfinished})
        ORDER BY received_at LIMIT ?`,
    ),
    emptyBody: db.prepare(`UPDATE deliveries SET body = x'', body_removed_at = ? WHERE id = ?`),
    runsAfter: db.prepare(`SELECT ${columns} FROM runs WHERE id > ? ORDER BY id LIMIT ?`),
    runsOfHookAfter: db.prepare(
      `SELECT ${columns} FROM runs WHERE hook = ? AND id > ? ORDER BY id LIMIT ?`,
    ),
    withOutput: db.prepare(
      `SELECT ${columns} FROM runs
        WHERE finished_at IS NOT NULL AND output_removed_at IS NULL AND (finished_at, id) > (?, ?)
        ORDER BY finished_at, id LIMIT ?`,
    ),
    ofLast: db.prepare(
      `SELECT id FROM runs WHERE hook = ? AND finished_at IS NOT NULL
        ORDER BY id DESC LIMIT 1 OFFSET ?`,
    ),
    ofLastStarted: db.prepare(
      `SELECT id FROM runs WHERE hook = ? AND finished_at IS NOT NULL AND started_at IS NOT NULL
        ORDER BY id DESC LIMIT 1 OFFSET ?`,
    ),
    newestRun: db.prepare('SELECT id FROM runs ORDER BY id DESC LIMIT 1'),
    outputRemoved: db.prepare('UPDATE runs SET output_removed_at = ? WHERE id = ?'),
    remember: db.prepare(
      `INSERT OR REPLACE INTO pruned_runs
        SELECT delivery_id, hook, update_index, id, status FROM runs
        WHERE id = ? AND finished_at IS NOT NULL AND id < (SELECT max(id) FROM runs)`,
    ),
    forgetSteps: db.prepare('DELETE FROM steps WHERE run_id = ?'),
    forgetRun: db.prepare('DELETE FROM runs WHERE id = ?'),
    deliveriesAfter: db.prepare(
      'SELECT id, received_at FROM deliveries WHERE id > ? ORDER BY id LIMIT ?',
    ),
    isReferred: db.prepare(
      `SELECT 1 AS yes WHERE EXISTS (SELECT 1 FROM runs WHERE delivery_id = ?1)
        OR EXISTS (SELECT 1 FROM deliveries WHERE duplicate_of = ?1)
        OR ?1 = (SELECT max(id) FROM deliveries)`,
    ),
    forgetRepeats: db.prepare('DELETE FROM pruned_runs WHERE delivery_id = ?'),
    forgetDelivery: db.prepare('DELETE FROM deliveries WHERE id = ?'),
    idsBetween: db.prepare('SELECT id FROM runs WHERE id BETWEEN ? AND ?'),
    configUsed: db.prepare('UPDATE configs SET used_at = ? WHERE hash = ?'),
    forgetConfigs: db.prepare(
      'DELETE FROM configs WHERE hash IN (SELECT hash FROM configs WHERE used_at < ? LIMIT ?)',
    ),
    freePages: db.prepare('PRAGMA freelist_count'),
    vacuum: db.prepare('PRAGMA incremental_vacuum(64)'),
  }
}
