/**
 * What the sender is told: the status, and short lines that read well in GitHub's Response tab and in
 * curl, or the same as JSON where that is asked for. Whoever could not prove who he is gets one fixed
 * text, whatever was wrong.
 */

import { toldOf } from '../hooks/told.ts'
import type { StoredDelivery } from '../model/delivery.ts'
import type { Run } from '../model/run.ts'

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  /** Null where the status allows none. */
  readonly body: string | Uint8Array<ArrayBuffer> | Streamed | null
}

/** A body that is sent as it comes. */
export interface Streamed {
  readonly pieces: AsyncIterable<Uint8Array>
  /** Asked for when all pieces are sent. */
  readonly trailers: () => Record<string, string>
}

const TEXT = { 'content-type': 'text/plain; charset=utf-8' }

/** Closed after a refusal that left part of the body unread. */
const CLOSE = { connection: 'close' }

export function plain(status: number, text: string, headers: Record<string, string> = {}): Answer {
  return { status, headers: { ...TEXT, ...headers }, body: `${text}\n` }
}

export const notAuthenticated: Answer = plain(401, 'The signature or token is missing or wrong.', {
  ...CLOSE,
  'www-authenticate': 'Bearer',
})

/** The same to whoever may have a browser that knows a password. Never below /hooks/: it tells what is there. */
export function askForPassword(realm: string): Answer {
  const challenge = `Basic realm="${realm}", charset="UTF-8"`
  return {
    ...notAuthenticated,
    headers: { ...notAuthenticated.headers, 'www-authenticate': challenge },
  }
}

export const fromElsewhere: Answer = plain(
  403,
  'A page of another site had this sent. Open the address itself, or call it from a program.',
  CLOSE,
)

/** A browser drops what it asked for ahead when the answer is an error, and asks again when its user goes there. */
export const loadedAhead: Answer = plain(
  403,
  'A browser had this loaded ahead of its user. It is answered when he opens it.',
  CLOSE,
)

/** Names nothing: whoever called may be a page that was given this server's address under its own name. */
export const otherName: Answer = plain(
  403,
  'This is open to a network alone and is called by an IP address, localhost, or the host of "public-url" in "server".',
  CLOSE,
)

export function tooManyTries(seconds: number): Answer {
  return plain(429, 'Too many requests that prove nothing. Wait, then try again.', {
    'retry-after': String(seconds),
    ...CLOSE,
  })
}

/** To a connection test, of which nothing was read or kept. */
export const tested: Answer = plain(200, 'Reached. Nothing was checked and nothing was run.', CLOSE)

export const notFound: Answer = plain(404, 'Nothing answers at this path.')

export function methodNotAllowed(allowed: readonly string[]): Answer {
  return plain(405, `This path answers ${allowed.join(' and ')} only.`, {
    allow: allowed.join(', '),
    ...CLOSE,
  })
}

export function tooLarge(limit: number): Answer {
  return plain(413, `The body is larger than ${limit} bytes.`, CLOSE)
}

export function unsupportedType(wanted: readonly string[], encoded: boolean): Answer {
  const what = encoded
    ? 'The body must not be compressed (Content-Encoding).'
    : `Content-Type must be ${wanted.join(' or ')}.`
  return plain(415, what)
}

/** `after` is in how many seconds it is worth another try. */
export function unavailable(text: string, after = 5): Answer {
  return plain(503, text, { 'retry-after': String(after), ...CLOSE })
}

/** What was decided, in the words of hooks/told.ts. */
export function decided(delivery: StoredDelivery, queued: readonly Run[], json: boolean): Answer {
  const runs = queued.map(({ id }) => id)
  const { status, body } = toldOf(delivery, runs, json)
  const headers = json ? { 'content-type': 'application/json' } : { ...TEXT }
  return { status, headers, body }
}
