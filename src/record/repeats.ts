/**
 * Has this come before? A host that repeats a delivery keeps its id; whoever replays a captured one gives
 * it a new id, which no signature covers, so pushes are also known by the hash of their body.
 */

import { createHash } from 'node:crypto'
import type { Check, Delivery } from '../model/delivery.ts'
import type { Database } from './database.ts'
import { number, text } from './rows.ts'
import type { Wanted } from './store.ts'

export class Repeats {
  readonly #sql: ReturnType<typeof statements>

  constructor(database: Database) {
    this.#sql = statements(database)
  }

  /** The delivery that came first with this id at this endpoint. */
  original(delivery: Delivery): number | null {
    const guid = guidKeyOf(delivery)
    if (guid === null) return null
    const row = this.#sql.original.get(delivery.endpoint, guid)
    return row ? number(row, 'id') : null
  }

  /** Why a run that matched must not start: this very delivery, or its body, has run before. */
  heldBack(want: Wanted, delivery: Delivery, bodyHash: Uint8Array | null): Check | null {
    const hook = want.hook.name
    const known = [guidKeyOf(delivery), delivery.host, hook, want.update] as const
    const ran = this.#sql.ranBefore.get(...known) ?? this.#sql.ranBeforePruned.get(...known)
    if (ran) return duplicateOf(number(ran, 'delivery_id'), number(ran, 'id'), text(ran, 'status'))
    // A repeat that failed or never ran may run: that is what a host's Redeliver button is for. But what
    // was held back as a replay stays held back, however often it is sent.
    if (bodyHash === null || want.hook.allowReplay) return null
    const like = eventToDiffer(delivery)
    const guid = guidKeyOf(delivery)
    const body = [bodyHash, hook, want.update, guid, guid, like, like] as const
    const row = this.#sql.sameBody.get(...body) ?? this.#sql.sameBodyPruned.get(...body)
    return row ? replayOf(number(row, 'delivery_id'), number(row, 'id')) : null
  }
}

/** Said of a delivery whose hook has a run already by the same id of its host. */
export function duplicateOf(delivery: number, run: number, status: string): Check {
  const says = `delivery ${delivery} already started run #${run} (${status})`
  return { rule: 'duplicate', result: 'fail', wanted: 'new', found: `delivery #${delivery}`, says }
}

/** Said of a delivery whose body came before under another id. */
export function replayOf(delivery: number, run: number): Check {
  const says = `replay suspected: the same body came as delivery ${delivery} and started run #${run} ("replay": "allow" permits it)`
  return { rule: 'replay', result: 'fail', wanted: 'new', found: `delivery #${delivery}`, says }
}

/** The run that such a check names; null of any other check. */
export function runBefore({ rule, says }: Check): number | null {
  if (rule !== 'duplicate' && rule !== 'replay') return null
  const [, run] = /started run #(\d{1,15})\b/.exec(says) ?? []
  return run === undefined ? null : Number(run)
}

/** Only what came as another event than this is a replay; null = whatever it came as. */
export function eventToDiffer(delivery: Delivery): string | null {
  const moved = delivery.updates.some(({ event }) => isPush(event, delivery.host))
  return moved ? null : delivery.event
}

/** What a host's id is known by: one that differs in case or spaces alone is no new one. */
export function guidKeyOf({ guid }: Delivery): string | null {
  return guid?.replace(/\s+/g, '').toLowerCase() || null
}

/**
 * What a replay is known by. A push whose body came before is one, and so is any body that comes again as
 * another event, because most hosts do not sign the event's name. Calls may honestly repeat: null.
 */
export function bodyHashOf({ host, body }: Delivery): Uint8Array | null {
  return host === 'webhook' ? null : createHash('sha256').update(body).digest()
}

/** Gogs tells of a pushed tag by `create` alone. */
function isPush(event: string, host: Delivery['host']): boolean {
  return event === 'push' || event === 'tag' || (host === 'gogs' && event === 'create')
}

/**
 * CROSS JOIN makes SQLite begin with the delivery. Left to itself it walks through all runs of the hook,
 * because those come in the wanted order, and every push would cost as much as there is history.
 */
export const repeatQueries = {
  original:
    'SELECT id FROM deliveries WHERE endpoint = ? AND guid_key = ? AND duplicate_of IS NULL',
  ranBefore: `SELECT r.id, r.status, r.delivery_id
    FROM deliveries d CROSS JOIN runs r ON r.delivery_id = d.id
    WHERE d.guid_key = ? AND d.host = ? AND r.hook = ? AND r.update_index = ?
      AND r.status IN ('queued', 'running', 'success') ORDER BY r.id LIMIT 1`,
  sameBody: `SELECT r.id, r.delivery_id
    FROM deliveries d CROSS JOIN runs r ON r.delivery_id = d.id
    WHERE d.body_hash = ? AND r.hook = ? AND r.update_index = ?
      AND (? IS NULL OR d.guid_key IS NOT ?) AND (? IS NULL OR d.event <> ?) ORDER BY r.id LIMIT 1`,
  // The same of runs whose time was over before their delivery's was: see retention.ts.
  ranBeforePruned: `SELECT r.id, r.status, r.delivery_id
    FROM deliveries d CROSS JOIN pruned_runs r ON r.delivery_id = d.id
    WHERE d.guid_key = ? AND d.host = ? AND r.hook = ? AND r.update_index = ?
      AND r.status = 'success' LIMIT 1`,
  sameBodyPruned: `SELECT r.id, r.delivery_id
    FROM deliveries d CROSS JOIN pruned_runs r ON r.delivery_id = d.id
    WHERE d.body_hash = ? AND r.hook = ? AND r.update_index = ?
      AND (? IS NULL OR d.guid_key IS NOT ?) AND (? IS NULL OR d.event <> ?) LIMIT 1`,
} as const

function statements(db: Database) {
  return {
    original: db.prepare(repeatQueries.original),
    ranBefore: db.prepare(repeatQueries.ranBefore),
    sameBody: db.prepare(repeatQueries.sameBody),
    ranBeforePruned: db.prepare(repeatQueries.ranBeforePruned),
    sameBodyPruned: db.prepare(repeatQueries.sameBodyPruned),
  }
}
