/** What waits in a history that was just restored goes to the workers: what has a time to wait for, then the rest. */

import { number, text } from '../record/rows.ts'
import type { Session } from './connect.ts'
import { PostgresFleet } from './fleet.ts'
import { placeColumns, placeOf, queueOf } from './place.ts'
import { Plan, type Planner } from './plan.ts'

/**
 * In the transaction that restores. A retry that waits for its time has its job from the beginning, without a
 * turn; without one it would be taken for a run that waits for its turn only, and start at once.
 */
export async function sendLater(session: Session, { parts }: Planner): Promise<void> {
  const now = Date.now()
  const rows = await session.query(laterSql, [now])
  const jobs = rows.map((row) => ({
    job: text(row, 'job'),
    run: number(row, 'id'),
    place: placeOf(row),
    afterMs: number(row, 'not_before') - now,
  }))
  await parts.boss.ensure(new Set(jobs.map(({ place }) => queueOf(place))))
  await new Plan(session, parts).send(jobs)
}

const laterSql = `UPDATE runhook.runs SET job = gen_random_uuid()
  WHERE status = 'queued' AND job IS NULL AND not_before > $1 RETURNING job, not_before, ${placeColumns}`

/**
 * Afterwards. It looks at so many at a time; should it not come to an end here, the servers of the fleet go
 * on with it, as they do where this is not reached at all.
 */
export async function sendNow(planner: Planner): Promise<void> {
  const fleet = new PostgresFleet(planner)
  for (let rounds = 0; rounds < 100; rounds++) if ((await fleet.mend()) === 0) return
}
