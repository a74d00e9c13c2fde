/**
 * Gitea, Forgejo and Gogs are one family: the same headers under three names, GitHub's payloads with
 * small differences, and HMAC-SHA256 in bare hex over the JSON. Of a form they sign the `payload` inside,
 * where GitHub signs the form. Without a secret they send the signature header all the same, empty.
 * https://docs.gitea.com/usage/webhooks and https://forgejo.org/docs/latest/user/webhooks
 *
 * The other signature headers they send (`X-Hub-Signature`, those of a cousin) are never looked at, and
 * neither is the `secret` that old releases put into the body.
 */

import type { HostName } from '../model/delivery.ts'
import { parseBody, textAt } from './fields.ts'
import { familyContent, familyShapeProblem } from './gitea-payload.ts'
import { isForm } from './github.ts'
import type { Headers, Host } from './host.ts'
import { formPayload, withoutValues } from './pushed.ts'
import { malformedBareHex, verifyHex } from './signature.ts'

interface Member {
  readonly name: HostName
  /** As in `X-Gitea-Event`. */
  readonly title: 'Gitea' | 'Forgejo' | 'Gogs'
}

export function giteaFamily({ name, title }: Member): Host {
  const header = (what: string) => `x-${title.toLowerCase()}-${what}`
  const signature = (headers: Headers) => headers[header('signature')]
  // Some events have an empty name in the coarse header, and one in the finer.
  const eventOf = (headers: Headers) =>
    textAt(headers, header('event')) ?? textAt(headers, header('event-type'))
  return {
    name,
    title,
    contentTypes: ['application/json', 'application/x-www-form-urlencoded'],
    maxBody: 25 * 1024 * 1024,
    refuse: (headers) => malformedBareHex(`X-${title}-Signature`, signature(headers)),
    async verify(headers, body, secrets) {
      const signed = isForm(headers) ? formPayload(body) : body
      if (signed === null) return { ok: false, reason: 'the form is not one "payload" field' }
      return verifyHex(`sha256=${signature(headers)}`, signed, secrets)
    },
    guid: (headers) => textAt(headers, header('delivery')),
    event: eventOf,
    parse(headers, body) {
      const json = isForm(headers) ? formPayload(body) : body
      return json === null ? { problem: 'the form has no "payload" field' } : parseBody(json)
    },
    normalise(headers, payload) {
      const event = eventOf(headers)
      if (event === null) return { problem: `no X-${title}-Event header` }
      const problem = familyShapeProblem(event, payload)
      return problem === null ? familyContent(event, payload) : { problem }
    },
    redact: (body) => withoutValues(body, ['secret']),
  }
}
