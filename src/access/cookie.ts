/**
 * The cookie of a session, and that of one who is on his way to the provider. On https its name binds it: browsers
 * take `__Host-` from this very host alone, so a neighbour under the same domain cannot plant one. On this machine
 * there is no https to bind it to.
 */

import { SESSION_MS } from '../record/users.ts'
import { FLOW_MS } from './oidc-flow.ts'
import type { Place } from './place.ts'

const BOUND = '__Host-runhook'
const LOCAL = 'runhook'
const FLOW = '-oidc'

/**
 * The session's value, null where none may be or none is. A request may look as if it came from this machine when
 * a proxy passed it on without a word, so there the bound one counts too.
 */
export function sessionIn(header: string | undefined, place: Place): string | null {
  if (place !== 'https' && place !== 'local') return null
  const bound = cookieIn(header, BOUND)
  return place === 'local' ? (bound ?? cookieIn(header, LOCAL)) : bound
}

/**
 * The name must be it to the byte (RFC 6265, 4.2.1: pairs are parted by "; "). Nothing else is taken off it: a neighbour's
 * "\u00a0__Host-runhook" is a name that browsers do not guard, and `trim` would make ours of it. Of two of one name
 * somebody has planted one, and it is not said which: neither counts.
 */
function cookieIn(header = '', name: string): string | null {
  const found = header
    .split(';')
    .map((pair) => pair.replace(/^ +| +$/g, ''))
    .filter((pair) => pair.startsWith(`${name}=`))
  return found.length === 1 ? (found[0]?.slice(name.length + 1) ?? null) : null
}

/** Lax, so that a link from the chat opens the page; what changes something is guarded by same-origin.ts. */
export function sessionCookie(value: string, place: Place): string {
  return cookieOf(place, value, SESSION_MS / 1000)
}

export function noCookie(place: Place): string {
  return cookieOf(place, '', 0)
}

/** What a browser brings back from the provider, see oidc-flow.ts. Lax: it comes back from another site. */
export function flowCookie(value: string, place: Place): string {
  return cookieOf(place, value, FLOW_MS / 1000, FLOW)
}

export function noFlowCookie(place: Place): string {
  return cookieOf(place, '', 0, FLOW)
}

export function flowCookieIn(header: string | undefined, place: Place): string | null {
  return cookieIn(header, (place === 'https' ? BOUND : LOCAL) + FLOW)
}

function cookieOf(place: Place, value: string, seconds: number, suffix = ''): string {
  const [name, secure] = place === 'https' ? [BOUND + suffix, '; Secure'] : [LOCAL + suffix, '']
  return `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly${secure}; SameSite=Lax`
}
