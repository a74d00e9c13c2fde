/** The statements of the Store on SQLite; what they are for is said in sqlite.ts. */

import type { Database } from './database.ts'
import { deliveryNeedles } from './delivery-row.ts'
import type { DeliveryFilter, RunFilter } from './store.ts'

type Value = string | number | readonly (string | number)[] | undefined

/** `WHERE` of the conditions whose value was given, each with one `?`, or one for each of a list. */
function conditions(given: Readonly<Record<string, Value>>) {
  const used = Object.entries(given).filter((entry) => entry[1] !== undefined)
  const where = used.length > 0 ? `WHERE ${used.map(([sql]) => sql).join(' AND ')}` : ''
  return { where, values: used.flatMap((entry) => entry[1] ?? null) }
}

export function runConditions(filter: RunFilter) {
  return conditions({
    'hook = ?': filter.hook,
    'status = ?': filter.status,
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

const RAN = `verdicts GLOB '*"run":[0-9]*'`
const HOOK_RAN = `EXISTS (SELECT 1 FROM json_each(verdicts) AS verdict
  WHERE verdict.value ->> 'hook' = ? AND verdict.value ->> 'run' IS NOT NULL)`

export function deliveryConditions(filter: DeliveryFilter) {
  const { hook, outcome, event, refName } = filter
  const needles = deliveryNeedles(filter)
  const ran = hook === undefined ? { sql: RAN, values: [] } : { sql: HOOK_RAN, values: [hook] }
  return conditions({
    'id < ?': filter.before,
    'id >= ?': filter.from,
    'duplicate_of = ?': filter.duplicateOf,
    'id IN (SELECT value FROM json_each(?))': filter.ids && JSON.stringify(filter.ids),
    'received_at >= ?': filter.since,
    'repository = ?': filter.repository,
    '(event = ? OR instr(updates, ?) > 0)': event === undefined ? event : [event, needles.event],
    '(instr(updates, ?) > 0 OR instr(updates, ?) > 0)':
      refName === undefined ? refName : [needles.branch, needles.tag],
    '(instr(verdicts, ?) > 0 OR (problem IS NOT NULL AND endpoint = ?))':
      hook === undefined ? hook : [needles.hook, filter.path ?? ''],
    'problem IS NOT NULL': outcome === 'problem' ? [] : undefined,
    [ran.sql]: outcome === 'ran' ? ran.values : undefined,
    [`problem IS NULL AND NOT ${ran.sql}`]: outcome === 'nothing' ? ran.values : undefined,
  })
}

export function statements(db: Database) {
  return {
    run: db.prepare('SELECT * FROM runs WHERE id = ?'),
    steps: db.prepare('SELECT * FROM steps WHERE run_id = ? ORDER BY number'),
    delivery: db.prepare('SELECT * FROM deliveries WHERE id = ?'),
    // One step in the index for each hook, and not one for each run.
    hooksWithRuns: db.prepare(
      `WITH RECURSIVE known (hook) AS (
         SELECT min(hook) FROM runs
         UNION ALL
         SELECT (SELECT min(hook) FROM runs WHERE runs.hook > known.hook) FROM known WHERE hook IS NOT NULL
       ) SELECT hook FROM known WHERE hook IS NOT NULL`,
    ),
    unfinished: db.prepare(
      `SELECT * FROM runs WHERE status = 'queued' OR status = 'running' ORDER BY id`,
    ),
    keepConfig: db.prepare('INSERT OR IGNORE INTO configs (hash, text, used_at) VALUES (?, ?, ?)'),
    configText: db.prepare('SELECT text FROM configs WHERE hash = ?'),
    setting: db.prepare('SELECT value FROM settings WHERE name = ?'),
    keepSetting: db.prepare('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)'),
  }
}
