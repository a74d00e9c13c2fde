/**
 * A run's way through the database, for each of which its locks are held: cancelled while it waits, ended,
 * put back. What must be true together is written by one of them.
 */

import { randomUUID } from 'node:crypto'
import type { Run, RunEnd } from '../model/run.ts'
import { runOf, textOrNull } from '../record/rows.ts'
import type { RetryPlan } from '../record/store.ts'
import { followed } from '../record/transitions.ts'
import type { Row } from './connect.ts'
import { insertRuns, recordset } from './insert.ts'
import { type Place, placeColumns, placeOf } from './place.ts'
import type { Plan } from './plan.ts'
import { moreIds, stopRollout } from './rollouts.ts'
import { sealAge } from './seal.ts'
import { digestOf, unfit } from './sealed.ts'
import { upsertSteps } from './steps.ts'
import { releaseSql } from './turns.ts'
import { newerOf } from './waiting.ts'

/** Those that waited are cancelled, and give up their turn. Resolves with where they stood. */
export async function cancelWaiting(
  plan: Plan,
  ids: readonly number[],
  reason: string,
): Promise<Place[]> {
  if (ids.length === 0) return []
  const rows = await plan.query(cancelSql, [ids, Date.now(), reason])
  const places = rows.map(placeOf)
  await plan.complete(rows.flatMap(jobOf))
  plan.say(
    'move',
    places.map(({ id }) => id),
  )
  return places
}

function jobOf(row: Row): { job: string; place: Place }[] {
  const job = textOrNull(row, 'job')
  return job === null ? [] : [{ job, place: placeOf(row) }]
}

/**
 * Writes the end of a run, its steps and the retry that follows, and gives up its turn. The row is of `endableSql`.
 * Resolves with the retry, and with the places where something may come next.
 */
export async function endRun(
  plan: Plan,
  row: Row,
  end: RunEnd,
  retry: RetryPlan | null,
): Promise<{ readonly retry: Run | null; readonly places: readonly Place[] }> {
  const place = placeOf(row)
  const next = retry === null ? null : await followUp(plan, row, retry)
  const reason = next === null ? end.reason : `${end.reason}; ${whatFollows(next, retry)}`
  const places = [place]
  if (stops(end, next, row)) places.push(...(await stopOthers(plan, place)))
  await plan.query(endSql, [
    place.id,
    end.status,
    Date.now(),
    end.exitCode,
    end.signal,
    reason,
    end.outputBytes,
    end.outputCut,
    place.group,
    place.unit,
    recordset(end.steps),
    end.refused === true,
  ])
  plan.say('move', [place.id])
  return { retry: next !== null && 'run' in next ? next.run : null, places }
}

/** The last attempt on one worker failed, and its rollout is to end with that. */
function stops({ status }: RunEnd, next: Next | null, row: Row): boolean {
  const failed = status === 'failure' || status === 'timed_out' || status === 'interrupted'
  return row.fail_fast === true && failed && (next === null || !('run' in next))
}

async function stopOthers(plan: Plan, { id, rollout, worker }: Place): Promise<Place[]> {
  if (rollout === null) return []
  const waiting = await stopRollout(plan, rollout, `${worker} failed`, id)
  return cancelWaiting(plan, waiting, `not run: ${worker} failed (fail-fast)`)
}

type Next =
  | { readonly id: number; readonly run: Run }
  | { readonly newer: number }
  | { readonly refused: string }

function whatFollows(next: Next, retry: RetryPlan | null): string {
  return 'refused' in next ? `not run again: ${next.refused}` : followed(next, retry)
}

