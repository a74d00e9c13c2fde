/**
 * Who sends a request to the dashboard: by the header of a trusted proxy, or by his session. One answer for
 * everything that people may reach: pages, the API, hooks that ask for a login.
 */

import type { IncomingMessage } from 'node:http'
import type { ProxyLogin } from '../model/config.ts'
import type { OidcSettings } from '../model/oidc.ts'
import type { Networks } from '../network/allowed.ts'
import { isOwnName } from '../network/own-name.ts'
import type { Role } from '../record/tokens.ts'
import type { Accounts, Session, User } from '../record/users.ts'
import { sessionIn } from './cookie.ts'
import { type Place, placeOf } from './place.ts'
import { digestOf } from './secret.ts'
import type { Guest } from './visitor.ts'

export interface AccessSettings {
  /** Of the dashboard. */
  readonly publicUrl: string | null
  readonly trusted: Networks
  readonly proxyLogin: ProxyLogin | null
  readonly oidc: OidcSettings | null
}

export interface AccessParts {
  readonly accounts: Accounts
  readonly settings: AccessSettings
  readonly addressOf: (incoming: IncomingMessage) => string
  /** Told of what could not be kept, for the log. */
  readonly report: (thrown: unknown) => void
  readonly now?: () => number
}

/** A `problem` is of somebody whom the proxy names and who may not come in: for himself, in a sentence. */
export type Seen = { readonly visitor: Guest } | { readonly problem: string } | null

export type Identify = (incoming: IncomingMessage) => Promise<Seen>

export function placeFor({ publicUrl, trusted }: AccessSettings, incoming: IncomingMessage): Place {
  return placeOf(incoming, publicUrl, (address) => trusted.has(address))
}

export function createIdentify(parts: AccessParts): Identify {
  const { accounts, settings, addressOf, now = Date.now } = parts
  return async (incoming) => {
    const address = addressOf(incoming)
    const named = nameFromProxy(settings, incoming)
    if (named !== null) {
      if (!isCalledByName(settings, incoming)) return { problem: STRANGE_NAME }
      const found = await proxyUser(parts, named, address)
      return 'problem' in found ? found : { visitor: visitorOf(found, 'proxy', address, null) }
    }
    const found = await sessionOf(parts, incoming)
    if (!found) return null
    accounts.sessions.seen(found.session.id, now())
    return { visitor: visitorOf(found.user, 'session', address, found.session.id) }
  }
}

/** What he may now, who was let in by this request before; null = nothing. Notes nothing and makes nobody. */
export function createRoleNow(
  parts: AccessParts,
): (incoming: IncomingMessage) => Promise<Role | null> {
  return async (incoming) => {
    const named = nameFromProxy(parts.settings, incoming)
    if (named !== null && !isCalledByName(parts.settings, incoming)) return null
    const user =
      named === null
        ? (await sessionOf(parts, incoming))?.user
        : await parts.accounts.users.find(named)
    return user && user.disabledAt === null ? user.role : null
  }
}

async function sessionOf(
  { accounts, settings, now = Date.now }: AccessParts,
  incoming: IncomingMessage,
): Promise<{ readonly session: Session; readonly user: User } | null> {
  const value = sessionIn(incoming.headers.cookie, placeFor(settings, incoming))
  const digest = value === null ? null : digestOf(value)
  const found = digest && (await accounts.sessions.find(digest, now()))
  return found && isStillVouchedFor(settings, found, now()) ? found : null
}

/**
 * Whether the provider need not be asked again who he is. One that the file names no more vouches for nobody.
 */
function isStillVouchedFor(
  { oidc }: AccessSettings,
  { user, session }: { readonly user: User; readonly session: Session },
  at: number,
): boolean {
  if (user.identity === null) return true
  return oidc?.issuer === user.identity.issuer && session.createdAt + oidc.sessionMs > at
}

function visitorOf(
  { name, role }: User,
  via: Guest['via'],
  address: string,
  session: number | null,
): Guest {
  return { name, role, via, address, session }
}

/**
 * What the proxy at the other end of the socket says. From anybody else the header is nothing: whoever can
 * reach us past the proxy could be whom he likes.
 */
function nameFromProxy({ proxyLogin, trusted }: AccessSettings, incoming: IncomingMessage) {
  if (proxyLogin === null || !trusted.has(incoming.socket.remoteAddress ?? '')) return null
  const value = incoming.headers[proxyLogin.header]
  if (value === undefined || value === '') return null
  return Array.isArray(value) ? value.join(', ') : value // of several none is right: see USER_NAME
}

/**
 * The proxy names whoever's browser comes, also by a name that a stranger points to it (DNS rebinding), whose page
 * could then read all of this. A cookie of ours is bound to its host already.
 */
function isCalledByName({ publicUrl }: AccessSettings, { headers }: IncomingMessage): boolean {
  return isOwnName(headers.host, URL.parse(publicUrl ?? '')?.hostname ?? null)
}

const STRANGE_NAME =
  'This server was called by a name that it does not know for its own. Whoever runs it sets "public-url" in the hooks file to the address that people open, and lets the proxy pass the Host header on.'

/** Of those whom this server, or a proxy, knows by name. */
export const USER_NAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,62}$/

/** And of those whom a provider knows: see nameFor of oidc-claims.ts. */
export const ANY_USER_NAME = /^(oidc:)?[A-Za-z0-9][A-Za-z0-9._@+-]{0,62}$/

async function proxyUser(
  { accounts, settings, report, now = Date.now }: AccessParts,
  name: string,
  address: string,
): Promise<User | { problem: string }> {
  if (!USER_NAME.test(name)) {
    return { problem: 'The name that the proxy gives for you is none that can be used here.' }
  }
  const user = (await accounts.users.find(name)) ?? (await firstSeen())
  if (user.disabledAt !== null) return { problem: `The account "${user.name}" is disabled.` }
  return user

  async function firstSeen(): Promise<User> {
    const { role = 'viewer', roles } = settings.proxyLogin ?? {}
    const given = { name, role: roles?.get(name.toLowerCase()) ?? role, createdBy: 'the proxy' }
    const made = await accounts.users.create(given).catch(async (error: unknown) => {
      const other = await accounts.users.find(name) // by a request that came with this one
      if (other === null) throw error
      return other
    })
    const entry = { at: now(), who: name, via: 'proxy', address, what: 'user.add' }
    await accounts.audit
      .add({ ...entry, object: `user ${made.name} (${made.role})`, outcome: 'ok' })
      .catch(report)
    return made
  }
}
