/**
 * Who is calling? The endpoint's configuration alone decides which proof counts; what the request offers
 * can satisfy that or fail it, never choose something weaker. Reasons are for the operator's log: the
 * sender of a wrong proof gets the same answer as the sender of none.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { github } from '../hosts/github.ts'
import type { Headers, Host, Proof } from '../hosts/host.ts'
import type { Secret } from '../model/hook.ts'
import type { User } from '../model/url.ts'
import { createAttempts } from '../network/attempts.ts'
import type { Endpoint } from './endpoints.ts'

/**
 * `who` is the person or program by name, where that is known. `ambient`: a browser may have given this
 * proof without its user's doing. `waitSeconds`: it was not even looked at.
 */
export type Proven =
  | { readonly ok: true; readonly by: string; readonly who?: string; readonly ambient?: true }
  | { readonly ok: false; readonly reason: string; readonly waitSeconds?: number }

/** Whether a token of the API lets its owner run commands, and what he is called. */
export type Login = (token: string) => Promise<{ name: string } | { problem: string }>

/** Whoever is signed in to the dashboard and may run commands; null = nobody is. */
export type Visit = () => Promise<{ name: string; by: string } | { problem: string } | null>

/** Judges by the headers alone, with no byte of the body read. Null: the signature of the body decides. */
export type ProveEarly = (
  endpoint: Endpoint,
  headers: Headers,
  address: string,
  visit?: Visit,
) => Promise<Proven | null>

export function createProveEarly(login: Login, now = Date.now): ProveEarly {
  const guesses = createAttempts({ now })
  return async (endpoint, headers, address, visit) => {
    if (endpoint.open) return { ok: true, by: 'none', ...(endpoint.from ? { ambient: true } : {}) }
    const visited = visit ? await proveVisit(endpoint, headers, visit) : null
    if (visited !== null) return visited
    if (!usesAuthorization(endpoint, headers)) {
      const reason = endpoint.host.refuse(headers)
      return reason === null ? null : { ok: false, reason }
    }
    const bearer = bearerOf(headers)
    if (bearer !== null && takesBearer(endpoint)) return proveBearer(endpoint, bearer, login)
    const basic = basicOf(headers)
    if (basic === null || !takesBasic(endpoint)) {
      return { ok: false, reason: authorizationProblem(endpoint, headers) }
    }
    const about = `${endpoint.path} ${basic.name}`
    const waitSeconds = guesses.wait(address, about)
    if (waitSeconds > 0) return { ok: false, reason: 'too many wrong passwords', waitSeconds }
    const proof = await proveBasic(endpoint, basic, login)
    if (!proof.ok) guesses.failed(address, about)
    return proof
  }
}

export async function prove(
  endpoint: Endpoint,
  headers: Headers,
  body: Buffer,
  now: number,
): Promise<Proof> {
  return endpoint.host.verify(headers, body, endpoint.secrets, now)
}

function takesBearer({ tokens, login }: Endpoint): boolean {
  return tokens.length > 0 || login
}

export function takesBasic({ users, login }: Endpoint): boolean {
  return users.length > 0 || login
}

/**
 * A token and a secret may both be set; whoever sends `Authorization` means the token, unless that is
 * where this endpoint's own scheme has its proof.
 */
function usesAuthorization(endpoint: Endpoint, headers: Headers): boolean {
  if (!takesBearer(endpoint) && !takesBasic(endpoint)) return false
  if (endpoint.secrets.length === 0) return true
  const { authorization } = headers
  if (endpoint.provenByAuthorization) return /^Bearer /i.test(String(authorization))
  return authorization !== undefined
}

function bearerOf(headers: Headers): string | null {
  const value = headers.authorization
  return typeof value === 'string' ? (/^Bearer ([\x21-\x7e]+)$/i.exec(value)?.[1] ?? null) : null
}

interface Basic {
  readonly name: string
  readonly password: string
}

/** RFC 7617, in UTF-8 as our challenge asks for. */
function basicOf(headers: Headers): Basic | null {
  const [, encoded] = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(String(headers.authorization)) ?? []
  if (encoded === undefined) return null
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? null : { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

function authorizationProblem(endpoint: Endpoint, headers: Headers): string {
  if (headers.authorization === undefined) return 'no Authorization header'
  const forms = [
    ...(takesBearer(endpoint) ? ['"Bearer <token>"'] : []),
    ...(takesBasic(endpoint) ? ['"Basic <name and password>"'] : []),
  ]
  return `Authorization is not ${forms.join(' or ')}`
}

async function proveBearer(
  { tokens, login: asksLogin }: Endpoint,
  given: string,
  login: Login,
): Promise<Proven> {
  const index = indexOfSame(tokens, given)
  if (index >= 0) return { ok: true, by: `token ${index + 1} of ${tokens.length}` }
  const reason = 'the token is not the one configured'
  return asksLogin ? proveLogin(given, login, {}) : { ok: false, reason }
}

async function proveBasic(
  { users, login: asksLogin }: Endpoint,
  { name, password }: Basic,
  login: Login,
): Promise<Proven> {
  // Name and password are compared as one, so that a name that is not there costs what a wrong password
  // does. No configured name has a colon in it.
  const all = users.flatMap(({ name, passwords }) => passwords.map((one) => pairOf(name, one)))
  const index = indexOfSame(all, `${name}:${password}`)
  if (index >= 0) return { ok: true, by: `user ${name}`, who: name, ambient: true }
  if (asksLogin) return proveLogin(password, login, { ambient: true })
  return { ok: false, reason: 'name and password are not among "users"' }
}

function pairOf(name: User['name'], { value }: Secret): Secret {
  return { name, value: `${name}:${value}` }
}

/** Where a signature would do as well, one who may not is asked for that. */
async function proveVisit(
  { login, secrets }: Endpoint,
  headers: Headers,
  visit: Visit,
): Promise<Proven | null> {
  if (!login || headers.authorization !== undefined) return null
  const seen = await visit()
  if (seen === null) return null
  if ('problem' in seen) return secrets.length > 0 ? null : { ok: false, reason: seen.problem }
  return { ok: true, by: seen.by, who: seen.name, ambient: true }
}

async function proveLogin(token: string, login: Login, more: { ambient?: true }): Promise<Proven> {
  const found = await login(token)
  if ('problem' in found) return { ok: false, reason: found.problem }
  return { ok: true, by: `token ${found.name}`, who: found.name, ...more }
}

/** All are compared, so that the time taken does not tell which one came close. */
function indexOfSame(secrets: readonly Secret[], given: string): number {
  const digest = sha256(given)
  return secrets.map(({ value }) => timingSafeEqual(sha256(value), digest)).indexOf(true)
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * Stands in for a hook that does not exist, so that `POST /hooks/<guess>` costs and answers just what a
 * wrong signature does and tells nobody which names are taken.
 */
export function decoyEndpoint(path: string): Endpoint {
  const host: Host = github
  return {
    path,
    methods: ['GET', 'POST'],
    host,
    shared: false,
    hooks: [],
    secrets: [{ name: 'decoy', value: randomBytes(32).toString('hex') }],
    tokens: [],
    users: [],
    login: false,
    from: null,
    open: false,
    provenByAuthorization: false,
    headers: new Set(),
  }
}

/** Takes the time that the signature of a hook takes which does not exist. */
export async function proveNothing(body: Buffer): Promise<void> {
  const { host, secrets } = decoyEndpoint('')
  const headers = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }
  await host.verify(headers, body, secrets, Date.now())
}
