/**
 * Looks for what a hand in the database, or a mistake of ours, has left waiting although nothing is in its way.
 * In normal operation there is nothing to find. Beside that it ends the wait for workers that went away.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { number, text, textOrNull } from '../record/rows.ts'
import { vanished } from './boss.ts'
import { isHopeless, type Row } from './connect.ts'
import { lockNames, placeColumns, placeOf, placeOfRun } from './place.ts'
import type { Plan, Planner } from './plan.ts'
import { away, wasAway } from './rollouts.ts'
import { cancelWaiting, putBack } from './transitions.ts'
import { advance, release, sendAlone } from './turns.ts'

/** A worker that is started anew is not away. */
const PATIENCE_MS = 120_000
/** No transaction takes as long. */
const A_MOMENT_MS = 1000

export class Mend {
  readonly #planner: Planner

  constructor(planner: Planner) {
    this.#planner = planner
  }

  /** How many runs had been forgotten. */
  async all(): Promise<number> {
    let mended = 0
    mended += await this.#each(vanished, (plan, row) => replaceJob(plan, this.#planner, row))
    mended += await this.#each(heldByNobody, async (plan, row) => {
      const place = placeOf({ ...row, hook: '', label: '' })
      await plan.lock(lockNames(place))
      if (!(await release(plan, place))) return 0
      return 1 + (await advance(plan, [place]))
    })
    await this.#each(waitingInVain, giveUp)
    return mended + (await this.#forgotten())
  }

  /**
   * Most that wait in line are looked at for nothing: there is no room for them. What has room may be about to be
   * sent by somebody who looks at it after his commit (see `ofHook` in turns.ts), and is given time for that.
   */
  async #forgotten(): Promise<number> {
    const { db } = this.#planner.parts
    const seen = new Set((await db.query(inLine)).map((row) => number(row, 'id')))
    if (seen.size === 0) return 0
    await sleep(A_MOMENT_MS)
    return this.#each(inLine, async (plan, row) => {
      if (!seen.has(number(row, 'id'))) return 0
      const place = placeOf(row)
      await plan.lock(lockNames(place))
      return (await advance(plan, [place])) + (await sendAlone(plan, place))
    })
  }

  /** Each in a transaction of its own, which finds out whether it is still so. What is beyond help is passed by. */
  async #each(sql: string, work: (plan: Plan, row: Row) => Promise<number>): Promise<number> {
    let count = 0
    for (const row of await this.#planner.parts.db.query(sql)) {
      count += await this.#planner
        .transaction((plan) => work(plan, row))
        .catch((error: unknown) => {
          if (isHopeless(error)) return 0
          throw error
        })
    }
    return count
  }
}

async function replaceJob(plan: Plan, planner: Planner, row: Row): Promise<number> {
  const id = number(row, 'id')
  const place = await placeOfRun(plan, id)
  if (!place) return 0
  await plan.lock(lockNames(place))
  const [still] = await plan.query(`${vanished} AND r.id = $1 AND r.job = $2 FOR UPDATE OF r`, [
    id,
    text(row, 'job'),
  ])
  if (!still) return 0
  if (still.status === 'queued') await putBack(plan, id)
  else await planner.parts.boss.declareLost(plan, id, text(row, 'job'))
  return 1
}

/** A run for one worker that has gone, or that is known no more: it missed it, as if it had been away before. */
async function giveUp(plan: Plan, row: Row): Promise<number> {
  const place = placeOf(row)
  await plan.lock(lockNames(place))
  const worker = textOrNull(row, 'worker') ?? ''
  const reason =
    row.seen_ms_ago == null
      ? `${away(worker)}: the fleet knows it no more`
      : wasAway(worker, number(row, 'seen_ms_ago'), row.catch_up === true)
  const places = await cancelWaiting(plan, [place.id], reason)
  await advance(plan, places)
  return places.length
}

const columns = placeColumns.replaceAll(/\w+/g, 'r.$&')

const heldByNobody = `SELECT t.unit AS id, t.unit, t.concurrency_group, NULL AS rollout, NULL AS worker,
    NULL AS max_parallel
  FROM runhook.turns t WHERE NOT EXISTS (SELECT FROM runhook.runs r
    WHERE r.unit = t.unit AND r.status IN ('queued', 'running')
    AND (r.status = 'running' OR r.rollout = t.unit OR (r.job IS NOT NULL AND r.not_before IS NULL)))`

/** The first of each line whose turn it could be. */
const inLine = `SELECT DISTINCT ON (r.concurrency_group, r.hook) ${columns} FROM runhook.runs r
  LEFT JOIN runhook.turns t ON t.concurrency_group = r.concurrency_group
  WHERE r.status = 'queued' AND r.job IS NULL AND (t.unit IS NULL OR t.unit = r.unit)
  ORDER BY r.concurrency_group, r.hook, r.unit, r.id LIMIT 1000`

const waitingInVain = `SELECT ${columns}, o.catch_up,
    floor(extract(epoch FROM now() - w.seen_at) * 1000)::bigint AS seen_ms_ago
  FROM runhook.runs r JOIN runhook.rollouts o ON o.id = r.rollout
  LEFT JOIN runhook.workers w ON w.name = r.worker
  WHERE r.status = 'queued' AND r.worker IS NOT NULL AND (w.name IS NULL
    OR (w.seen_at + greatest(w.lease_ms, ${PATIENCE_MS}) * interval '1 ms' < now()))
  ORDER BY r.id LIMIT 1000`
