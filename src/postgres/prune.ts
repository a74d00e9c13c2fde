/**
 * Removing what was kept for its time from PostgreSQL: see record/prune.ts. Receivers go on meanwhile, so what
 * is to go is locked first and looked at again under the lock: a new run or repeat that refers to it waits.
 */

import { type EndedRun, LAST_RUNS, type Place, type Prune, SLICE } from '../record/prune.ts'
import { number, numberOrNull, type Row, text } from '../record/rows.ts'
import type { Postgres } from './connect.ts'
import * as sql from './prune-sql.ts'

/** A body of 25 MB is 13,000 rows beneath: a hundred of them would take longer than a statement may. */
const SLICE_BYTES = 16 * 2 ** 20

export class PostgresPrune implements Prune {
  readonly #db: Postgres

  constructor(database: Postgres) {
    this.#db = database
  }

  bodies(before: number): Promise<number> {
    return this.#db.transaction(async (session) => {
      const rows = await session.query(sql.oldBodies, [before, SLICE])
      const ids: number[] = []
      let bytes = 0
      for (const row of rows) {
        bytes += number(row, 'bytes')
        if (ids.length > 0 && bytes > SLICE_BYTES) break
        ids.push(number(row, 'id'))
      }
      return (await session.query(sql.emptyBodies, [ids, Date.now()])).length
    })
  }

  async runsAfter(id: number, hook?: string): Promise<EndedRun[]> {
    const rows =
      hook === undefined
        ? await this.#db.query(sql.runsAfter, [id, SLICE])
        : await this.#db.query(sql.runsOfHookAfter, [id, SLICE, hook])
    return rows.map(endedOf)
  }

  async withOutput({ finishedAt, id }: Place): Promise<(EndedRun & Place)[]> {
    const rows = await this.#db.query(sql.withOutput, [finishedAt, id, SLICE])
    return rows.map((row) => ({ ...endedOf(row), finishedAt: number(row, 'finished_at') }))
  }

  /** A rollout counts as one: a hook that keeps two has both on all of its workers. */
  async oldestOfLast(hook: string, count: number): Promise<number | null> {
    const [row] = await this.#db.query(sql.ofLast, [hook, count - 1])
    return row ? number(row, 'id') : null
  }

  async oldestOfLastStarted(hook: string): Promise<number | null> {
    const [row] = await this.#db.query(sql.ofLastStarted, [hook, LAST_RUNS - 1])
    return row ? number(row, 'id') : null
  }

  async newestRun(): Promise<number> {
    const [row] = await this.#db.query('SELECT coalesce(max(id), 0) AS id FROM runhook.runs')
    return row ? number(row, 'id') : 0
  }

  async outputRemoved(runIds: readonly number[]): Promise<void> {
    await this.#db.query(sql.outputRemoved, [runIds, Date.now()])
  }

  runs(runIds: readonly number[]): Promise<void> {
    return this.#db.transaction(async (session) => {
      const rows = await session.query(sql.goneRuns, [runIds])
      const gone = rows.map((row) => number(row, 'id'))
      const rollouts = new Set(rows.map((row) => numberOrNull(row, 'rollout')))
      await session.query(sql.remember, [gone])
      await session.query('DELETE FROM runhook.steps WHERE run_id = ANY ($1)', [gone])
      await session.query('DELETE FROM runhook.runs WHERE id = ANY ($1)', [gone])
      await session.query(sql.forgetRollouts, [[...rollouts]])
    })
  }

  deliveries(after: number, before: number): Promise<{ next: number | null; removed: number }> {
    return this.#db.transaction(async (session) => {
      const rows = await session.query(sql.deliveriesAfter, [after, SLICE])
      const old = rows.filter((row) => number(row, 'received_at') < before)
      const last = rows.at(-1)
      if (!last || old.length === 0) return { next: null, removed: 0 }
      const ids = old.map((row) => number(row, 'id'))
      const free = await session.query(sql.lockDeliveries, [ids])
      const locked = [free.map((row) => number(row, 'id'))]
      const gone = await session.query(sql.forgetDeliveries, locked)
      const forgotten = [gone.map((row) => number(row, 'id'))]
      await session.query('DELETE FROM runhook.pruned_runs WHERE delivery_id = ANY ($1)', forgotten)
      return { next: number(last, 'id'), removed: gone.length }
    })
  }

  async runIds(from: number, to: number): Promise<Set<number>> {
    const between = 'SELECT id FROM runhook.runs WHERE id BETWEEN $1 AND $2'
    return new Set((await this.#db.query(between, [from, to])).map((row) => number(row, 'id')))
  }

  /** Also the text of a run that is still there stays, for machines that have not been heard of lately. */
  configs(inUse: Iterable<string>, unusedSince: number): Promise<void> {
    return this.#db.transaction(async (session) => {
      const touch = 'UPDATE runhook.configs SET used_at = $2 WHERE hash = ANY ($1)'
      await session.query(touch, [[...inUse], Date.now()])
      const rows = await session.query(sql.unusedConfigs, [unusedSince, SLICE])
      if (rows.length === 0) return
      const hashes = rows.map((row) => text(row, 'hash'))
      const used = (await session.query(sql.configsOfRuns, [hashes])).map((row) =>
        text(row, 'hash'),
      )
      await session.query(touch, [used, Date.now()])
      const unused = hashes.filter((hash) => !used.includes(hash))
      await session.query('DELETE FROM runhook.configs WHERE hash = ANY ($1)', [unused])
    })
  }

  /** Autovacuum does it. */
  async vacuum(): Promise<boolean> {
    return false
  }
}

function endedOf(row: Row): EndedRun {
  return {
    id: number(row, 'id'),
    hook: text(row, 'hook'),
    queuedAt: number(row, 'queued_at'),
    finishedAt: numberOrNull(row, 'finished_at'),
  }
}
