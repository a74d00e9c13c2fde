/** What stands beside a run in its row, for who checks its seal. */

import { RunhookError } from '../errors.ts'
import type { Session } from './connect.ts'
import { type Sealed, sealedOf } from './seal.ts'

export async function sealedRun(database: Session, runId: number): Promise<Sealed> {
  const sql = 'SELECT label, worker, rollout, seal FROM runhook.runs WHERE id = $1'
  const [row] = await database.query(sql, [runId])
  if (row) return sealedOf(row)
  throw new RunhookError('not-found', `There is no run #${runId}.`)
}
