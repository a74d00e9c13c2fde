/** The statements of the Store on SQLite; what they are for is said in sqlite.ts. */

import type { Database } from './database.ts'
import type { RunFilter } from './store.ts'

/** `WHERE` of the conditions whose value was given, each with one `?`. */
export function conditions(given: Readonly<Record<string, string | number | undefined>>) {
  const used = Object.entries(given).filter((entry) => entry[1] !== undefined)
  const where = used.length > 0 ? `WHERE ${used.map(([sql]) => sql).join(' AND ')}` : ''
  return { where, values: used.map((entry) => entry[1] ?? null) }
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
