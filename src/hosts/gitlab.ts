/**
 * GitLab: project, group and system hooks, on gitlab.com or self-managed.
 * https://docs.gitlab.com/user/project/integrations/webhooks
 * Two proofs. A signing token (`whsec_…`, since 19.0) signs id, time and body by Standard Webhooks; the
 * older secret token is sent as it is and covers nothing. While both are set at GitLab, the signature
 * decides wherever it is there. A secret that begins with `whsec_` is never accepted as a token.
 */

import { parseBody, textAt } from './fields.ts'
import { gitlabContent } from './gitlab-payload.ts'
import type { Headers, Host } from './host.ts'
import { isKey, sameText, tryEach } from './signature.ts'
import { malformedStandard, verifyStandard } from './standard.ts'
import { isStandard } from './webhook.ts'

export const gitlab: Host = {
  name: 'gitlab',
  title: 'GitLab',
  contentTypes: ['application/json'],
  maxBody: 25 * 1024 * 1024, // gitlab.com's own cap
  refuse: (headers) => (isStandard(headers) ? malformedStandard(headers) : malformedToken(headers)),
  async verify(headers, body, secrets, now) {
    const signing = secrets.filter(({ value }) => value.startsWith('whsec_'))
    if (isStandard(headers)) {
      if (signing.length > 0) return verifyStandard(headers, body, signing, now)
      return { ok: false, reason: 'signed, but no secret here is a signing token (whsec_…)' }
    }
    if (signing.length === secrets.length && secrets.length > 0) {
      return { ok: false, reason: 'only a token was sent, and the secret here is a signing token' }
    }
    const token = String(headers['x-gitlab-token'])
    return tryEach(secrets, 'token', (secret) => isToken(secret) && sameText(secret, token))
  },
  // The two are the same. `X-Gitlab-Event-UUID` is not: hooks that set each other off share it.
  guid: (headers) => textAt(headers, 'webhook-id') ?? textAt(headers, 'idempotency-key'),
  event: (headers) => textAt(headers, 'x-gitlab-event'),
  parse: (_headers, body) => parseBody(body),
  normalise(headers, payload) {
    const event = textAt(headers, 'x-gitlab-event')
    return event === null ? { problem: 'no X-Gitlab-Event header' } : gitlabContent(event, payload)
  },
}

function malformedToken(headers: Headers): string | null {
  const token = headers['x-gitlab-token']
  if (token === undefined) return 'no X-Gitlab-Token header: the webhook has no token configured'
  if (typeof token !== 'string') return 'X-Gitlab-Token was sent more than once'
  return token === '' ? 'X-Gitlab-Token is empty' : null
}

function isToken(secret: string): boolean {
  return isKey(secret) && !secret.startsWith('whsec_')
}
