/**
 * Signing in by a provider: from the browser's way there to a session of ours. The provider says who somebody is,
 * the rules of the hooks file what he may, anew each time; what he may no more ends with it.
 */

import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { RunhookError } from '../errors.ts'
import type { OidcSettings } from '../model/oidc.ts'
import { createAttempts } from '../network/attempts.ts'
import type { Role } from '../record/tokens.ts'
import type { Identity, User } from '../record/users.ts'
import type { GuessParts } from './guess.ts'
import { type Claims, lookedAt, nameFor, roleFor } from './oidc-claims.ts'
import { beginFlow, flowIn, isStateOf } from './oidc-flow.ts'
import { createProvider } from './oidc-provider.ts'
import { OidcRefusal } from './oidc-refusal.ts'
import type { SignIn } from './sign-in.ts'

export interface OidcLogin {
  readonly label: string
  /** Where the provider sends people back to; the address of it is the only one that can be signed in at. */
  readonly redirectUri: string
  /** Both reject with an OidcRefusal that is on record. `cookie` is for the browser to bring back. */
  begin(incoming: IncomingMessage, next: string): Promise<{ location: string; cookie: string }>
  finish(
    incoming: IncomingMessage,
    cookie: string | null,
    search: string,
  ): Promise<{ session: string; next: string }>
  /** Where to sign out of the provider; null where it has no such place, or does not answer at once. */
  endSessionUrl(): Promise<string | null>
}

const WINDOW_MS = 15 * 60_000
/** Of a whole office behind one address, where the provider was asked for it. */
const PER_ADDRESS = 30
/** As in guess.ts: a flood fills no disk. */
const ON_RECORD = 200
const PATH = '/-/login/oidc'
const PATIENCE_MS = 2000

export function createOidcLogin(
  settings: OidcSettings,
  parts: GuessParts,
  signIn: Pick<SignIn, 'byProvider'>,
): OidcLogin {
  const { addressOf, now = Date.now } = parts
  const provider = createProvider(settings, now)
  const byAddress = createAttempts({ max: PER_ADDRESS, windowMs: WINDOW_MS, now })
  const recorded = createAttempts({ max: ON_RECORD, windowMs: WINDOW_MS, now })

  /** Rejects as `work` does, once that is on record. */
  const onRecord = async <Value>(incoming: IncomingMessage, work: () => Promise<Value>) => {
    const address = addressOf(incoming)
    try {
      if (byAddress.wait(address) > 0) throw tooMany
      return await work()
    } catch (thrown) {
      if (!(thrown instanceof OidcRefusal)) throw thrown
      const { status, reason, detail, isFree } = thrown
      parts.refuse({ at: now(), method: 'GET', path: PATH, address, status, reason })
      const about = isFree ? 'free' : '' // what costs nobody anything hides nothing that does
      if (status === 429 || recorded.wait('', about) > 0) throw thrown
      recorded.failed('', about)
      parts.warn(`<-- [${status}] sign-in from ${address}: ${detail}`)
      const entry = { at: now(), who: thrown.who, via: 'oidc', address, what: 'login', object: '' }
      await parts.accounts.audit.add({ ...entry, outcome: reason }).catch(parts.report)
      throw thrown
    }
  }

  /** Counted before it is known to be wrong: else a hundred at once would all be asked of the provider. */
  const counted = async <Value>(address: string, work: () => Promise<Value>): Promise<Value> => {
    byAddress.failed(address)
    try {
      const value = await work()
      byAddress.forgive(address)
      return value
    } catch (thrown) {
      const isHis = thrown instanceof OidcRefusal && thrown.status < 500 && !thrown.isFree
      if (!isHis) byAddress.forgive(address)
      throw thrown
    }
  }

  return {
    label: settings.label,
    redirectUri: settings.redirectUri,
    begin: (incoming, next) =>
      onRecord(incoming, async () => {
        const { cookie, flow } = beginFlow(next, now())
        return { location: await provider.authorizationUrl(flow), cookie }
      }),
    finish: (incoming, cookie, search) =>
      onRecord(incoming, async () => {
        const flow = cookie === null ? null : flowIn(cookie, now())
        if (flow === null) throw notBegun('no cookie of ours, or one that is too old')
        if (!isStateOf(flow, new URLSearchParams(search).get('state')))
          throw notBegun('the state is not the one that this browser began with')
        return counted(addressOf(incoming), async () => {
          const claims = await provider.claimsFor(search, flow)
          const user = await userFor(settings, parts, claims, addressOf(incoming))
          return { session: await signIn.byProvider(incoming, user), next: flow.next }
        })
      }),
    async endSessionUrl() {
      const asked = provider.metadata().catch(() => undefined) // it has said why, to who tried to sign in
      await Promise.race([asked, sleep(PATIENCE_MS, undefined, { ref: false })])
      return provider.endSessionUrl()
    },
  }
}

