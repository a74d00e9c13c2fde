/** Has this come before? The rules and their words are in record/repeats.ts; here they are asked of PostgreSQL. */

import type { Check, Delivery } from '../model/delivery.ts'
import { duplicateOf, eventToDiffer, guidKeyOf, replayOf } from '../record/repeats.ts'
import { number, numberOrNull, text, textOrNull } from '../record/rows.ts'
import type { Wanted } from '../record/store.ts'
import type { Session } from './connect.ts'
import { recordset } from './insert.ts'

export interface Repeated {
  /** The delivery that came first with this id at this endpoint. */
  readonly original: number | null
  /** Why runs that matched must not start. */
  readonly held: ReadonlyMap<Wanted, Check>
}

/** The locks of its id and of its body are held. One statement, or none where nothing could be found. */
export async function findRepeats(
  session: Session,
  delivery: Delivery,
  wanted: readonly Wanted[],
  bodyHash: Uint8Array | null,
): Promise<Repeated> {
  const guid = guidKeyOf(delivery)
  const held = new Map<Wanted, Check>()
  if (guid === null && (bodyHash === null || wanted.length === 0)) return { original: null, held }
  const asked = wanted.map(({ hook, update }, n) => {
    return { n, hook: hook.name, update, replay: bodyHash !== null && !hook.allowReplay }
  })
  const differ = eventToDiffer(delivery)
  const values = [delivery.endpoint, guid, delivery.host, bodyHash, differ, recordset(asked)]
  const rows = await session.query(found, values)
  for (const row of rows) {
    const want = wanted[numberOrNull(row, 'n') ?? -1]
    if (want === undefined) continue
    const status = textOrNull(row, 'status')
    if (status !== null) {
      held.set(
        want,
        duplicateOf(number(row, 'delivery_id'), number(row, 'run'), text(row, 'status')),
      )
    } else if (row.same_run != null) {
      held.set(want, replayOf(number(row, 'same_delivery'), number(row, 'same_run')))
    }
  }
  return { original: rows[0] ? numberOrNull(rows[0], 'original') : null, held }
}

/**
 * OFFSET 0 makes it begin with the few deliveries, and look for the runs of each. Left to itself the planner walks
 * through all runs of the hook, and every push would cost as much as there is history.
 */
const runsOf = (where: string) => `
  SELECT r.* FROM runhook.deliveries d CROSS JOIN LATERAL (
    SELECT r.id AS run, r.status, r.delivery_id, r.hook, r.update_index, false AS pruned
      FROM runhook.runs r WHERE r.delivery_id = d.id
    UNION ALL
    SELECT p.id, p.status, p.delivery_id, p.hook, p.update_index, true
      FROM runhook.pruned_runs p WHERE p.delivery_id = d.id
    OFFSET 0) AS r WHERE ${where}`

const found = `WITH known AS MATERIALIZED (${runsOf('d.guid_key = $2 AND d.host = $3')}
  ), alike AS MATERIALIZED (${runsOf(`d.body_hash = $4 AND ($5::text IS NULL OR d.event <> $5)
    AND ($2::text IS NULL OR d.guid_key IS DISTINCT FROM $2)`)}
  )
  SELECT w.n, ran.run, ran.status, ran.delivery_id, same.run AS same_run, same.delivery_id AS same_delivery,
    (SELECT id FROM runhook.deliveries WHERE endpoint = $1 AND guid_key = $2 AND duplicate_of IS NULL) AS original
  FROM (SELECT 1) AS one
  LEFT JOIN json_to_recordset($6::json) AS w (n integer, hook text, update integer, replay boolean) ON true
  LEFT JOIN LATERAL (SELECT * FROM known k WHERE k.hook = w.hook AND k.update_index = w.update
      AND (k.status = 'success' OR (NOT k.pruned AND k.status IN ('queued', 'running')))
    ORDER BY k.run LIMIT 1) AS ran ON true
  LEFT JOIN LATERAL (SELECT * FROM alike a WHERE a.hook = w.hook AND a.update_index = w.update
    ORDER BY a.run LIMIT 1) AS same ON w.replay AND ran.run IS NULL`
