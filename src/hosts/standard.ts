/**
 * Standard Webhooks: id, time and body are signed together, so a call can be repeated neither later nor
 * under another id. By HMAC-SHA256 (`v1`, secret `whsec_…`) or Ed25519 (`v1a`, public key `whpk_…`).
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../model/hook.ts'
import { clockProblem, FIVE_MINUTES_MS } from './clock.ts'
import { decodeExactly, signsEd25519 } from './ed25519.ts'
import type { Headers, Proof } from './host.ts'
import { isKey, tryEach } from './signature.ts'

/** A list of signatures, separated by spaces, may hold more than one while a sender changes keys. */
const MOST_SIGNATURES = 8

interface Signatures {
  readonly v1: readonly Buffer[]
  readonly v1a: readonly Buffer[]
}

/** Why Standard Webhooks headers cannot be right by their shape alone, or null. */
export function malformedStandard(headers: Headers): string | null {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': list } = headers
  if (typeof id !== 'string' || id === '') return 'no webhook-id header'
  if (id.includes('.') || id.includes(', ')) return 'webhook-id holds a "." or was sent twice'
  if (typeof time !== 'string' || !/^[0-9]{1,12}$/.test(time)) {
    return 'webhook-timestamp is not a number of seconds'
  }
  if (typeof list !== 'string' || list === '') return 'no webhook-signature header'
  if (list.includes(', ')) return 'webhook-signature was sent more than once'
  if (/^ | $| {2}/.test(list)) return 'webhook-signature is not a list separated by single spaces'
  const { v1, v1a } = signaturesIn(list)
  return v1.length + v1a.length > 0 ? null : 'webhook-signature holds no v1 or v1a signature'
}

/** The signature over `id.timestamp.body`, by any of the secrets; then the time. */
export async function verifyStandard(
  headers: Headers,
  body: Buffer,
  secrets: readonly Secret[],
  now: number,
): Promise<Proof> {
  const prefix = `${headers['webhook-id']}.${headers['webhook-timestamp']}.`
  const given = signaturesIn(String(headers['webhook-signature']))
  const proof = await tryEach(secrets, 'signature', (secret) => signs(secret, prefix, body, given))
  if (!proof.ok) return proof
  const late = clockProblem(Number(headers['webhook-timestamp']) * 1000, now, FIVE_MINUTES_MS)
  return late === null ? proof : { ok: false, reason: late }
}

function signs(secret: string, prefix: string, body: Buffer, given: Signatures): boolean {
  if (secret.startsWith('whpk_')) {
    const signed = Buffer.concat([Buffer.from(prefix), body])
    return given.v1a.some((signature) => signsEd25519(secret, signed, signature))
  }
  return standardKeys(secret).some((key) => {
    const digest = createHmac('sha256', key).update(prefix).update(body).digest()
    return given.v1.some((signature) => timingSafeEqual(digest, signature))
  })
}

function signaturesIn(list: string): Signatures {
  const items = list.split(' ').slice(0, MOST_SIGNATURES)
  const of = (version: string, length: number) =>
    items
      .filter((item) => item.startsWith(`${version},`))
      .flatMap((item) => decodeExactly(item.slice(version.length + 1), length) ?? [])
  return { v1: of('v1', 32), v1a: of('v1a', 64) }
}

/**
 * The key is what `whsec_` is followed by, in base64. Without the prefix the secret's own bytes are the
 * key; some senders leave the prefix out, so canonical base64 is tried as well.
 */
export function standardKeys(secret: string): Buffer[] {
  if (!isKey(secret)) return []
  const encoded = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret
  const decoded = Buffer.from(encoded, 'base64')
  const canonical = decoded.length >= 16 && decoded.toString('base64') === encoded
  if (secret.startsWith('whsec_')) return canonical ? [decoded] : []
  return canonical ? [Buffer.from(secret), decoded] : [Buffer.from(secret)]
}