const tooMany = new OidcRefusal({
  status: 429,
  reason: 'too many tries',
  words: 'Too many tries. Wait some minutes.',
  detail: 'too many tries',
})

function notBegun(detail: string): OidcRefusal {
  const words = 'This browser did not begin to sign in here, or took too long over it. Begin again.'
  return new OidcRefusal({ status: 403, reason: 'not begun here', words, detail, isFree: true })
}

/** Who he is by issuer and subject, with the role that he has from now on; makes him when he comes first. */
async function userFor(
  settings: OidcSettings,
  parts: GuessParts,
  claims: Claims,
  address: string,
): Promise<User> {
  const { users } = parts.accounts
  const identity = { issuer: settings.issuer, subject: String(claims.sub) }
  const user = await users.findBy(identity)
  if (user?.disabledAt != null) throw disabled(user)
  const role = roleFor(claims, settings.rules)
  if (role === null) {
    if (user) await users.signOut(user.name) // what he may no more ends wherever he is signed in
    throw noRole(settings, claims, user)
  }
  if (user?.role === role) return user
  const known = user
    ? await users.setRole(user.name, role)
    : await firstSeen(settings, parts, claims, { identity, role })
  const entry = { at: (parts.now ?? Date.now)(), who: known.name, via: 'oidc', address }
  const what = user ? 'user.role' : 'user.add'
  const object = `user ${known.name} (${role})`
  await parts.accounts.audit.add({ ...entry, what, object, outcome: 'ok' }).catch(parts.report)
  return known
}

const SAME_NAMES = 99

async function firstSeen(
  { nameClaim, label }: OidcSettings,
  { accounts: { users } }: GuessParts,
  claims: Claims,
  { identity, role }: { identity: Identity; role: Role },
): Promise<User> {
  for (let nth = 1; nth <= SAME_NAMES; nth += 1) {
    try {
      const name = nameFor(claims, nameClaim, nth)
      return await users.create({ name, identity, role, createdBy: label })
    } catch (thrown) {
      if (!(thrown instanceof RunhookError) || thrown.code !== 'conflict') throw thrown
      const other = await users.findBy(identity) // by a request that came with this one
      if (other) return other
    }
  }
  throw new RunhookError('conflict', 'Too many people are called the same.')
}

function disabled({ name }: User): OidcRefusal {
  const words = `The account "${name}" is disabled.`
  return new OidcRefusal({ status: 403, reason: 'disabled', words, detail: words, who: name })
}

function noRole({ label, rules, issuer }: OidcSettings, claims: Claims, user: User | null) {
  const looked = lookedAt(claims, rules)
  return new OidcRefusal({
    status: 403,
    reason: 'no role',
    words: `${label} knows you, and nothing that it says of you gives you access here. It was asked for: ${looked}. Whoever runs this server can change that.`,
    detail: `${issuer} knows ${JSON.stringify(claims.sub)}, who fits none of "roles"; ${looked}`,
    who: user?.name ?? '',
  })
}
