/**
 * What a worker missed while it was away, or before it was there: of each hook that says `catch-up`, the newest
 * rollout for each ref. A run that had begun there is not among them, however it ended: it was not missed, and
 * whether it comes again is for its hook's `retry` to say.
 */

import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import { payloadRemoved } from '../record/removed.ts'
import { deliveryOf, number, runOf } from '../record/rows.ts'
import type { Row } from './connect.ts'
import type { WorkerIdentity } from './contract.ts'
import { rolloutLock } from './keys.ts'
import { enter, lineUp, locksOf } from './lineup.ts'
import type { Plan, Planner } from './plan.ts'
import { away } from './rollouts.ts'
import { digestOf } from './transitions.ts'

/** They were asked for already, so they are no more than may wait. */
const roomForAll = { most: Infinity, fits: async () => true }

/** The runs that now wait for this worker. */
export async function catchUp(
  planner: Planner,
  worker: WorkerIdentity,
  hooks: Iterable<Hook>,
): Promise<Run[]> {
  const caught: Run[] = []
  for (const hook of hooks) {
    const { every, catchUp, label } = hook.placement
    if (!every || !catchUp || !worker.labels.includes(label)) continue
    const missed = await planner.parts.db.query(missedSql, [
      hook.name,
      worker.name,
      away(worker.name),
    ])
    for (const row of missed) {
      const id = number(row, 'rollout')
      caught.push(...(await planner.transaction((plan) => one(plan, worker.name, hook, id))))
    }
  }
  return caught
}

async function one(plan: Plan, worker: string, hook: Hook, rollout: number): Promise<Run[]> {
  await plan.lock([rolloutLock(rollout), ...locksOf([{ hook }])])
  const still = await plan.query(missedSql, [hook.name, worker, away(worker)])
  const row = still.find((missed) => number(missed, 'rollout') === rollout)
  const delivery = row && (await deliveryOfRun(plan, row))
  if (!row || !delivery) return []
  if (payloadRemoved(delivery) !== null) {
    await plan.query(tooLateSql, [rollout, worker, away(worker)])
    return []
  }
  const { update, inputs } = runOf(row)
  const attempt = number(row, 'attempts') + 1
  const ask = { hook, update, inputs, attempt, pinned: { rollout, worker } }
  const lined = await lineUp(plan, delivery, [ask], roomForAll)
  await enter(plan, lined, await digestOf(plan, delivery.id))
  return lined.runs.map(({ run }) => run)
}

async function deliveryOfRun(plan: Plan, row: Row) {
  const id = number(row, 'delivery_id')
  const sql = 'SELECT * FROM runhook.deliveries WHERE id = $1 FOR KEY SHARE' // see accept.ts
  const [found] = await plan.query(sql, [id])
  return found ? deliveryOf(found) : null
}

/** What it promised it cannot do any more: the run says so instead. A worker that is new has none to say it. */
const tooLateSql = `UPDATE runhook.runs
  SET reason = split_part(reason, ';', 1) || '; when it returned the payload had been removed'
  WHERE rollout = $1 AND worker = $2 AND status = 'cancelled' AND started_at IS NULL AND starts_with(reason, $3)`

/** The first run of each rollout that this worker has missed. One that was stopped is not to go on here. */
const missedSql = `WITH newest AS (
    SELECT DISTINCT ON (f.ref_name, f.event, f.inputs) f.*, o.stopped
    FROM runhook.rollouts o JOIN runhook.runs f ON f.id = o.id
    WHERE o.hook = $1 ORDER BY f.ref_name, f.event, f.inputs, o.id DESC)
  SELECT n.*, coalesce(last.attempt, 0) AS attempts FROM newest n LEFT JOIN LATERAL (
    SELECT * FROM runhook.runs r WHERE r.rollout = n.id AND r.worker = $2 ORDER BY r.id DESC LIMIT 1) AS last ON true
  WHERE n.stopped IS NULL AND (last.id IS NULL
    OR (last.status = 'cancelled' AND last.started_at IS NULL AND starts_with(last.reason, $3)))
  ORDER BY n.id`
