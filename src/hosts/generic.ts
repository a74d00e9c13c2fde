/**
 * Senders with a signature of their own, an HMAC that the hooks file describes: which header, algorithm,
 * encoding and prefix, and what is signed. The description alone decides what counts: no other header
 * is looked at, and a digest of another length or spelling is refused by its shape.
 */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { SignatureScheme } from '../model/hook.ts'
import { clockProblem, readTime } from './clock.ts'
import { decodeExactly } from './ed25519.ts'
import { textAt } from './fields.ts'
import type { Headers, Host } from './host.ts'
import { isKey, tryEach } from './signature.ts'
import { standardKeys } from './standard.ts'
import { webhook } from './webhook.ts'

const lengths = { sha1: 20, sha256: 32, sha512: 64 }

/** Some senders give one signature for each secret while they change it. */
const MOST_SIGNATURES = 8

export function genericHost(scheme: SignatureScheme): Host {
  return {
    ...webhook,
    refuse: (headers) => malformed(scheme, headers),
    async verify(headers, body, secrets, now) {
      const given = digestsIn(scheme, textAt(headers, scheme.header) ?? '')
      const time = scheme.timestamp === null ? null : textAt(headers, scheme.timestamp)
      const proof = await tryEach(secrets, 'signature', (secret) =>
        keysOf(secret).some((key) => {
          const digest = digestOf(scheme, key, time ?? '', body)
          return given.some((one) => timingSafeEqual(one, digest))
        }),
      )
      if (!proof.ok || time === null) return proof
      const late = clockProblem(readTime(time) ?? 0, now, scheme.toleranceMs)
      return late === null ? proof : { ok: false, reason: late }
    },
    guid: (headers, body) => signedId(scheme, headers, body),
  }
}

function malformed(scheme: SignatureScheme, headers: Headers): string | null {
  const { header, timestamp } = scheme
  const value = headers[header]
  if (value === undefined) return `no ${header} header`
  if (typeof value !== 'string' || value.includes(', ')) return `${header} was sent more than once`
  if (value === '' || value === scheme.prefix) return `${header} is empty`
  if (digestsIn(scheme, value).length === 0) {
    return `${header} is not ${JSON.stringify(scheme.prefix)} and a ${scheme.algorithm} in ${scheme.encoding}`
  }
  if (timestamp === null) return null
  const time = headers[timestamp]
  if (typeof time !== 'string') return `no ${timestamp} header`
  return readTime(time) === null ? `${timestamp} is not a time` : null
}

/** Those of the right shape; a list is separated by commas without spaces, which Node's joining adds. */
function digestsIn({ prefix, algorithm, encoding }: SignatureScheme, value: string): Buffer[] {
  const items = prefix.includes(',') ? [value] : value.split(',').slice(0, MOST_SIGNATURES)
  const length = lengths[algorithm]
  return items
    .filter((item) => item.startsWith(prefix))
    .map((item) => item.slice(prefix.length))
    .flatMap((text) =>
      encoding === 'hex' ? (readHex(text, length) ?? []) : (decodeExactly(text, length) ?? []),
    )
}

/** The decoder stops at the first character that is no digit, so the shape is checked before. */
function readHex(text: string, length: number): Buffer | null {
  return text.length === 2 * length && /^[0-9a-f]+$/.test(text) ? Buffer.from(text, 'hex') : null
}

function digestOf(scheme: SignatureScheme, key: Buffer, time: string, body: Buffer): Buffer {
  const [before = '', after = ''] = scheme.template.split('{body}')
  const fill = (text: string) => text.replaceAll('{timestamp}', () => time)
  const hmac = createHmac(scheme.algorithm, key)
  return hmac.update(fill(before)).update(body).update(fill(after)).digest()
}

/** The secret's own bytes; and for keys that are no text, what `whsec_` is followed by in base64. */
function keysOf(secret: string): Buffer[] {
  if (!isKey(secret)) return []
  return [Buffer.from(secret), ...(secret.startsWith('whsec_') ? standardKeys(secret) : [])]
}

/** Where the time is signed no two calls are the same: one that comes again is a repeat. */
function signedId({ timestamp }: SignatureScheme, headers: Headers, body: Buffer): string | null {
  const time = timestamp === null ? null : textAt(headers, timestamp)
  if (time === null) return null
  return createHash('sha256').update(`${time}\n`).update(body).digest('hex').slice(0, 32)
}
