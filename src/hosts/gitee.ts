/**
 * Gitee. https://help.gitee.com/webhook/how-to-verify-webhook-keys
 * `X-Gitee-Token` is, as the webhook is set, an HMAC of time and secret (sign mode) or the secret itself
 * (password mode). Either proves that the sender knows the secret, so both are tried; neither covers the
 * body. So a signed pair of time and token counts once, and for five minutes (Gitee says an hour).
 * https://help.gitee.com/webhook/gitee-webhook-push-data-format: the body repeats the password.
 */

import { createHash, createHmac } from 'node:crypto'
import { clockProblem, FIVE_MINUTES_MS } from './clock.ts'
import { parseBody, textAt } from './fields.ts'
import { giteeContent } from './gitee-payload.ts'
import type { Headers, Host } from './host.ts'
import { withoutValues } from './pushed.ts'
import { isKey, sameText, tryEach } from './signature.ts'

export const gitee: Host = {
  name: 'gitee',
  title: 'Gitee',
  contentTypes: ['application/json'],
  maxBody: 25 * 1024 * 1024,
  refuse(headers) {
    const token = headers['x-gitee-token']
    if (token === undefined) return 'no X-Gitee-Token header'
    if (typeof token !== 'string') return 'X-Gitee-Token was sent more than once'
    return token === '' ? 'X-Gitee-Token is empty: the webhook has no password configured' : null
  },
  async verify(headers, _body, secrets, now) {
    const token = String(headers['x-gitee-token'])
    const password = await tryEach(secrets, 'password', (secret) => {
      return isKey(secret) && sameText(secret, token)
    })
    if (password.ok) return password
    const time = timeIn(headers)
    if (time === null) return { ok: false, reason: `${password.reason}; no X-Gitee-Timestamp` }
    const signed = await tryEach(secrets, 'signature', (secret) => {
      return isKey(secret) && sameText(signatureOf(secret, time), token)
    })
    if (!signed.ok) return signed
    const late = clockProblem(Number(time), now, FIVE_MINUTES_MS)
    return late === null ? signed : { ok: false, reason: late }
  },
  guid: signedId,
  event: (headers) => textAt(headers, 'x-gitee-event'),
  parse: (_headers, body) => parseBody(body),
  normalise(headers, payload) {
    const event = textAt(headers, 'x-gitee-event')
    if (event === null) return { problem: 'no X-Gitee-Event header' }
    return giteeContent(event, payload, headers['x-gitee-ping'] === 'true')
  },
  redact: (body) => withoutValues(body, ['password', 'sign']),
}

/** Milliseconds, as they stand in the header: what is signed is that text. */
function timeIn(headers: Headers): string | null {
  const time = textAt(headers, 'x-gitee-timestamp')
  return time !== null && /^[0-9]{13}$/.test(time) ? time : null
}

/** Base64, and not URL-encoded on top as the documentation has it. */
function signatureOf(secret: string, time: string): string {
  return createHmac('sha256', secret).update(`${time}\n${secret}`).digest('base64')
}

/**
 * Gitee gives deliveries no id. Of a signed one the pair of time and token is as good: whoever has seen it
 * can send it again with another body, and must not get a second run. A password says nothing of the kind.
 */
function signedId(headers: Headers): string | null {
  const token = textAt(headers, 'x-gitee-token') ?? ''
  const time = timeIn(headers)
  if (time === null || !/^[A-Za-z0-9+/]{43}=$/.test(token)) return null
  return createHash('sha256').update(`${time}\n${token}`).digest('hex').slice(0, 32)
}
