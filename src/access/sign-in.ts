/**
 * Signing in: by name and password, by a link, or by a provider. Each makes a new session under a new value and ends the one
 * that was there, so that a cookie which somebody planted before is worth nothing after.
 */

import type { IncomingMessage } from 'node:http'
import type { LinkFor, User } from '../record/users.ts'
import { sessionIn } from './cookie.ts'
import { createGuess, type Guess, type GuessParts } from './guess.ts'
import { placeFor } from './identify.ts'
import { digestOf, makeSecret } from './secret.ts'

/** `session` is the value of its cookie. `wait`: seconds, after too many tries. */
export type SignedIn = { readonly session: string } | { readonly wait: number } | null

export interface SignIn {
  /** Null for a wrong password, an unknown user and a disabled one alike. Rejects with `busy` in a flood. */
  byPassword(incoming: IncomingMessage, name: string, password: string): Promise<SignedIn>
  /** Uses nothing up. */
  linkFor(value: string): Promise<LinkFor | null>
  /** Uses the link up; null when it opens nothing. The name is for a first admin. */
  byLink(incoming: IncomingMessage, value: string, name: string): Promise<SignedIn>
  /** Of whom a provider has said who he is, and the rules what he may. */
  byProvider(incoming: IncomingMessage, user: User): Promise<string>
  /** Ends the session that the request brings, and says whose it was. */
  signOut(incoming: IncomingMessage): Promise<User | null>
  /** Under the same limits, also for whoever changes his password. */
  readonly guess: Guess
}

export function createSignIn(parts: GuessParts): SignIn {
  const { accounts, addressOf, settings, now = Date.now } = parts
  const guess = createGuess(parts)

  const note = async (incoming: IncomingMessage, who: string, via: string, what: string) => {
    const entry = { at: now(), who, via, address: addressOf(incoming), what }
    await accounts.audit.add({ ...entry, object: '', outcome: 'ok' }).catch(parts.report)
  }

  const end = async (incoming: IncomingMessage): Promise<User | null> => {
    const digest = digestOf(sessionIn(incoming.headers.cookie, placeFor(settings, incoming)) ?? '')
    const found = digest && (await accounts.sessions.find(digest, now()))
    if (!found) return null
    await accounts.sessions.end(found.session.id)
    return found.user
  }

  const start = async (incoming: IncomingMessage, user: User, via: string) => {
    await end(incoming)
    const value = makeSecret()
    await accounts.sessions.create({
      hash: digestOf(value) ?? Buffer.alloc(0), // a value that we made has one
      userId: user.id,
      at: now(),
      address: addressOf(incoming),
      userAgent: shortened(incoming.headers['user-agent']),
    })
    await note(incoming, user.name, via, 'login')
    return { session: value }
  }

  return {
    guess,
    async byPassword(incoming, name, password) {
      const guessed = await guess(incoming, name, password)
      return guessed && 'user' in guessed ? start(incoming, guessed.user, 'password') : guessed
    },
    async linkFor(value) {
      const digest = digestOf(value)
      return digest && accounts.links.find(digest, now())
    },
    async byLink(incoming, value, name) {
      const digest = digestOf(value)
      const user = digest && (await accounts.links.use(digest, now(), name))
      return user ? start(incoming, user, 'link') : null
    },
    async byProvider(incoming, user) {
      return (await start(incoming, user, 'oidc')).session
    },
    async signOut(incoming) {
      const user = await end(incoming)
      if (user) await note(incoming, user.name, 'session', 'logout')
      return user
    },
  }
}

/** Without what a terminal or a page could be made to do by it. */
function shortened(userAgent = ''): string {
  return userAgent.replace(/[^\x20-\x7e]/g, '?').slice(0, 160)
}
