/** What a person is told who asks for something that was kept for its time and is gone. */

import { RunhookError } from '../errors.ts'
import type { StoredDelivery } from '../model/delivery.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** Null while the delivery still has its payload. */
export function payloadRemoved(
  delivery: Pick<StoredDelivery, 'id' | 'receivedAt' | 'bodyRemovedAt'>,
): RunhookError | null {
  const { id, receivedAt, bodyRemovedAt } = delivery
  if (bodyRemovedAt === null) return null
  const days = Math.floor((bodyRemovedAt - receivedAt) / DAY_MS)
  const after = days === 1 ? 'a day' : `${days} days`
  return new RunhookError(
    'conflict',
    `Delivery #${id} cannot be used again: its payload was removed after ${after}.`,
    { hint: 'How long payloads are kept is "bodies" of "keep" under "server" in the hooks file.' },
  )
}
