/**
 * Seals of users, sessions and links, in a fleet whose runs are sealed: else whoever can write the database would
 * make himself an admin, and let a server start, and seal, what he likes. A row whose seal does not fit is
 * nobody's: also one that was made before there was a key.
 *
 * What is sealed is all that says who comes in and as what; when a session was last used is not. Rows that once
 * were right fit again when they are put back, see "Trust" of docs/fleet.md.
 */

import { createHmac, timingSafeEqual } from 'node:crypto'
import { canonical } from '../hooks/canonical.ts'
import type { Secret } from '../model/hook.ts'
import type { Row } from './connect.ts'

/** `user_name`: of the user, so that nobody else's session becomes that of one who gets his number. */
const columns = {
  user: ['id', 'name', 'role', 'password', 'created_at', 'disabled_at'],
  session: ['hash', 'user_id', 'user_name', 'created_at'],
  link: ['hash', 'user_id', 'user_name', 'created_at'],
} as const

type Kind = keyof typeof columns

/** Sealed where there is something in them: so a seal of who has none is the one that he had before these were. */
const identity = ['issuer', 'subject']

export class AccountSeal {
  readonly #keys: readonly Secret[]

  /** None: nothing is sealed, and everything counts. Several while one is being replaced; the first seals. */
  constructor(keys: readonly Secret[]) {
    this.#keys = keys
  }

  /** 32 bytes; null where nothing is sealed. A column that is missing is sealed as null. */
  of(kind: Kind, row: Row): Uint8Array | null {
    const [key] = this.#keys
    return key === undefined ? null : sealOf(kind, row, key)
  }

  /** Whether the row's own `seal` was made by one of the keys for what the row says. */
  fits(kind: Kind, row: Row): boolean {
    return this.#keys.length === 0 || this.#keys.some((key) => isBy(key, kind, row))
  }

  /** Whether it will not fit any more when the older keys are gone. */
  isOld(kind: Kind, row: Row): boolean {
    const [first, ...older] = this.#keys
    if (first === undefined || isBy(first, kind, row)) return false
    return older.some((key) => isBy(key, kind, row))
  }
}

function isBy(key: Secret, kind: Kind, row: Row): boolean {
  const { seal } = row
  if (!(seal instanceof Uint8Array)) return false
  const made = sealOf(kind, row, key)
  return seal.length === made.length && timingSafeEqual(seal, made)
}

function sealOf(kind: Kind, row: Row, { value }: Secret): Buffer {
  const some = kind === 'user' ? identity.filter((column) => plain(row[column]) !== null) : []
  const sealed = [...columns[kind], ...some]
  const told = Object.fromEntries(sealed.map((column) => [column, plain(row[column])]))
  return createHmac('sha256', value)
    .update(`runhook ${kind} 1\n${canonical(told)}`)
    .digest()
}

/**
 * Whether a row is the one that was asked for. Of whoever may alter tables no statement finds for sure what it asks
 * for: behind a view, or an operator of his, `WHERE hash = $1` gives the row of somebody else, and its seal fits.
 */
export function isAskedFor(row: Row, asked: Row): boolean {
  return Object.entries(asked).every(([column, value]) => plain(row[column]) === plain(value))
}

function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : (value ?? null)
}
