/**
 * Callers that are no Git host: people with curl, scripts, plain URLs. They sign in one of two ways:
 * Standard Webhooks (id and time are signed, five minutes' tolerance), or GitHub's short form, which
 * can be replayed by whoever sees it. The first is checked whenever its header is there, and a bad one
 * is never rescued by the other. Senders with a form of their own: see generic.ts.
 */

import { parseBody, textAt, update } from './fields.ts'
import type { Headers, Host } from './host.ts'
import { malformedHex, verifyHex } from './signature.ts'
import { malformedStandard, verifyStandard } from './standard.ts'

export const webhook: Host = {
  name: 'webhook',
  title: 'a signed call',
  contentTypes: [],
  maxBody: 1024 * 1024,
  refuse: (headers) =>
    isStandard(headers)
      ? malformedStandard(headers)
      : malformedHex('X-Hub-Signature-256', headers['x-hub-signature-256']),
  verify: (headers, body, secrets, now) =>
    isStandard(headers)
      ? verifyStandard(headers, body, secrets, now)
      : verifyHex(String(headers['x-hub-signature-256']), body, secrets),
  guid: (headers) => textAt(headers, 'webhook-id'),
  event: () => null,
  parse: (_headers, body) => (body.length === 0 ? { payload: {} } : parseBody(body)),
  normalise: () => ({
    event: 'manual',
    action: null,
    repository: null,
    defaultBranch: null,
    sender: null,
    updates: [update({ event: 'manual' })],
  }),
}

export function isStandard(headers: Headers): boolean {
  return headers['webhook-signature'] !== undefined
}
