/**
 * A delivery as the row of it that is written, the same in both databases. What is read comes in by
 * `deliveryOf` in rows.ts.
 */

import type { StoredDelivery } from '../model/delivery.ts'
import { guidKeyOf } from './repeats.ts'
import type { DeliveryFilter } from './store.ts'

/** In the order of `deliveryRow`. */
export const deliveryColumns = [
  ...['id', 'received_at', 'endpoint', 'host', 'guid', 'guid_key', 'event', 'action'],
  ...['repository', 'default_branch', 'sender', 'updates', 'proof', 'address', 'headers'],
  ...['problem', 'duplicate_of', 'verdicts', 'answer', 'body_hash', 'body'],
]

/** Structures are JSON text. `bodyHash`: SHA-256, null where bodies are not compared. */
export function deliveryRow(
  delivery: StoredDelivery,
  bodyHash: Uint8Array | null,
): (string | number | Uint8Array | null)[] {
  return [
    delivery.id,
    delivery.receivedAt,
    delivery.endpoint,
    delivery.host,
    delivery.guid,
    guidKeyOf(delivery),
    delivery.event,
    delivery.action,
    delivery.repository,
    delivery.defaultBranch,
    delivery.sender,
    JSON.stringify(delivery.updates),
    delivery.proof,
    delivery.address,
    JSON.stringify(delivery.headers),
    delivery.problem,
    delivery.duplicateOf,
    JSON.stringify(delivery.verdicts),
    delivery.answer && JSON.stringify(delivery.answer),
    bodyHash,
    delivery.body,
  ]
}

/**
 * What a filter looks for in the JSON text of `updates` and `verdicts`. Texts inside have their quotes escaped, so
 * nothing that a sender wrote can look like one of these.
 */
export function deliveryNeedles({ hook = '', event = '', refName = '' }: DeliveryFilter) {
  return {
    hook: `"hook":${JSON.stringify(hook)}`,
    event: `"event":${JSON.stringify(event)}`,
    branch: `"branch":${JSON.stringify(refName)}`,
    tag: `"tag":${JSON.stringify(refName)}`,
  }
}
