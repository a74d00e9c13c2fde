/**
 * The headers that prove a body, as each kind of sender makes them. It shares nothing with the code that
 * verifies except the reading of a `whsec_` secret, so the two check each other.
 */

import { createHmac, randomBytes } from 'node:crypto'
import { RunhookError } from '../errors.ts'
import type { HostName } from '../model/delivery.ts'
import type { SignatureScheme } from '../model/hook.ts'
import { signatureNames } from './sample-gitea.ts'
import { giteeToken } from './sample-gitee.ts'
import { standardKeys } from './standard.ts'

export type Sent = Readonly<Record<string, string>>

/** `sent` are the headers that go along: some of them are signed. */
export function signatureHeaders(
  host: HostName,
  body: Uint8Array,
  secret: string,
  now = Date.now(),
  sent: Sent = {},
): Record<string, string> {
  if (host === 'sourcehut' || secret.startsWith('whpk_')) throw onlyPublic()
  const digest = hex('sha256', secret, body)
  const hub1 = { 'X-Hub-Signature': `sha1=${hex('sha1', secret, body)}` }
  const hub256 = { 'X-Hub-Signature-256': `sha256=${digest}` }
  switch (host) {
    case 'github':
      return { ...hub1, ...hub256 }
    case 'gitlab':
      return secret.startsWith('whsec_')
        ? standardHeaders(body, secret, now, sent)
        : { 'X-Gitlab-Token': secret }
    case 'bitbucket':
    case 'bitbucket-dc':
      return { 'X-Hub-Signature': `sha256=${digest}` }
    case 'gitea':
      return { ...bare('Gitea', digest), ...hub1, ...hub256 }
    case 'forgejo':
      return { ...bare('Forgejo', digest), ...hub1, ...hub256 }
    case 'gogs':
      return bare('Gogs', digest)
    case 'azure':
      return { Authorization: `Basic ${Buffer.from(secret).toString('base64')}` }
    case 'gitee':
      return { 'X-Gitee-Token': giteeToken(secret, now), 'X-Gitee-Timestamp': String(now) }
    case 'webhook':
      return standardHeaders(body, secret, now, sent)
  }
}

/** By a scheme that the hooks file describes. */
export function schemeHeaders(
  scheme: SignatureScheme,
  body: Uint8Array,
  secret: string,
  now = Date.now(),
): Record<string, string> {
  const { header, timestamp, algorithm, encoding, prefix, template } = scheme
  const time = timestamp === 'date' ? new Date(now).toUTCString() : String(Math.floor(now / 1000))
  const [before = '', after = ''] = template.split('{body}')
  const fill = (text: string) => text.replaceAll('{timestamp}', time)
  const mac = createHmac(algorithm, secret).update(fill(before)).update(body).update(fill(after))
  const proof = { [header]: `${prefix}${mac.digest(encoding)}` }
  return timestamp === null ? proof : { [timestamp]: time, ...proof }
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function standardHeaders(
  body: Uint8Array,
  secret: string,
  now: number,
  sent: Sent,
): Record<string, string> {
  const id = sent['webhook-id'] ?? `msg_${randomBytes(12).toString('hex')}`
  const timestamp = String(Math.floor(now / 1000))
  const key = standardKeys(secret)[0] ?? secret
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${mac}`,
  }
}

function bare(brand: 'Forgejo' | 'Gitea' | 'Gogs', digest: string): Record<string, string> {
  return Object.fromEntries(signatureNames(brand).map((name) => [name, digest]))
}

function hex(algorithm: 'sha1' | 'sha256', secret: string, body: Uint8Array): string {
  return createHmac(algorithm, secret).update(body).digest('hex')
}

function onlyPublic(): RunhookError {
  const message = 'Only the sender can sign this: the private key is his, and a public one is here.'
  return new RunhookError('usage', message, { hint: 'Let the host send a delivery.' })
}