/** The next attempt, which waits in pg-boss for its time and takes its turn when it begins. */
async function followUp(plan: Plan, row: Row, retry: RetryPlan): Promise<Next> {
  const failed = runOf(row)
  const before = placeOf(row)
  const digest = await digestOf(plan, failed.deliveryId)
  const refused = unfit(plan, row, digest) ?? tooOld(plan, failed) ?? notOf(plan, failed, retry)
  if (refused !== null) return { refused }
  const newer = await newerOf(plan, failed, before, retry)
  if (newer !== null) return { newer }
  const [id = 0] = await moreIds(plan, 1)
  const now = Date.now()
  const run: Run = {
    ...failed,
    id,
    attempt: failed.attempt + 1,
    retry: plan.sealKey ? { ...retry.retry, ...chainOf(failed) } : retry.retry,
    status: 'queued',
    queuedAt: now,
    notBefore: now + retry.delayMs,
    startedAt: null,
    worker: failed.rollout === null ? null : failed.worker,
  }
  const unit = before.unit === before.rollout ? before.unit : id
  const place = { ...before, id, unit, worker: run.worker }
  const job = randomUUID()
  await insertRuns(plan, [{ run, place, job }], digest)
  await plan.send([{ job, run: id, place, afterMs: retry.delayMs }])
  plan.say('move', [id])
  return { id, run }
}

/**
 * By which its worker knows it, whatever number it gets: who can write the database may have it written down again
 * and again, and each is sealed.
 */
function chainOf({ id, queuedAt, retry }: Run): { first: number; since: number } {
  return { first: retry?.first ?? id, since: retry?.since ?? queuedAt }
}

/** The row may have been another's when its hook was asked whether it is to be tried again. */
function notOf({ sealKeys }: Plan, run: Run, { retry }: RetryPlan): string | null {
  return sealKeys.length === 0 || retry.run === run.id ? null : `that was asked of run ${retry.run}`
}

/** One that ended long ago may be made to look as if it ran; it gets no new seal, which would be good for days. */
function tooOld(plan: Plan, run: Run): string | null {
  return plan.sealKeys.length === 0 ? null : sealAge(run, Date.now())
}

/**
 * One whose command never started waits again, before others of its queue. What turn it had, it keeps; a retry
 * that had not begun had none, and takes it when it begins.
 */
export async function putBack(plan: Plan, id: number): Promise<void> {
  const job = randomUUID()
  for (const row of await plan.query(putBackSql, [id, job])) {
    await plan.send([{ job, run: id, place: placeOf(row), first: true }])
    plan.say('move', [id])
  }
}

/** A run with all that its end needs, to be asked when its locks are held. `where` says what it must be like. */
export const endableSql = (where: string) => `SELECT r.*, o.fail_fast FROM runhook.runs r
  LEFT JOIN runhook.rollouts o ON o.id = r.rollout WHERE ${where} FOR UPDATE OF r`

/** Of a row that `endableSql` gave: the wish that it ends, which somebody had before. */
export function wishOf(row: Row): string | null {
  return textOrNull(row, 'cancel')
}

/**
 * Only those that it cancels give up the turn: one that begins at the same moment, which no lock keeps from that, is not
 * among them, and its unit has the turn for as long as it runs.
 */
const cancelSql = `WITH cancelled AS (
    UPDATE runhook.runs SET status = 'cancelled', finished_at = $2, reason = $3
    WHERE id = ANY ($1::bigint[]) AND status = 'queued' RETURNING job, ${placeColumns}
  ), released AS (
    ${releaseSql('USING cancelled c', 'c.concurrency_group', 'c.unit', 'ARRAY(SELECT id FROM cancelled)')})
  SELECT * FROM cancelled`

const putBackSql = `UPDATE runhook.runs SET status = 'queued', started_at = NULL, job = $2,
    not_before = CASE status WHEN 'queued' THEN not_before END,
    worker = CASE WHEN rollout IS NULL THEN NULL ELSE worker END, instance = NULL, turn_group = NULL
  WHERE id = $1 AND status IN ('queued', 'running') RETURNING ${placeColumns}`

const endSql = `WITH ended AS (
    UPDATE runhook.runs SET status = $2, finished_at = $3, exit_code = $4, signal = $5, reason = $6,
      output_bytes = $7, output_cut = $8, refused = $12, turn_group = NULL
    WHERE id = $1
  ), released AS (${releaseSql('', '$9::text', '$10::bigint', 'ARRAY[$1::bigint]')})
  ${upsertSteps('$1::bigint', '$11')}`
