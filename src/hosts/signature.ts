/**
 * Signatures over raw bytes. Everything here fails closed: a header that is missing, empty, doubled or
 * malformed is refused by its shape before any cryptography, and comparisons take constant time.
 * An empty secret never gets here (hooks/ refuses it at load), because HMAC accepts an empty key.
 */

import { isUtf8 } from 'node:buffer'
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { verify as octokitVerify } from '@octokit/webhooks-methods'
import type { Secret } from '../model/hook.ts'
import type { Headers, Proof } from './host.ts'

const SHA256_HEX = /^sha256=[0-9a-f]{64}$/

/**
 * Why a `sha256=<64 lower-case hex digits>` header cannot be right, or null when its shape is. A header
 * sent twice reaches us joined with ", " and so fails here: we never choose between two signatures.
 */
export function malformedHex(name: string, value: Headers[string]): string | null {
  if (value === undefined) return `no ${name} header: the webhook has no secret configured`
  if (typeof value !== 'string') return `${name} was sent more than once`
  if (SHA256_HEX.test(value)) return null
  if (value === '' || value === 'sha256=') return `${name} is empty`
  if (value.includes(',')) return `${name} was sent more than once`
  if (/^sha(1|512)=/i.test(value)) return `${name} is ${value.slice(0, 4)}…, not sha256=`
  if (SHA256_HEX.test(value.trim().toLowerCase())) return `${name} is not lower-case hex`
  if (!value.startsWith('sha256=')) return `${name} does not begin with sha256=`
  return `${name} is not sha256= and 64 hex digits (${value.length} characters)`
}

/** The same for hosts that send the digits alone. Without a secret they send the header, empty. */
export function malformedBareHex(name: string, value: Headers[string]): string | null {
  if (value === undefined) return `no ${name} header`
  if (value === '') return `${name} is empty: the webhook has no secret configured`
  if (typeof value !== 'string' || value.includes(',')) return `${name} was sent more than once`
  if (/^[0-9a-f]{64}$/.test(value)) return null
  return `${name} is not 64 lower-case hex digits (${value.length} characters)`
}

/**
 * HMAC-SHA256 of the body as GitHub and Bitbucket sign it, tried with each secret in turn.
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export function verifyHex(
  signature: string,
  body: Buffer,
  secrets: readonly Secret[],
): Promise<Proof> {
  return tryEach(secrets, 'signature', (secret) => isKey(secret) && signs(secret, body, signature))
}

/**
 * octokit's `verify` takes a string and throws on an empty one. Bytes that a string cannot hold exactly
 * (empty, or not UTF-8) are compared here by the same rule.
 */
async function signs(secret: string, body: Buffer, signature: string): Promise<boolean> {
  if (body.length > 0 && isUtf8(body))
    return octokitVerify(secret, body.toString('utf8'), signature)
  const digest = createHmac('sha256', secret).update(body).digest()
  return timingSafeEqual(digest, Buffer.from(signature.slice('sha256='.length), 'hex'))
}

/**
 * Whether a secret may be the key of an HMAC. `whpk_` is a public key, known to everybody: were it taken
 * for an HMAC key, everybody could sign.
 */
export function isKey(secret: string): boolean {
  return secret !== '' && !secret.startsWith('whpk_')
}

/** In constant time, whatever the lengths: what is compared are the digests. */
export function sameText(one: string, other: string): boolean {
  return timingSafeEqual(sha256(one), sha256(other))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** The first secret that `proves`, or why none did. `what` was given: a signature, a token. */
export async function tryEach(
  secrets: readonly Secret[],
  what: 'signature' | 'token' | 'password',
  proves: (secret: string) => boolean | Promise<boolean>,
): Promise<Proof> {
  for (const [index, { value }] of secrets.entries()) {
    if (await proves(value)) return { ok: true, by: `secret ${index + 1} of ${secrets.length}` }
  }
  const hint = hintAbout(secrets, what)
  return { ok: false, reason: `${what} matches ${numberOf(secrets)}${hint}` }
}

function numberOf(secrets: readonly Secret[]): string {
  if (secrets.length === 0) return 'nothing: no secret is configured'
  return secrets.length === 1
    ? `no secret (tried ${secrets[0]?.name})`
    : `none of ${secrets.length} secrets (tried ${secrets.map((s) => s.name).join(', ')})`
}

/** The slips that cost people hours, told from the secrets alone: they are the operator's own. */
function hintAbout(secrets: readonly Secret[], what: string): string {
  const spaced = secrets.find((secret) => secret.value !== secret.value.trim())
  if (spaced) return `; ${spaced.name} begins or ends with white space`
  const differ = '; the secret here and at the host differ'
  return what === 'signature' ? `${differ}, or a proxy changed the body` : differ
}
