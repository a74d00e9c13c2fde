/** A claimed run begins; see `begin` of contract.ts. */

import { RunhookError } from '../errors.ts'
import type { StoredDelivery } from '../model/delivery.ts'
import type { Run } from '../model/run.ts'
import { deliveryOf, numberOrNull, runOf, textOrNull, UnreadableRow } from '../record/rows.ts'
import type { Begun } from '../record/store.ts'
import type { Boss } from './boss.ts'
import type { Row } from './connect.ts'
import type { Claim } from './contract.ts'
import { lockNames, type Place, placeColumns, placeOf } from './place.ts'
import type { Plan } from './plan.ts'
import { roomOfHook } from './turns.ts'

interface By {
  readonly worker: string
  readonly instance: string
  /** By the name of the hook. */
  readonly config: (hook: string) => string | undefined
}

/** Undoes the transaction: the job was lost, and what becomes of the run is for others to say. */
export class ClaimLost extends RunhookError {
  constructor() {
    super('conflict', 'The claim was lost.')
  }
}

export async function beginRun(
  plan: Plan,
  boss: Boss,
  claim: Claim,
  by: By,
): Promise<{ readonly begun: Begun; readonly place: Place } | null> {
  const values = [claim.runId, claim.job, Date.now(), by.worker, by.instance]
  let [row] = await plan.query(beginSql('not_before IS NULL'), values)
  if (!row && (await takesTurn(plan, boss, claim))) {
    ;[row] = await plan.query(beginSql('true'), values)
  }
  if (!row) return null
  const kept = await boss.touch(plan, claim.queue, [claim.job])
  if (kept.length === 0) throw new ClaimLost()
  plan.say('move', [claim.runId])
  const run = await withConfig(plan, claimedIn(row, claim), by)
  const begun = {
    run: { ...run, worker: by.worker },
    delivery: deliveryIn(row, run),
    lastSuccess: textOrNull(row, 'last_success'),
  }
  return { begun, place: placeOf(row) }
}

/** Most hooks files are the same everywhere; one that is not costs a statement. */
async function withConfig(plan: Plan, run: Run, by: By): Promise<Run> {
  const config = by.config(run.hook) ?? run.config
  if (config === run.config) return run
  await plan.query('UPDATE runhook.runs SET config = $2 WHERE id = $1', [run.id, config])
  return { ...run, config }
}

/**
 * A retry whose time has come takes its turn now. Where another has it, it waits in our tables, in order, from now
 * on: the claim is over, and it is sent again when its turn comes.
 */
async function takesTurn(plan: Plan, boss: Boss, { runId, job, queue }: Claim): Promise<boolean> {
  const [waits] = await plan.query(delayedSql, [runId, job])
  if (!waits) return false
  const place = placeOf(waits)
  await plan.lock(lockNames(place))
  const { group, unit } = place
  const [turn] = group === null ? [] : await plan.query(turnSql, [group, unit, runId, job])
  const mine = group === null || (turn !== undefined && numberOrNull(turn, 'unit') === unit)
  if (mine && (await roomOfHook(plan, place)) > 0) return true
  if (mine && group !== null) await plan.query(giveUpSql, [group, unit, runId])
  await plan.query(unsendSql, [runId, job])
  await boss.complete(plan, queue, [job])
  return false
}

/** A view or a trigger may give another, whose seal fits as well: it could be begun twice at once then. */
function claimedIn(row: Row, { runId }: Claim): Run {
  const run = runOf(row)
  if (run.id === runId) return run
  throw new UnreadableRow('id', 'another run')
}

/** The delivery came in the same row, its columns with a prefix. */
function deliveryIn(row: Row, { deliveryId }: Run): StoredDelivery {
  if (row.d_id !== deliveryId) throw new UnreadableRow('delivery_id', 'no delivery, or another')
  return deliveryOf(Object.fromEntries(ofDelivery.map((column) => [column, row[`d_${column}`]])))
}

const ofDelivery = [
  ...['id', 'received_at', 'endpoint', 'host', 'guid', 'event', 'action', 'repository'],
  ...['default_branch', 'sender', 'updates', 'proof', 'address', 'headers', 'problem'],
  ...['duplicate_of', 'body_removed_at', 'verdicts', 'body'],
]

/**
 * The last that succeeded for the same ref; a tag is told apart from all else. On this worker, when each has its
 * own. Not what `runhook send` sent: its commit need not be anywhere, and nothing can be rolled back to it; asked for each in turn, where NOT EXISTS would read all.
 */
const lastSuccess = (
  ref: string,
) => `(SELECT s.sha FROM runhook.runs s WHERE s.hook = b.hook AND ${ref}
    AND s.status = 'success' AND s.sha IS NOT NULL AND (s.event = 'tag') = (b.event = 'tag')
    AND (b.rollout IS NULL OR s.worker = b.worker)
    AND (SELECT t.headers NOT LIKE '%"x-runhook-test"%' FROM runhook.deliveries t WHERE t.id = s.delivery_id)
  ORDER BY s.finished_at DESC LIMIT 1)`

const beginSql = (due: string) => `WITH b AS (
    UPDATE runhook.runs SET status = 'running', started_at = coalesce(started_at, $3), worker = $4,
      instance = $5, turn_group = concurrency_group
    WHERE id = $1 AND job = $2
      AND ((status = 'queued' AND ${due}) OR (status = 'running' AND instance = $5))
    RETURNING *)
  SELECT b.*, ${ofDelivery.map((column) => `d.${column} AS d_${column}`).join(', ')},
    CASE WHEN b.ref_name IS NULL THEN ${lastSuccess('s.ref_name IS NULL')}
      ELSE ${lastSuccess('s.ref_name = b.ref_name')} END AS last_success
  FROM b LEFT JOIN runhook.deliveries d ON d.id = b.delivery_id`

const delayedSql = `SELECT ${placeColumns} FROM runhook.runs
  WHERE id = $1 AND job = $2 AND status = 'queued' AND not_before IS NOT NULL`

/** Taken when it is nobody's; whose it is by then. */
const turnSql = `WITH taken AS (
    INSERT INTO runhook.turns SELECT $1::text, $2::bigint
    WHERE EXISTS (SELECT FROM runhook.runs WHERE id = $3 AND job = $4 AND status = 'queued')
    ON CONFLICT DO NOTHING RETURNING unit)
  SELECT unit FROM taken UNION ALL SELECT unit FROM runhook.turns WHERE concurrency_group = $1`

/** Unless others of its unit have it too. */
const giveUpSql = `DELETE FROM runhook.turns t WHERE concurrency_group = $1 AND unit = $2
  AND NOT EXISTS (SELECT FROM runhook.runs r WHERE r.unit = $2 AND r.id <> $3
    AND r.status IN ('queued', 'running'))`

const unsendSql = `UPDATE runhook.runs SET job = NULL, not_before = NULL
  WHERE id = $1 AND job = $2 AND status = 'queued'`
