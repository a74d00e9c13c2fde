/**
 * Why a proof failed, as far as that can be found out: for the operator's eyes only. Tries what people
 * get wrong, and compares names of headers. Whatever it finds, the request stays refused; and it works
 * after the answer has gone out, so that the time an answer takes tells nothing.
 */

import { isForm } from '../hosts/github.ts'
import type { Headers } from '../hosts/host.ts'
import { hostOf } from '../hosts/hosts.ts'
import { formPayload } from '../hosts/pushed.ts'
import type { HostName } from '../model/delivery.ts'
import type { Secret } from '../model/hook.ts'
import type { Endpoint } from './endpoints.ts'

/** A request whose proof failed. Without a body it was refused by its headers alone. */
export interface Unproven {
  readonly endpoint: Endpoint
  readonly headers: Headers
  readonly body: Buffer | null
  readonly reason: string
}

/** Bodies up to this size are tried again, so often a minute for each path: strangers pay for none of it. */
const LARGEST = 256 * 1024
const TRIES = 30
const MINUTE_MS = 60_000

export type Explain = (unproven: Unproven) => Promise<string>

/** The operator's reason, as good as it gets. Never rejects. */
export function createExplain(now = Date.now): Explain {
  const tried = new Map<string, number>()
  let minute = 0
  const mayTry = (path: string): boolean => {
    const current = Math.floor(now() / MINUTE_MS)
    if (current !== minute) tried.clear()
    minute = current
    const count = (tried.get(path) ?? 0) + 1
    tried.set(path, count)
    return count <= TRIES
  }
  return async (unproven) => {
    const { endpoint, headers, body, reason } = unproven
    const byHeaders = wrongForm(endpoint, headers) ?? withSender(reason, endpoint, headers)
    if (body === null || body.length > LARGEST || !mayTry(endpoint.path)) return byHeaders
    const slip = await slipIn(unproven, body, now()).catch(() => null)
    return slip === null ? byHeaders : `${reason.split(';')[0]}; ${slip}`
  }
}

// ---- by the headers ------------------------------------------------------------------------------------

/** The same header means SHA-1 at one host and SHA-256 at another. */
function wrongForm({ host }: Endpoint, headers: Headers): string | null {
  const older = headers['x-hub-signature']
  const isSha256 = typeof older === 'string' && older.startsWith('sha256=')
  const wantsNewer = host.name === 'github' || host.name === 'webhook'
  if (!isSha256 || !wantsNewer || headers['x-hub-signature-256'] !== undefined) return null
  const wanted = host.name === 'github' ? 'this address is for GitHub' : 'this hook names no "repo"'
  return `sha256 under X-Hub-Signature is Bitbucket's form, and ${wanted}`
}

function withSender(reason: string, endpoint: Endpoint, headers: Headers): string {
  const sender = senderOf(headers)
  const { name, title } = endpoint.host
  if (sender === null || sender === name || (isCousin(sender) && isCousin(name))) return reason
  const wanted = name === 'webhook' ? 'this hook names no "repo"' : `this address is for ${title}`
  return `${reason}; its headers are those of ${hostOf(sender).title}, and ${wanted}`
}

/** In this order, because families imitate each other: Forgejo sends the headers of four hosts. */
const marks: readonly (readonly [HostName, ...string[]])[] = [
  ['forgejo', 'x-forgejo-event'],
  ['gitea', 'x-gitea-event'],
  ['gogs', 'x-gogs-event'],
  ['gitlab', 'x-gitlab-event'],
  ['gitee', 'x-gitee-event'],
  ['bitbucket-dc', 'x-event-key', 'x-request-id'],
  ['bitbucket', 'x-event-key'],
  ['github', 'x-github-event'],
  ['sourcehut', 'x-webhook-event'],
]

/** Only ever to explain: what a request says of itself chooses nothing. */
function senderOf(headers: Headers): HostName | null {
  const found = marks.find(([, ...names]) => names.every((name) => headers[name] !== undefined))
  return found?.[0] ?? null
}

function isCousin(name: HostName): boolean {
  return name === 'gitea' || name === 'forgejo' || name === 'gogs'
}

// ---- by trying -----------------------------------------------------------------------------------------

async function slipIn(
  { endpoint, headers }: Unproven,
  body: Buffer,
  now: number,
): Promise<string | null> {
  const { host, secrets } = endpoint
  const proves = async (secret: Secret) => (await host.verify(headers, body, [secret], now)).ok
  for (const secret of secrets) {
    for (const { value, says } of slipsOf(secret)) {
      if (await proves({ ...secret, value })) return says
    }
  }
  if (!isForm(headers)) return null
  const asJson = { ...headers, 'content-type': 'application/json' }
  if ((await host.verify(asJson, body, secrets, now)).ok) {
    return 'the whole form was signed, as GitHub does it; set the content type to JSON there'
  }
  const inner = formPayload(body)
  if (inner === null || !(await host.verify(asJson, inner, secrets, now)).ok) return null
  return 'only the JSON in the form was signed, as Gitea and Gogs do it; set the content type to JSON there'
}

function slipsOf({ name, value }: Secret): { value: string; says: string }[] {
  const trimmed = value.trim()
  const ends = ['\n', '\r\n'].map((end) => ({
    value: value + end,
    says: `it matches ${name} with a trailing newline: set the secret at the host anew, without one`,
  }))
  if (trimmed === value || trimmed === '') return ends
  const says = `it matches ${name} without the white space around it: take that out of the secret here`
  return [{ value: trimmed, says }, ...ends]
}
