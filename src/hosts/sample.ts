/**
 * A delivery as a host would send it: headers, body, signature. For `runhook send` and `sign`, and for
 * tests. It shares nothing with the code that verifies except the reading of a `whsec_` secret, so the
 * two check each other.
 */

import { createHmac, randomBytes } from 'node:crypto'
import type { HostName } from '../model.ts'
import { bitbucketEvent, bitbucketHeaders, bitbucketPayload } from './sample-bitbucket.ts'
import { githubEvent, githubHeaders, githubPayload } from './sample-github.ts'
import { fillWish, type SampleOptions } from './sample-wish.ts'
import { standardKeys } from './signature.ts'

export type { SampleOptions } from './sample-wish.ts'

export interface Sample {
  /** The host's own name of the event; null for a plain call. */
  readonly event: string | null
  /** Names as the host writes them; the signature is among them when there was a secret. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export function sampleDelivery(
  host: HostName,
  options: SampleOptions,
  secret: string | null,
  now = Date.now(),
): Sample {
  const { event, headers, payload } = compose(host, options, now)
  const body = options.payload ? Buffer.from(options.payload) : Buffer.from(JSON.stringify(payload))
  const signature = secret === null ? {} : signatureHeaders(host, body, secret, now)
  return { event, headers: { ...headers, ...signature }, body }
}

/** The headers that prove who sent these bytes. */
export function signatureHeaders(
  host: HostName,
  body: Uint8Array,
  secret: string,
  now = Date.now(),
): Record<string, string> {
  const sha256 = `sha256=${hex('sha256', secret, body)}`
  switch (host) {
    case 'github':
      return {
        'X-Hub-Signature': `sha1=${hex('sha1', secret, body)}`,
        'X-Hub-Signature-256': sha256,
      }
    case 'bitbucket':
      return { 'X-Hub-Signature': sha256 }
    case 'webhook':
      return standardHeaders(body, secret, now)
  }
}

function compose(host: HostName, options: SampleOptions, now: number) {
  const wish = fillWish(options, now)
  switch (host) {
    case 'github': {
      const event = githubEvent(wish.event)
      return { event, headers: githubHeaders(event, wish), payload: githubPayload(event, wish) }
    }
    case 'bitbucket': {
      const event = bitbucketEvent(wish)
      const payload = bitbucketPayload(event, wish)
      return { event, headers: bitbucketHeaders(event, wish), payload }
    }
    case 'webhook':
      return { event: null, headers: { 'Content-Type': 'application/json' }, payload: {} }
  }
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function standardHeaders(body: Uint8Array, secret: string, now: number): Record<string, string> {
  const id = `msg_${randomBytes(12).toString('hex')}`
  const timestamp = String(Math.floor(now / 1000))
  const key = standardKeys(secret)[0] ?? secret
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${mac}`,
  }
}

function hex(algorithm: 'sha1' | 'sha256', secret: string, body: Uint8Array): string {
  return createHmac(algorithm, secret).update(body).digest('hex')
}
