/**
 * Who asks, and may he ask at all? Each listener has its own answer: over the Unix socket the file's mode
 * has let the caller in, over TCP a token must. What the request says of itself never adds to that.
 */

import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { Stay } from '../access/stays.ts'
import type { Via } from '../access/visitor.ts'
import { RunhookError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type Attempts, createAttempts } from '../network/attempts.ts'
import type { Store } from '../record/store.ts'
import { type Role, reaches, type Token, type Tokens } from '../record/tokens.ts'
import { refusal } from './answers.ts'
import type { Origin } from './control.ts'

export interface Caller {
  /** For the record: who cancelled, who started. */
  readonly name: string
  readonly role: Role
  /** By what he is known: `socket` on this machine. */
  readonly via: 'socket' | Via
  /** Left out on this machine. */
  readonly origin?: Origin
  /** For what he stays to see more of; left out of whoever cannot be sent away. */
  readonly stay?: Omit<Stay, 'needed'>
}

export interface ApiEnv {
  Bindings: HttpBindings
  Variables: {
    caller: Caller
    /** What the audit log says that it was about, where the path does not say it; null = nothing happened. */
    about?: string | null
  }
}

export type Ask = Context<ApiEnv>

/** The caller, or the answer that turns him away. Looks at the headers and at nothing else. */
export type Admit = (c: Ask) => Caller | Response | Promise<Caller | Response>

/** Whoever may open the socket's file could as well be the server, so his word is taken for his name. */
export const admitLocal: Admit = (c) => {
  const said = c.req.header('runhook-by') ?? ''
  return { name: /^[\w.@+-]{1,64}$/.test(said) ? said : 'api', role: 'admin', via: 'socket' }
}

export function callerOf(c: Ask): string {
  return c.get('caller').name
}

/** Of a caller who stays to see more of what needs this role. */
export function stayFor(c: Ask, needed: Role): Stay | null {
  const { stay } = c.get('caller')
  return stay ? { ...stay, needed } : null
}

export interface TokenParts {
  readonly tokens: Tokens
  readonly log: Log
  /** Keeps it for the operator, with its reason; the sender is never told. */
  readonly refuse?: Store['refuse']
  readonly attempts?: Attempts
  /** Who is at the other end; without it whoever holds the other end of the socket. */
  readonly addressOf?: (incoming: IncomingMessage) => string
  readonly now?: () => number
}

/**
 * Every request that brings no good token gets one and the same answer, and after too many of them from
 * one address the answer is to wait. A good token passes even then: behind a proxy all callers share an
 * address, and a stranger who guesses must not be able to lock them out.
 */
export function admitTokens(parts: TokenParts): Admit {
  const { tokens, log, attempts = createAttempts(), now = Date.now } = parts
  const addressOf = parts.addressOf ?? ((incoming) => incoming.socket.remoteAddress ?? '')
  return async (c) => {
    const value = bearerOf(c.req.header('authorization'))
    const token = value === null ? null : await tokens.find(hashOf(value))
    const problem = problemOf(value, token, now())
    const address = addressOf(c.env.incoming as IncomingMessage) // we never listen with HTTP/2
    if (token && problem === null) {
      tokens.used(token.id, now())
      const { name, role } = token
      const origin = { proof: `token ${name}`, address }
      return { name, role, via: 'token', origin, stay: stayOf(tokens, token, value, now) }
    }
    const reason = problem ?? ''
    const seconds = attempts.wait(address)
    const status = seconds > 0 ? 429 : 401
    const request = { method: c.req.method, path: '/api/v1', address, status, reason }
    parts.refuse?.({ at: now(), ...request })
    if (seconds > 0) return tooMany(seconds)
    tell(log, address, reason, attempts.failed(address), attempts.max)
    return notAdmitted()
  }
}

function stayOf(tokens: Tokens, { id, name }: Token, value: string | null, now: () => number) {
  const roleNow = async () => {
    const token = value === null ? null : await tokens.find(hashOf(value))
    return token && problemOf(value, token, now()) === null ? token.role : null
  }
  return { key: `token ${id}`, whose: `The token ${name}`, roleNow }
}

/**
 * Whether a token may start hooks at their own addresses, which is what operators may do: its name, or for
 * the operator's log why not. One that is no token of ours is not even looked up.
 */
export function createLogin(tokens: Tokens, now = Date.now) {
  return async (value: string): Promise<{ name: string } | { problem: string }> => {
    const token = value.startsWith(PREFIX) ? await tokens.find(hashOf(value)) : null
    const problem = problemOf(value, token, now())
    if (!token || problem !== null) return { problem: problem ?? 'an unknown token' }
    if (!reaches(token.role, 'operator')) {
      return { problem: `token ${token.name}, whose role ${token.role} starts nothing` }
    }
    tokens.used(token.id, now())
    return { name: token.name }
  }
}

export const PREFIX = 'rh_'

export function makeToken(): string {
  return PREFIX + randomBytes(32).toString('base64url')
}

export function hashOf(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}

function bearerOf(header: string | undefined): string | null {
  return /^Bearer +([\x21-\x7e]+)$/i.exec(header ?? '')?.[1] ?? null
}

/** For the operator's log only. */
function problemOf(value: string | null, token: Token | null, now: number): string | null {
  if (value === null) return 'no token'
  if (!token) return 'an unknown token'
  if (token.revokedAt !== null) return `token ${token.name}, which is revoked`
  const expired = token.expiresAt !== null && token.expiresAt <= now
  return expired ? `token ${token.name}, which has expired` : null
}

/** The first and the last of a window: a flood fills no log. */
function tell(log: Log, address: string, problem: string, count: number, max: number): void {
  if (count === 1) log.warn({ address }, `<-- [401] API from ${address}: ${problem}`)
  if (count === max) {
    log.warn({ address }, `<-- [429] API from ${address}: ${max} in a minute, the last ${problem}`)
  }
}

function notAdmitted(): Response {
  const error = new RunhookError(
    'not-allowed',
    'The token is missing, wrong, or no longer valid.',
    {
      hint: 'On the server, "runhook token create NAME --role viewer" makes one.',
    },
  )
  return refusal(401, error, { 'www-authenticate': 'Bearer', connection: 'close' })
}

function tooMany(seconds: number): Response {
  const error = new RunhookError('not-allowed', 'Too many requests without a valid token.', {
    hint: `Try again in ${seconds} s.`,
  })
  return refusal(429, error, { 'retry-after': String(seconds), connection: 'close' })
}
