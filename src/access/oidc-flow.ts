/**
 * One way to the provider and back, bound to the browser that began it: without that somebody could have another
 * one's browser end what he began, and it would be signed in as him (RFC 6749, 10.12; RFC 9700, 4.7).
 *
 * The cookie holds 256 random bits, and everything that goes to the provider is made of them: nothing is kept
 * here, so any server of a fleet may end what another began. Who sees an address of it learns nothing of the rest.
 */

import { createHmac, timingSafeEqual } from 'node:crypto'
import { makeSecret } from './secret.ts'

export interface Flow {
  readonly state: string
  readonly nonce: string
  /** Of PKCE (RFC 7636): proves at the end that who began it ends it. */
  readonly verifier: string
  /** Where to go when it is done; not to be believed, for it was the browser's to keep. */
  readonly next: string
}

/** How long it may take to sign in at the provider, perhaps with a second factor that has to be found. */
export const FLOW_MS = 15 * 60 * 1000

const NEXT_MAX = 1000

/** `cookie` is the value that the browser is to bring back. */
export function beginFlow(
  next: string,
  at: number,
): { readonly cookie: string; readonly flow: Flow } {
  const kept = next.length > NEXT_MAX ? '' : next
  const cookie = [makeSecret(), at, Buffer.from(kept).toString('base64url')].join('.')
  return { cookie, flow: flowOf(cookie, kept) }
}

/** Null for what is no such value, and for what was begun too long ago. */
export function flowIn(cookie: string, at: number): Flow | null {
  const [, begun, next = ''] = /^[\w-]{43}\.(\d{1,15})\.([\w-]*)$/.exec(cookie) ?? []
  if (begun === undefined || Number(begun) > at || Number(begun) + FLOW_MS <= at) return null
  return flowOf(cookie, Buffer.from(next, 'base64url').toString())
}

export function isStateOf({ state }: Flow, given: string | null): boolean {
  const [wanted, found] = [Buffer.from(state), Buffer.from(given ?? '')]
  return wanted.length === found.length && timingSafeEqual(wanted, found)
}

/** Base64url of 32 bytes each: 43 characters, the least that a verifier may have. */
function flowOf(cookie: string, next: string): Flow {
  const made = (what: string) => createHmac('sha256', cookie).update(what).digest('base64url')
  return { state: made('state'), nonce: made('nonce'), verifier: made('verifier'), next }
}
