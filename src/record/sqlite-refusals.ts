/** The rows of refused requests in SQLite. What they are is in refusals.ts. */

import type { Database } from './database.ts'
import {
  type Counted,
  CUT_AT_ONCE,
  countedOf,
  cutAddresses,
  type RefusalTable,
  refusalOf,
  type Tidying,
} from './refusals.ts'
import { number } from './rows.ts'
import type { Refusal } from './store.ts'

export class SqliteRefusals implements RefusalTable {
  readonly #db: Database
  readonly #sql: ReturnType<typeof statements>
  /** All addresses before this are networks by now. */
  #cutBefore = 0

  constructor(database: Database) {
    this.#db = database
    this.#sql = statements(database)
  }

  /** Written with whatever else is. */
  add(rows: readonly Counted[], tidying: Tidying | null): Promise<unknown> {
    return this.#db.writeLazily(() => {
      for (const row of rows) this.#write(row)
      if (tidying) this.#tidy(tidying)
    })
  }

  async read(minute: number, limit: number): Promise<{ refusals: Refusal[]; total: number }> {
    this.#db.flush()
    const total = this.#sql.total.get(minute)
    const refusals = this.#sql.kinds.all(minute, limit).map(refusalOf)
    return { refusals, total: total ? number(total, 'total') : 0 }
  }

  #write({ at, address, path, reason, method, status, count, lastAt }: Counted): void {
    this.#sql.count.run(at, address, path, reason, method, status, count, lastAt)
  }

  #tidy({ forgetBefore, rowsMax, cutBefore }: Tidying): void {
    this.#sql.forget.run(forgetBefore, rowsMax)
    const rows = this.#sql.uncut.all(this.#cutBefore, cutBefore, CUT_AT_ONCE).map(countedOf)
    for (const row of rows) this.#sql.remove.run(row.at, row.address, row.path, row.reason)
    for (const row of cutAddresses(rows)) this.#write(row)
    this.#cutBefore = rows.length < CUT_AT_ONCE ? cutBefore : (rows.at(-1)?.at ?? cutBefore)
  }
}

function statements(db: Database) {
  return {
    count: db.prepare(
      `INSERT INTO refusals (minute, address, path, reason, method, status, count, last_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET count = count + excluded.count,
          last_at = max(last_at, excluded.last_at)`,
    ),
    // Where one value is a maximum, SQLite takes the columns beside it from the same row.
    kinds: db.prepare(
      `SELECT address, path, reason, method, status, sum(count) AS count, min(minute) AS minute,
          max(last_at) AS last_at
        FROM refusals WHERE minute >= ? GROUP BY address, path, reason
        ORDER BY last_at DESC, count DESC LIMIT ?`,
    ),
    total: db.prepare('SELECT coalesce(sum(count), 0) AS total FROM refusals WHERE minute >= ?'),
    uncut: db.prepare(
      `SELECT * FROM refusals WHERE minute >= ? AND minute < ? AND address NOT LIKE '%/%'
        ORDER BY minute LIMIT ?`,
    ),
    remove: db.prepare(
      'DELETE FROM refusals WHERE minute = ? AND address = ? AND path = ? AND reason = ?',
    ),
    forget: db.prepare(
      `DELETE FROM refusals WHERE minute < max(?, coalesce(
        (SELECT minute FROM refusals ORDER BY minute DESC LIMIT 1 OFFSET ?), 0))`,
    ),
  }
}
