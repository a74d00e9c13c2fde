/**
 * Runs that are in the database, and their seals. What follows from such a run, a retry or the turn of a worker
 * that was away, is sealed anew by whoever writes it down: so nothing may follow from one that was made up.
 */

import { RunhookError } from '../errors.ts'
import { deliveryOf, number, runOf } from '../record/rows.ts'
import type { Row, Session } from './connect.ts'
import type { Plan } from './plan.ts'
import { checkSeal, deliveryDigest, type Sealed, sealedOf, sealFields } from './seal.ts'

/** Of a transaction that may seal; with no keys nothing is sealed. */
type Sealing = Pick<Plan, 'sealKeys' | 'query'>

/** What stands beside a run in its row, for who checks its seal. */
export async function sealedRun(database: Session, runId: number): Promise<Sealed> {
  const sql = 'SELECT label, worker, rollout, seal FROM runhook.runs WHERE id = $1'
  const [row] = await database.query(sql, [runId])
  if (row) return sealedOf(row)
  throw new RunhookError('not-found', `There is no run #${runId}.`)
}

/** Of its delivery, for a seal. Read only where it is needed: a body may be large. */
export async function digestOf(plan: Sealing, delivery: number): Promise<string | null> {
  if (plan.sealKeys.length === 0) return null
  const [row] = await plan.query('SELECT * FROM runhook.deliveries WHERE id = $1', [delivery])
  return row ? deliveryDigest(deliveryOf(row)) : null
}

/** `row`: all of a run's. Null where it is as it was sealed, or nothing is; else why not, as `checkSeal` says it. */
export function unfit(
  plan: Pick<Sealing, 'sealKeys'>,
  row: Row,
  digest: string | null,
): string | null {
  if (plan.sealKeys.length === 0) return null
  const sealed = sealedOf(row)
  return checkSeal(sealFields(runOf(row), sealed, digest ?? ''), sealed.seal, plan.sealKeys)
}

/** The same of a run by its number. */
export async function unfitRun(plan: Sealing, runId: number): Promise<string | null> {
  if (plan.sealKeys.length === 0) return null
  const [row] = await plan.query('SELECT * FROM runhook.runs WHERE id = $1', [runId])
  return row ? unfit(plan, row, await digestOf(plan, number(row, 'delivery_id'))) : null
}
