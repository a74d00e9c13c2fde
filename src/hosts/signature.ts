/**
 * Signatures over raw bytes. Everything here fails closed: a header that is missing, empty, doubled or
 * malformed is refused by its shape before any cryptography, and comparisons take constant time.
 * An empty secret never gets here (hooks/ refuses it at load), because HMAC accepts an empty key.
 */

import { isUtf8 } from 'node:buffer'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { verify as octokitVerify } from '@octokit/webhooks-methods'
import type { Secret } from '../model.ts'
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

/**
 * HMAC-SHA256 of the body as GitHub and Bitbucket sign it, tried with each secret in turn.
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export async function verifyHex(
  signature: string,
  body: Buffer,
  secrets: readonly Secret[],
): Promise<Proof> {
  for (const [index, secret] of secrets.entries()) {
    if (await signs(secret.value, body, signature)) {
      return { ok: true, by: `secret ${index + 1} of ${secrets.length}` }
    }
  }
  return { ok: false, reason: `signature matches ${numberOf(secrets)}${hintAbout(secrets)}` }
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

function numberOf(secrets: readonly Secret[]): string {
  if (secrets.length === 0) return 'nothing: no secret is configured'
  return secrets.length === 1
    ? `no secret (tried ${secrets[0]?.name})`
    : `none of ${secrets.length} secrets (tried ${secrets.map((s) => s.name).join(', ')})`
}

/** The slips that cost people hours, told from the secrets alone: they are the operator's own. */
function hintAbout(secrets: readonly Secret[]): string {
  const spaced = secrets.find((secret) => secret.value !== secret.value.trim())
  if (spaced) return `; ${spaced.name} begins or ends with white space`
  return '; the secret here and at the host differ, or a proxy changed the body'
}

/** Seconds a signed timestamp may be away from our clock, either way (standard-webhooks.com). */
const TOLERANCE_SECONDS = 300

const STANDARD_V1 = /^v1,([A-Za-z0-9+/]{43}=)$/

/** Why Standard Webhooks headers cannot be right by their shape alone, or null. */
export function malformedStandard(headers: Headers): string | null {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': list } = headers
  if (typeof id !== 'string' || id === '') return 'no webhook-id header'
  if (id.includes('.') || id.includes(', ')) return 'webhook-id holds a "." or was sent twice'
  if (typeof time !== 'string' || !/^[0-9]{1,12}$/.test(time)) {
    return 'webhook-timestamp is not a number of seconds'
  }
  if (typeof list !== 'string' || list === '') return 'no webhook-signature header'
  return signaturesIn(list).length > 0 ? null : 'webhook-signature holds no v1 signature'
}

/**
 * Standard Webhooks: base64 HMAC-SHA256 over `id.timestamp.body`, a list separated by spaces.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * The time is judged after the signature, so that only a sender who holds the secret learns our clock.
 */
export function verifyStandard(
  headers: Headers,
  body: Buffer,
  secrets: readonly Secret[],
  now: number,
): Proof {
  const prefix = `${headers['webhook-id']}.${headers['webhook-timestamp']}.`
  const given = signaturesIn(String(headers['webhook-signature']))
  for (const [index, secret] of secrets.entries()) {
    const signed = standardKeys(secret.value).some((key) => {
      const digest = createHmac('sha256', key).update(prefix).update(body).digest()
      return given.some((signature) => timingSafeEqual(digest, signature))
    })
    if (!signed) continue
    const late = clockProblem(Number(headers['webhook-timestamp']), now)
    if (late) return { ok: false, reason: late }
    return { ok: true, by: `secret ${index + 1} of ${secrets.length}` }
  }
  return { ok: false, reason: `signature matches ${numberOf(secrets)}${hintAbout(secrets)}` }
}

function signaturesIn(list: string): Buffer[] {
  return list
    .split(' ')
    .slice(0, 8)
    .flatMap((item) => STANDARD_V1.exec(item)?.[1] ?? [])
    .map((text) => Buffer.from(text, 'base64'))
}

/**
 * The key is what `whsec_` is followed by, in base64. Without the prefix the secret's own bytes are the
 * key; some senders leave the prefix out, so canonical base64 is tried as well.
 */
export function standardKeys(secret: string): Buffer[] {
  const encoded = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret
  const decoded = Buffer.from(encoded, 'base64')
  const canonical = decoded.length >= 16 && decoded.toString('base64') === encoded
  if (secret.startsWith('whsec_')) return canonical ? [decoded] : []
  return canonical ? [Buffer.from(secret), decoded] : [Buffer.from(secret)]
}

function clockProblem(seconds: number, now: number): string | null {
  const ours = Math.floor(now / 1000)
  if (Math.abs(ours - seconds) <= TOLERANCE_SECONDS) return null
  const iso = (value: number) => new Date(value * 1000).toISOString()
  return `signed at ${iso(seconds)} by the sender's clock, ours says ${iso(ours)}: over 5 minutes apart`
}
