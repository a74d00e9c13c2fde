/**
 * Headers that prove who sent something. They are never kept, so nothing may be asked of them later: not
 * by a command, and not by a condition.
 */

const SECRET = /auth|cookie|password|secret|signature|token|key$/

/** They end like a secret's name and are none: an event, and the id of a delivery. */
const harmless = ['x-event-key', 'idempotency-key']

/** By its name in lower case. */
export function mayHoldSecret(header: string): boolean {
  return SECRET.test(header) && !harmless.includes(header)
}
