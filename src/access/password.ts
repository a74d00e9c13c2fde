/**
 * Passwords by scrypt, so that whoever steals the database has to try them out at a tenth of a second each.
 * Kept as `scrypt$15$<salt>$<key>`, with the cost in it, to be raised one day. Never on the event loop; and
 * only few at once, because each takes 32 MiB and one of the four threads that also do our file work.
 */

import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { RunhookError } from '../errors.ts'

const COST = 15
const KEY_BYTES = 32
const AT_ONCE = 2
/** More than that is a flood, in which nobody would have the patience to wait. */
const WAITING_MAX = 20

export const PASSWORD_MIN = 12
export const PASSWORD_MAX = 256

/** The end of a sentence that begins with "The password"; null when it is long enough. */
export function passwordProblem(password: string): string | null {
  const length = [...password].length
  if (length < PASSWORD_MIN) return `has ${length} characters; take at least ${PASSWORD_MIN}`
  return length > PASSWORD_MAX ? `has more than ${PASSWORD_MAX} characters` : null
}

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, COST)
  return `scrypt$${COST}$${salt.toString('base64url')}$${key.toString('base64url')}`
}

/**
 * Where there is no hash it works as long as if there were one, so that nobody learns who has a password.
 * Rejects with `busy` when too many are being tried.
 */
export async function isPassword(password: string, hash: string | null): Promise<boolean> {
  const [, cost, salt = '', key = ''] =
    /^scrypt\$(\d\d)\$([\w-]+)\$([\w-]+)$/.exec(hash ?? '') ?? []
  const known = cost !== undefined
  const wanted = known ? Buffer.from(key, 'base64url') : randomBytes(KEY_BYTES)
  const found = await derive(
    password.slice(0, PASSWORD_MAX * 2), // in UTF-16, where a character may take two
    known ? Buffer.from(salt, 'base64url') : randomBytes(16),
    known ? Number(cost) : COST,
  )
  return wanted.length === found.length && timingSafeEqual(wanted, found) && known
}

let running = 0
const waiting: (() => void)[] = []

async function derive(password: string, salt: Buffer, cost: number): Promise<Buffer> {
  if (running >= AT_ONCE) await turn()
  else running += 1
  try {
    // The same letters typed at another keyboard may come as other characters.
    return await scryptAsync(password.normalize('NFC'), salt, { N: 2 ** cost, maxmem: 2 ** 28 })
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }
}

/** Whoever ends hands his place on, so nobody comes in between. */
function turn(): Promise<void> {
  if (waiting.length < WAITING_MAX) return new Promise((resolve) => void waiting.push(resolve))
  throw new RunhookError(
    'busy',
    'Too many passwords are being tried. Wait a little, then try again.',
  )
}

function scryptAsync(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}
