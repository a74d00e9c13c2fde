/**
 * Every signature scheme beside GitHub's, with one right proof each, for the matrix of wrong ones. The
 * signers here are written from the hosts' documentation, not from the code that verifies.
 */

import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { genericHost } from '../../src/hosts/generic.ts'
import type { Host } from '../../src/hosts/host.ts'
import { hostOf } from '../../src/hosts/hosts.ts'
import type { SignatureScheme } from '../../src/model/hook.ts'

export const NOW = 1_700_000_000_000
export const BODY = Buffer.from('{"ref":"refs/heads/main","note":"größer"}')
export const SECRET = 'a secret of sixteen bytes or more'

export interface Scheme {
  readonly title: string
  readonly host: Host
  /** The header whose value is made wrong. */
  readonly header: string
  readonly secret: string
  readonly prefix: string
  /** False where the host signs nothing of the body. */
  readonly coversBody: boolean
  /** Headers beside the one above. */
  readonly beside: Readonly<Record<string, string>>
  /** The proof without its prefix, by this key over these bytes. */
  digest(body: Buffer, secret: string, algorithm?: string): string
}

function aScheme(fields: Partial<Scheme> & Pick<Scheme, 'title' | 'host' | 'header'>): Scheme {
  return {
    secret: SECRET,
    prefix: '',
    coversBody: true,
    beside: {},
    digest: (body, secret, algorithm) => hmac(secret, body, algorithm).digest('hex'),
    ...fields,
  }
}

function hmac(key: string | Buffer, bytes: Buffer | string, algorithm = 'sha256') {
  return createHmac(algorithm, key).update(bytes)
}

const KEY = Buffer.from('0123456789abcdef0123456789abcdef')
const seconds = String(NOW / 1000)
const standard = {
  header: 'webhook-signature',
  prefix: 'v1,',
  secret: `whsec_${KEY.toString('base64')}`,
  beside: { 'webhook-id': 'msg_1', 'webhook-timestamp': seconds },
  digest: (body: Buffer, secret: string, algorithm?: string) => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
    const signed = Buffer.concat([Buffer.from(`msg_1.${seconds}.`), body])
    return hmac(key, signed, algorithm).digest('base64')
  },
}

const generic = (fields: Partial<SignatureScheme>) =>
  genericHost({
    header: 'x-signature',
    algorithm: 'sha256',
    encoding: 'hex',
    prefix: '',
    timestamp: null,
    template: '{body}',
    toleranceMs: 300_000,
    ...fields,
  })

const pair = generateKeyPairSync('ed25519')
const strangers = generateKeyPairSync('ed25519')
const rawKey = (key: KeyObject) => Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')
/** By another secret, or by another algorithm, means by another key. */
const ed25519 = (own: string, signed: (body: Buffer) => Buffer) => {
  return (body: Buffer, secret: string, algorithm?: string) => {
    const key = secret === own && algorithm === undefined ? pair : strangers
    return sign(null, signed(body), key.privateKey).toString('base64')
  }
}
const PUBLIC = rawKey(pair.publicKey).toString('base64')

const giteeTime = String(NOW)
const same = (_body: Buffer, secret: string, algorithm?: string) =>
  algorithm === undefined ? secret : createHash(algorithm).update(secret).digest('hex')

export const schemes: readonly Scheme[] = [
  aScheme({
    title: 'Bitbucket Data Center',
    host: hostOf('bitbucket-dc'),
    header: 'x-hub-signature',
    prefix: 'sha256=',
  }),
  aScheme({ title: 'Gitea', host: hostOf('gitea'), header: 'x-gitea-signature' }),
  aScheme({ title: 'Forgejo', host: hostOf('forgejo'), header: 'x-forgejo-signature' }),
  aScheme({ title: 'Gogs', host: hostOf('gogs'), header: 'x-gogs-signature' }),
  aScheme({ title: 'Standard Webhooks', host: hostOf('webhook'), ...standard }),
  aScheme({ title: "GitLab's signing token", host: hostOf('gitlab'), ...standard }),
  aScheme({
    title: 'Standard Webhooks by Ed25519',
    host: hostOf('webhook'),
    ...standard,
    prefix: 'v1a,',
    secret: `whpk_${PUBLIC}`,
    digest: ed25519(`whpk_${PUBLIC}`, (body) =>
      Buffer.concat([Buffer.from(`msg_1.${seconds}.`), body]),
    ),
  }),
  aScheme({
    title: 'sourcehut',
    host: hostOf('sourcehut'),
    header: 'x-payload-signature',
    secret: PUBLIC,
    beside: { 'x-payload-nonce': '4c1fe0d3a5b94d1e' },
    digest: ed25519(PUBLIC, (body) => Buffer.concat([body, Buffer.from('4c1fe0d3a5b94d1e')])),
  }),
  aScheme({
    title: "GitLab's secret token",
    host: hostOf('gitlab'),
    header: 'x-gitlab-token',
    coversBody: false,
    digest: same,
  }),
  aScheme({
    title: 'Azure DevOps',
    host: hostOf('azure'),
    header: 'authorization',
    secret: `deploy:${SECRET}`,
    prefix: 'Basic ',
    coversBody: false,
    digest: (body, secret, algorithm) =>
      Buffer.from(same(body, secret, algorithm)).toString('base64'),
  }),
  aScheme({
    title: "Gitee's password",
    host: hostOf('gitee'),
    header: 'x-gitee-token',
    coversBody: false,
    digest: same,
  }),
  aScheme({
    title: "Gitee's signature",
    host: hostOf('gitee'),
    header: 'x-gitee-token',
    coversBody: false,
    beside: { 'x-gitee-timestamp': giteeTime },
    digest: (_body, secret, algorithm) =>
      hmac(secret, `${giteeTime}\n${secret}`, algorithm).digest('base64'),
  }),
  aScheme({
    title: 'a generic HMAC, SHA-1',
    host: generic({ algorithm: 'sha1', prefix: 'sha1=' }),
    header: 'x-signature',
    prefix: 'sha1=',
    digest: (body, secret, algorithm = 'sha1') => hmac(secret, body, algorithm).digest('hex'),
  }),
  aScheme({
    title: 'a generic HMAC, SHA-256 in base64',
    host: generic({ encoding: 'base64', prefix: 'HMAC ' }),
    header: 'x-signature',
    prefix: 'HMAC ',
    digest: (body, secret, algorithm) => hmac(secret, body, algorithm).digest('base64'),
  }),
  aScheme({
    title: 'a generic HMAC, SHA-512 with a time',
    host: generic({
      algorithm: 'sha512',
      prefix: 'v0=',
      timestamp: 'x-time',
      template: 'v0:{timestamp}:{body}',
    }),
    header: 'x-signature',
    prefix: 'v0=',
    beside: { 'x-time': seconds },
    digest: (body, secret, algorithm = 'sha512') => {
      const signed = Buffer.concat([Buffer.from(`v0:${seconds}:`), body])
      return hmac(secret, signed, algorithm).digest('hex')
    },
  }),
]
