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
import { digestOf, unfit } from './sealed.ts'

/** They were asked for already, so they are no more than may wait. */
const roomForAll = { most: Infinity, fits: async () => true }

/** By what a worker remembers itself: whether it has begun nothing as new of what this first run of a rollout is of. */
export type MayMiss = (
  first: Pick<Run, 'hook' | 'refName' | 'event' | 'inputs'>,
  rollout: number,
) => boolean

/** The runs that now wait for this worker. */
export async function catchUp(
  planner: Planner,
  worker: WorkerIdentity,
  hooks: Iterable<Hook>,
  mayMiss: MayMiss = () => true,
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
      const id = number(row, 'id')
      const newer = !mayMiss(runOf(row), id)
      caught.push(...(await planner.transaction((plan) => one(plan, worker.name, hook, id, newer))))
    }
  }
  return caught
}

async function one(
  plan: Plan,
  worker: string,
  hook: Hook,
  rollout: number,
  hasNewer: boolean,
): Promise<Run[]> {
  await plan.lock([rolloutLock(rollout), ...locksOf([{ hook }])])
  const still = await plan.query(missedSql, [hook.name, worker, away(worker)])
  const row = still.find((missed) => number(missed, 'id') === rollout)
  const delivery = row && (await deliveryOfRun(plan, row))
  if (!row || !delivery) return []
  const run = runOf(row)
  const digest = await digestOf(plan, delivery.id)
  const problem = payloadRemoved(delivery)
    ? 'when it returned the payload had been removed'
    : hasNewer
      ? 'when it returned it had run a newer one'
      : notSealedAs(plan, row, run, { hook: hook.name, rollout }, digest)
  if (problem !== null) {
    await plan.query(passedBySql, [rollout, worker, away(worker), problem])
    return []
  }
  const { update, inputs } = run
  const attempt = number(row, 'attempts') + 1
  const ask = { hook, update, inputs, attempt, pinned: { rollout, worker } }
  const lined = await lineUp(plan, delivery, [ask], roomForAll)
  await enter(plan, lined, digest)
  return lined.runs.map(({ run }) => run)
}

/** What it is told here becomes a run with a seal, so it must have had one, and as this: the first of that rollout. */
function notSealedAs(
  plan: Plan,
  row: Row,
  run: Run,
  asked: { readonly hook: string; readonly rollout: number },
  digest: string | null,
): string | null {
  if (plan.sealKeys.length === 0) return null
  const isThat =
    run.id === asked.rollout && run.rollout === asked.rollout && run.hook === asked.hook
  const problem = isThat ? unfit(plan, row, digest) : 'its first run is another'
  return problem && `not run when it returned: ${problem}`
}

async function deliveryOfRun(plan: Plan, row: Row) {
  const id = number(row, 'delivery_id')
  const sql = 'SELECT * FROM runhook.deliveries WHERE id = $1 FOR KEY SHARE' // see accept.ts
  const [found] = await plan.query(sql, [id])
  return found ? deliveryOf(found) : null
}

/** What it promised it cannot do any more: the run says so instead. A worker that is new has none to say it. */
const passedBySql = `UPDATE runhook.runs SET reason = split_part(reason, ';', 1) || '; ' || $4
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
