/**
 * sourcehut: webhooks of git.sr.ht, made by its GraphQL API. https://man.sr.ht/api-conventions.md
 * Ed25519 over the body and a nonce, by one key for all: the signature proves "sr.ht" and no more. What
 * is in the body is what the webhook's owner asked for, under names of his choice, so anybody with an
 * account there can have any payload signed. A hook's address is its secret (hooks/host-rules.ts).
 * The body is the answer to the query in docs/hosts.md; there is no other fixed payload.
 */

import type { Content, Update } from '../model/delivery.ts'
import { decodeExactly, signsEd25519 } from './ed25519.ts'
import { at, listAt, parseBody, refNames, shaAt, textAt, update } from './fields.ts'
import type { Headers, Host } from './host.ts'
import { tryEach } from './signature.ts'

export const sourcehut: Host = {
  name: 'sourcehut',
  title: 'sourcehut',
  contentTypes: ['application/json'],
  maxBody: 25 * 1024 * 1024,
  refuse(headers) {
    if (headers['x-payload-signature'] === undefined) return 'no X-Payload-Signature header'
    if (signatureIn(headers) === null) return 'X-Payload-Signature is not 64 bytes in base64'
    return nonceIn(headers) === null ? 'no X-Payload-Nonce header' : null
  },
  async verify(headers, body, secrets) {
    const signature = signatureIn(headers)
    const nonce = nonceIn(headers)
    if (signature === null || nonce === null) return { ok: false, reason: 'no signature' }
    const signed = Buffer.concat([body, Buffer.from(nonce)])
    return tryEach(secrets, 'signature', (key) => signsEd25519(key, signed, signature))
  },
  guid: (headers) => textAt(headers, 'x-webhook-delivery'),
  event: (headers) => textAt(headers, 'x-webhook-event'),
  parse: (_headers, body) => parseBody(body),
  normalise(headers, payload) {
    const webhook = at(payload, 'data', 'webhook')
    if (webhook == null) return { problem: 'a delivery without "data.webhook"' }
    const event = textAt(webhook, 'event') ?? textAt(headers, 'x-webhook-event')
    if (event === null) return { problem: 'a delivery without "event"' }
    const problem = event === 'GIT_POST_RECEIVE' ? queryProblem(webhook) : null
    return problem === null ? content(event, webhook) : { problem }
  },
}

/** The body holds what the webhook's query asks for, and people ask for too little. */
function queryProblem(webhook: unknown): string | null {
  const needed = [['repository', 'name'], ['repository', 'owner', 'canonicalName'], ['updates']]
  const missing = needed.find((path) => at(webhook, ...path) == null)
  return missing ? `the webhook's query does not ask for "${missing.join('.')}"` : null
}

function signatureIn(headers: Headers): Buffer | null {
  return decodeExactly(String(headers['x-payload-signature'] ?? ''), 64)
}

function nonceIn(headers: Headers): string | null {
  const nonce = textAt(headers, 'x-payload-nonce')
  return nonce !== null && /^[\x21-\x7e]{1,128}$/.test(nonce) ? nonce : null
}

function content(event: string, webhook: unknown): Content {
  const owner = textAt(webhook, 'repository', 'owner', 'canonicalName')
  const name = textAt(webhook, 'repository', 'name')
  const head = refNames(textAt(webhook, 'repository', 'HEAD', 'name'))
  const moved = listAt(webhook, 'updates')
  return {
    event,
    action: null,
    repository: owner === null || name === null ? null : `${owner}/${name}`,
    defaultBranch: head.branch,
    sender: textAt(webhook, 'pusher', 'canonicalName'),
    updates: moved.length > 0 ? moved.map(readMoved) : [update({ event })],
  }
}

/** A ref that was deleted is null, name and all. */
function readMoved(moved: unknown): Update {
  const ref = textAt(moved, 'ref', 'name')
  const names = refNames(ref)
  const asked = (end: 'old' | 'new') => at(moved, end) !== undefined
  return update({
    event: names.tag === null ? 'push' : 'tag',
    ref,
    ...names,
    sha: shaAt(moved, 'new', 'id'),
    before: shaAt(moved, 'old', 'id'),
    created: asked('old') ? at(moved, 'old') === null : null,
    deleted: asked('new') ? at(moved, 'new') === null : null,
  })
}
