/** What lists are narrowed by, as conditions of a statement whose $1 is the limit. */

import { deliveryNeedles } from '../record/delivery-row.ts'
import type { DeliveryFilter, RunFilter } from '../record/store.ts'

export function runConditions(filter: RunFilter) {
  return conditions({
    'hook = ?': filter.hook,
    'status = ?': filter.status,
    'worker = ?': filter.worker,
    'delivery_id = ?': filter.deliveryId,
    'event = ?': filter.event,
    'ref_name = ?': filter.refName,
    'sender = ?': filter.sender,
    'queued_at >= ?': filter.since,
    'finished_at >= ?': filter.concluded && 0,
    'status <> ?': filter.concluded && 'cancelled',
    'id < ?': filter.before,
  })
}

const RAN = `verdicts ~ '"run":[0-9]'`

/**
 * The text of the verdicts is cut where each begins: "hook" is the first key of one. The functions for JSON
 * fail on an escaped U+0000, which a sender may have written.
 */
const HOOK_RAN = `EXISTS (SELECT 1 FROM unnest(string_to_array(verdicts, '{"hook":')) AS verdict
  WHERE starts_with(verdict, ?) AND verdict ~ '"run":[0-9]')`

export function deliveryConditions(filter: DeliveryFilter) {
  const { hook, outcome, event, refName, ids } = filter
  const needles = deliveryNeedles(filter)
  const ran =
    hook === undefined ? { sql: RAN, values: [] } : { sql: HOOK_RAN, values: [`"${hook}"`] }
  return conditions({
    'id < ?': filter.before,
    'id >= ?': filter.from,
    'duplicate_of = ?': filter.duplicateOf,
    'id = ANY (?::bigint[])': ids && `{${ids.join()}}`,
    'received_at >= ?': filter.since,
    'repository = ?': filter.repository,
    '(event = ? OR strpos(updates, ?) > 0)': event === undefined ? event : [event, needles.event],
    '(strpos(updates, ?) > 0 OR strpos(updates, ?) > 0)':
      refName === undefined ? refName : [needles.branch, needles.tag],
    '(strpos(verdicts, ?) > 0 OR (problem IS NOT NULL AND endpoint = ?))':
      hook === undefined ? hook : [needles.hook, filter.path ?? ''],
    'problem IS NOT NULL': outcome === 'problem' ? [] : undefined,
    [ran.sql]: outcome === 'ran' ? ran.values : undefined,
    [`problem IS NULL AND NOT ${ran.sql}`]: outcome === 'nothing' ? ran.values : undefined,
  })
}

type Value = string | number | readonly (string | number)[] | undefined

/** `WHERE` of the conditions whose value was given, each with one `?`, or one for each of a list; from $2 on. */
function conditions(given: Readonly<Record<string, Value>>) {
  const used = Object.entries(given).filter((entry) => entry[1] !== undefined)
  let next = 2
  const numbered = used.map(([condition]) => condition.replaceAll('?', () => `$${next++}`))
  const sql = numbered.join(' AND ')
  return { where: sql && `WHERE ${sql}`, values: used.flatMap(([, value]) => value ?? []) }
}
