/** Values that open something by being known: of a session, of a link. Only their digest is kept. */

import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits, as they stand in a cookie or an address. */
export function makeSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Null for what cannot be one of ours, which then need not be looked for. */
export function digestOf(value: string): Buffer | null {
  if (!/^[A-Za-z0-9_-]{43}$/.test(value)) return null
  return createHash('sha256').update(value).digest()
}
