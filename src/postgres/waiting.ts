/** The runs that wait, as record/waiting.ts has them: is there room for more, and which does a newer one replace. */

import { performance } from 'node:perf_hooks'
import type { Run } from '../model/run.ts'
import { number } from '../record/rows.ts'
import type { RetryPlan } from '../record/store.ts'
import { roomLock } from './keys.ts'
import type { Place } from './place.ts'
import type { Plan } from './plan.ts'

/** A count holds for so long, while this process has used no more than its part of the room that it found. */
const COUNT_MS = 1000
const PART = 10

/**
 * Whether more may wait. Counting costs as much as waits, so it is done once a second, by one for all of this process, and
 * nobody waits for anybody else's commit. Only when there is little room left, one transaction of the whole fleet counts
 * at a time, and the limit is exact.
 */
export class Headroom {
  readonly most: number
  #free = 0
  #until = 0
  #counting: Promise<unknown> | null = null

  constructor(most: number) {
    this.most = most
  }

  async fits(plan: Plan, added: number): Promise<boolean> {
    if (added <= 0 || this.#take(added)) return true
    if (performance.now() >= this.#until) {
      // Whoever counts has all the locks that it wants, so it never waits for those who wait for it here.
      if (this.#counting) await this.#counting.catch(() => undefined)
      else await this.#countForAll(plan)
      if (this.#take(added)) return true
    }
    await plan.lock([roomLock])
    return (await this.#count(plan, added)) >= 0
  }

  /** Of what this process has found to be free. */
  #take(added: number): boolean {
    if (performance.now() >= this.#until || added > this.#free) return false
    this.#free -= added
    return true
  }

  async #countForAll(plan: Plan): Promise<void> {
    const counting = this.#count(plan, 0)
    this.#counting = counting
    try {
      await counting
    } finally {
      this.#counting = null
    }
  }

  /** How much room there is beside what is added; less than 0 when it does not fit. */
  async #count(plan: Plan, added: number): Promise<number> {
    const [row] = await plan.query(waitingSql, [this.most])
    const room = this.most - (row ? number(row, 'waiting') : 0) - added
    this.#free = Math.max(0, Math.floor(room / PART))
    this.#until = performance.now() + COUNT_MS
    return room
  }
}

/** However many wait, no more are counted than may. */
const waitingSql = `SELECT count(*) AS waiting FROM (
  SELECT FROM runhook.runs WHERE status = 'queued' LIMIT $1) AS waits`

/** What stands in a line for one ref. A rollout counts as one. */
export interface Waiting {
  readonly unit: number
  readonly ids: readonly number[]
  readonly retry: boolean
}

/** Those that make room for a new one where `keep` may wait with it: retries first, for theirs is the oldest work. */
export function beyond(waiting: readonly Waiting[], keep: number): Waiting[] {
  const newestFirst = [...waiting].sort((one, other) =>
    one.retry === other.retry ? other.unit - one.unit : Number(one.retry) - Number(other.retry),
  )
  return newestFirst.slice(keep - 1)
}

/**
 * Rows of `r` that wait for the same as `w` (hook, ref, event, inputs, worker). A rollout of which a run has begun
 * is under way and waits no more. One that is for a single worker meets those of that worker alone.
 */
export const alikeSql = `r.status = 'queued' AND r.concurrency_group = w.concurrency_group AND r.hook = w.hook
  AND r.ref_name IS NOT DISTINCT FROM w.ref_name AND r.event = w.event AND r.inputs = w.inputs
  AND (w.worker IS NULL OR (r.worker = w.worker AND r.unit <> r.rollout))
  AND (r.rollout IS DISTINCT FROM r.unit OR NOT EXISTS (
    SELECT FROM runhook.runs b WHERE b.rollout = r.rollout AND b.started_at IS NOT NULL))`

/** The newer run that waits and makes a retry of this one pointless. */
export async function newerOf(
  plan: Plan,
  failed: Run,
  { unit }: Place,
  { keep }: RetryPlan,
): Promise<number | null> {
  if (keep === null) return null
  const rows = await plan.query(newer, [failed.id, unit])
  return rows.length >= keep && rows[0] ? number(rows[0], 'id') : null
}

/** Of each newer unit the first run, the newest unit first. What is for other workers alone does not count. */
const newer = `SELECT max(r.unit) AS unit, max(r.id) AS id
  FROM runhook.runs w JOIN runhook.runs r ON r.concurrency_group = w.concurrency_group
  WHERE w.id = $1 AND r.status = 'queued' AND r.hook = w.hook AND r.ref_name IS NOT DISTINCT FROM w.ref_name
    AND r.event = w.event AND r.inputs = w.inputs AND r.id > w.id AND r.unit <> $2
    AND (r.rollout IS NULL OR r.rollout = r.unit OR r.worker = w.worker)
  GROUP BY r.unit ORDER BY bool_and(r.retry IS NULL) DESC, r.unit DESC`
