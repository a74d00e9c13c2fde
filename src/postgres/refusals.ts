/**
 * The rows of refused requests in PostgreSQL, to which several receivers add. What they are is in
 * record/refusals.ts.
 */

import {
  type Counted,
  CUT_AT_ONCE,
  countedOf,
  cutAddresses,
  type RefusalTable,
  refusalOf,
  type Tidying,
} from '../record/refusals.ts'
import { number } from '../record/rows.ts'
import type { Refusal } from '../record/store.ts'
import type { Postgres, Session } from './connect.ts'

/** Looked at once more, for those that another process had in hand when it ended. */
const HOUR_MS = 60 * 60_000

export class PostgresRefusals implements RefusalTable {
  readonly #db: Postgres
  /** All addresses before this are networks by now, or are at hand elsewhere. */
  #cutBefore = 0
  #adding: Promise<unknown> = Promise.resolve()

  constructor(database: Postgres) {
    this.#db = database
  }

  add(rows: readonly Counted[], tidying: Tidying | null): Promise<unknown> {
    const adding = this.#add(rows, tidying)
    this.#adding = Promise.allSettled([this.#adding, adding])
    return adding
  }

  async read(minute: number, limit: number): Promise<{ refusals: Refusal[]; total: number }> {
    await this.#adding
    const [kinds, [all]] = await Promise.all([
      this.#db.query(kindsSince, [minute, limit]),
      this.#db.query(totalSince, [minute]),
    ])
    return { refusals: kinds.map(refusalOf), total: all ? number(all, 'total') : 0 }
  }

  async #add(rows: readonly Counted[], tidying: Tidying | null): Promise<void> {
    if (rows.length > 0) await this.#db.transaction((session) => insert(session, rows))
    if (tidying) await this.#tidy(tidying)
  }

  /** Each receiver does; what another one has in hand is left to it. */
  async #tidy({ forgetBefore, rowsMax, cutBefore }: Tidying): Promise<void> {
    await this.#db.query(forget, [forgetBefore, rowsMax])
    const last = await this.#db.transaction(async (session) => {
      const rows = (
        await session.query(takeUncut, [this.#cutBefore - HOUR_MS, cutBefore, CUT_AT_ONCE])
      ).map(countedOf)
      if (rows.length > 0) await insert(session, cutAddresses(rows))
      return rows.length < CUT_AT_ONCE ? cutBefore : Math.max(...rows.map(({ at }) => at))
    })
    this.#cutBefore = last
  }
}

/** In one order, so that two that add to the same rows wait for each other instead of for ever. */
async function insert(session: Session, rows: readonly Counted[]): Promise<void> {
  const keyed = rows.map((row) => ({ key: keyOf(row), row }))
  const sorted = keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ row }) => row)
  await session.query(addCounts, [
    sorted.map((row) => row.at),
    sorted.map((row) => row.address),
    sorted.map((row) => row.path),
    sorted.map((row) => row.reason),
    sorted.map((row) => row.method),
    sorted.map((row) => row.status),
    sorted.map((row) => row.count),
    sorted.map((row) => row.lastAt),
  ])
}

function keyOf({ at, address, path, reason }: Counted): string {
  return JSON.stringify([at, address, path, reason])
}

const addCounts = `
  INSERT INTO runhook.refusals (minute, address, path, reason, method, status, count, last_at)
  SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[],
    $7::bigint[], $8::bigint[])
  ON CONFLICT (minute, address, path, reason) DO UPDATE SET
    count = refusals.count + excluded.count, last_at = greatest(refusals.last_at, excluded.last_at)`

/** Method and status are those of the latest row. */
const kindsSince = `
  SELECT address, path, reason, (array_agg(method ORDER BY last_at DESC))[1] AS method,
    (array_agg(status ORDER BY last_at DESC))[1] AS status, sum(count)::bigint AS count,
    min(minute) AS minute, max(last_at) AS last_at
  FROM runhook.refusals WHERE minute >= $1 GROUP BY address, path, reason
  ORDER BY max(last_at) DESC, sum(count) DESC LIMIT $2`

const totalSince = `
  SELECT coalesce(sum(count), 0)::bigint AS total FROM runhook.refusals WHERE minute >= $1`

/** What `networkOf` makes a network of; with a slash it is one. */
const takeUncut = `
  DELETE FROM runhook.refusals WHERE (minute, address, path, reason) IN (
    SELECT minute, address, path, reason FROM runhook.refusals
    WHERE minute >= $1 AND minute < $2
      AND address ~* '^((::ffff:)?\\d{1,3}(\\.\\d{1,3}){3}|[0-9a-f:]+(%.*)?)$'
    ORDER BY minute LIMIT $3 FOR UPDATE SKIP LOCKED)
  RETURNING *`

const forget = `
  DELETE FROM runhook.refusals WHERE minute < greatest($1::bigint, coalesce(
    (SELECT minute FROM runhook.refusals ORDER BY minute DESC LIMIT 1 OFFSET $2), 0))`
