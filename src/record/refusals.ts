/**
 * Refused requests, counted per minute and kind: address, path and reason. A flood of them costs a Map's
 * entry each and a few rows a second at most; a crash loses the last second's. Never a body, never the
 * value of a header. After a day an address becomes its network, after two weeks (or as is said) a row goes.
 */

import { networkOf } from '../network/networks.ts'
import type { Database } from './database.ts'
import { number, type Row, text } from './rows.ts'
import type { Refusal, RefusalFilter, Refused } from './store.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const SAVE_MS = 1000
/** Kinds told apart in one minute, and rows altogether: strangers can invent paths without end. */
const KINDS_MAX = 500
const ROWS_MAX = 100_000
/** Addresses that are cut at once: it blocks the event loop. */
const CUT_AT_ONCE = 2000

interface Counted extends Refused {
  count: number
  lastAt: number
}

export class RefusalBook {
  readonly #db: Database
  readonly #sql: ReturnType<typeof statements>
  #minute = 0
  readonly #kinds = new Set<string>()
  readonly #unsaved = new Map<string, Counted>()
  #timer: NodeJS.Timeout | null = null
  #tidiedAt = 0
  keptMs = 14 * DAY_MS
  /** All addresses before this are networks by now. */
  #cutBefore = 0

  constructor(database: Database) {
    this.#db = database
    this.#sql = statements(database)
  }

  add(refused: Refused): void {
    const minute = minuteOf(refused.at)
    if (minute !== this.#minute) this.#kinds.clear()
    this.#minute = minute
    const one = this.#isTooMany(keyOf(refused)) ? { ...others, at: refused.at } : refused
    const key = `${minute} ${keyOf(one)}`
    const counted = this.#unsaved.get(key)
    if (counted) {
      counted.count += 1
      counted.lastAt = one.at
    } else this.#unsaved.set(key, { ...one, at: minute, count: 1, lastAt: one.at })
    this.#timer ??= setTimeout(() => this.save(), SAVE_MS).unref()
  }

  /** Hands over what was counted, to be written with whatever else is. */
  save(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const rows = [...this.#unsaved.values()]
    this.#unsaved.clear()
    const now = Date.now()
    const tidy = now - this.#tidiedAt >= MINUTE_MS
    if (rows.length === 0 && !tidy) return
    const work = () => {
      for (const row of rows) this.#write(row)
      if (tidy) this.#tidy(now)
    }
    // A full disk is told of by the writes that matter; counts may be lost.
    this.#db.writeLazily(work).catch(() => {})
  }

  /** One entry a kind, the latest first, and how many requests these and all others were. */
  read({ since, limit }: RefusalFilter): { refusals: Refusal[]; total: number } {
    this.save()
    this.#db.flush()
    const from = minuteOf(since)
    const total = this.#sql.total.get(from)
    const refusals = this.#sql.kinds.all(from, limit).map(refusalOf)
    return { refusals, total: total ? number(total, 'total') : 0 }
  }

  #isTooMany(key: string): boolean {
    if (this.#kinds.has(key)) return false
    if (this.#kinds.size >= KINDS_MAX) return true
    this.#kinds.add(key)
    return false
  }

  #write({ at, address, path, reason, method, status, count, lastAt }: Counted): void {
    this.#sql.count.run(at, address, path, reason, method, status, count, lastAt)
  }

  #tidy(now: number): void {
    this.#tidiedAt = now
    this.#sql.forget.run(minuteOf(now - this.keptMs), ROWS_MAX)
    const before = minuteOf(now - DAY_MS)
    const rows = this.#sql.uncut.all(this.#cutBefore, before, CUT_AT_ONCE).map(countedOf)
    for (const row of rows) {
      this.#sql.remove.run(row.at, row.address, row.path, row.reason)
      this.#write({ ...row, address: networkOf(row.address) })
    }
    this.#cutBefore = rows.length < CUT_AT_ONCE ? before : (rows.at(-1)?.at ?? before)
  }
}

const others: Omit<Refused, 'at'> = {
  method: '',
  path: '',
  address: '',
  status: 0,
  reason: `beyond ${KINDS_MAX} kinds in one minute; not told apart`,
}

function keyOf({ address, path, reason }: Refused): string {
  return JSON.stringify([address, path, reason])
}

function minuteOf(time: number): number {
  return time - (time % MINUTE_MS)
}

function countedOf(row: Row): Counted {
  return {
    at: number(row, 'minute'),
    method: text(row, 'method'),
    path: text(row, 'path'),
    address: text(row, 'address'),
    status: number(row, 'status'),
    reason: text(row, 'reason'),
    count: number(row, 'count'),
    lastAt: number(row, 'last_at'),
  }
}

function refusalOf(row: Row): Refusal {
  const { at: firstAt, ...rest } = countedOf(row)
  return { ...rest, firstAt }
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
