/**
 * Refused requests, counted per minute and kind: address, path and reason. A flood of them costs a Map's
 * entry each and a few rows a second at most; a crash loses the last second's. Never a body, never the
 * value of a header. After a day an address becomes its network, after two weeks (or as is said) a row goes.
 * Where the rows are is for a RefusalTable to know; several processes may add to one.
 */

import { networkOf } from '../network/networks.ts'
import { number, type Row, text } from './rows.ts'
import type { Refusal, RefusalFilter, Refused } from './store.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const SAVE_MS = 1000
/** Kinds told apart in one minute, and rows altogether: strangers can invent paths without end. */
const KINDS_MAX = 500
const ROWS_MAX = 100_000
/** Addresses that are cut at once: it blocks the event loop, or the rows. */
export const CUT_AT_ONCE = 2000

/** A row: so many of one kind in the minute that begins with `at`. */
export interface Counted extends Refused {
  readonly count: number
  readonly lastAt: number
}

/** What is too old, once a minute. */
export interface Tidying {
  /** Rows of minutes before this go, and the oldest beyond so many. */
  readonly forgetBefore: number
  readonly rowsMax: number
  /** Addresses of minutes before this become networks. */
  readonly cutBefore: number
}

export interface RefusalTable {
  /** Adds to the rows of the same minute and kind. */
  add(rows: readonly Counted[], tidying: Tidying | null): Promise<unknown>
  /** One entry a kind since that minute, and how many all are; also what `add` was given just before. */
  read(minute: number, limit: number): Promise<{ refusals: Refusal[]; total: number }>
}

export class RefusalBook {
  readonly #table: RefusalTable
  #minute = 0
  readonly #kinds = new Set<string>()
  readonly #unsaved = new Map<string, { -readonly [Key in keyof Counted]: Counted[Key] }>()
  #timer: NodeJS.Timeout | null = null
  #saving: Promise<unknown> | null = null
  #tidiedAt = 0
  keptMs = 14 * DAY_MS

  constructor(table: RefusalTable) {
    this.#table = table
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
    this.#saveSoon()
  }

  /** Hands over what was counted. Resolves when it and all before is written, or lost. */
  save(): Promise<unknown> {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const rows = [...this.#unsaved.values()]
    this.#unsaved.clear()
    const now = Date.now()
    const tidy = now - this.#tidiedAt >= MINUTE_MS
    if (tidy) this.#tidiedAt = now
    if (rows.length === 0 && !tidy) return this.#saving ?? Promise.resolve()
    const tidying = {
      forgetBefore: minuteOf(now - this.keptMs),
      rowsMax: ROWS_MAX,
      cutBefore: minuteOf(now - DAY_MS),
    }
    // What cannot be written is told of by the writes that matter; counts may be lost.
    const added = this.#table.add(rows, tidy ? tidying : null).catch(() => undefined)
    const saving = Promise.all([this.#saving, added]).then(() => {
      if (this.#saving !== saving) return
      this.#saving = null
      if (this.#unsaved.size > 0) this.#saveSoon()
    })
    this.#saving = saving
    return saving
  }

  read({ since, limit }: RefusalFilter): Promise<{ refusals: Refusal[]; total: number }> {
    void this.save()
    return this.#table.read(minuteOf(since), limit)
  }

  /** One at a time: where a database takes long, what comes meanwhile is one more entry's count. */
  #saveSoon(): void {
    if (this.#saving) return
    this.#timer ??= setTimeout(() => void this.save(), SAVE_MS).unref()
  }

  #isTooMany(key: string): boolean {
    if (this.#kinds.has(key)) return false
    if (this.#kinds.size >= KINDS_MAX) return true
    this.#kinds.add(key)
    return false
  }
}

/** The same rows with networks for addresses; those that are one kind now are one row. */
export function cutAddresses(rows: readonly Counted[]): Counted[] {
  const cut = new Map<string, Counted>()
  for (const row of rows) {
    const one = { ...row, address: networkOf(row.address) }
    const key = `${row.at} ${keyOf(one)}`
    const same = cut.get(key)
    const count = row.count + (same?.count ?? 0)
    cut.set(key, { ...one, count, lastAt: Math.max(row.lastAt, same?.lastAt ?? 0) })
  }
  return [...cut.values()]
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

export function countedOf(row: Row): Counted {
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

export function refusalOf(row: Row): Refusal {
  const { at: firstAt, ...rest } = countedOf(row)
  return { ...rest, firstAt }
}
