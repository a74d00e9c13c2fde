/**
 * Who is calling? The endpoint's configuration alone decides which proof counts; what the request offers
 * can satisfy that or fail it, never choose something weaker. Reasons are for the operator's log: the
 * sender of a wrong proof gets the same answer as the sender of none.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { github } from '../hosts/github.ts'
import type { Headers, Host, Proof } from '../hosts/host.ts'
import type { Secret } from '../model.ts'
import type { Endpoint } from './endpoints.ts'

/** What the headers already show to be wrong, before any of the body is read. Null: read on. */
export function refuseEarly(endpoint: Endpoint, headers: Headers): string | null {
  if (endpoint.open) return null
  if (usesToken(endpoint, headers)) {
    return bearerOf(headers) === null ? tokenProblem(headers) : null
  }
  return endpoint.host.refuse(headers)
}

export async function prove(
  endpoint: Endpoint,
  headers: Headers,
  body: Buffer,
  now: number,
): Promise<Proof> {
  if (endpoint.open) return { ok: true, by: 'none' }
  if (usesToken(endpoint, headers)) return proveToken(endpoint.tokens, bearerOf(headers) ?? '')
  return endpoint.host.verify(headers, body, endpoint.secrets, now)
}

/**
 * A token and a secret may both be set; whoever sends `Authorization` means the token, unless that is
 * where this endpoint's own scheme has its proof.
 */
function usesToken(endpoint: Endpoint, headers: Headers): boolean {
  if (endpoint.tokens.length === 0) return false
  if (endpoint.secrets.length === 0) return true
  const { authorization } = headers
  if (endpoint.provenByAuthorization) return /^Bearer /i.test(String(authorization))
  return authorization !== undefined
}

function bearerOf(headers: Headers): string | null {
  const value = headers.authorization
  return typeof value === 'string' ? (/^Bearer ([\x21-\x7e]+)$/i.exec(value)?.[1] ?? null) : null
}

function tokenProblem(headers: Headers): string {
  return headers.authorization === undefined
    ? 'no Authorization header'
    : 'Authorization is not "Bearer <token>"'
}

function proveToken(tokens: readonly Secret[], given: string): Proof {
  const digest = sha256(given)
  // Every token is compared, so that the time taken does not tell which one came close.
  const hits = tokens.map((token) => timingSafeEqual(sha256(token.value), digest))
  const index = hits.indexOf(true)
  if (index < 0) return { ok: false, reason: 'the token is not the one configured' }
  return { ok: true, by: `token ${index + 1} of ${tokens.length}` }
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
    methods: ['POST'],
    host,
    shared: false,
    hooks: [],
    secrets: [{ name: 'decoy', value: randomBytes(32).toString('hex') }],
    tokens: [],
    open: false,
    provenByAuthorization: false,
    headers: new Set(),
  }
}
