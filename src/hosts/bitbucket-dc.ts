/**
 * Bitbucket Data Center and Server.
 * https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html
 * Signs the raw body with HMAC-SHA256 in `X-Hub-Signature`, as Bitbucket Cloud does; its payloads are
 * others. One push may move several refs. It tells no changed files, no default branch and no number of
 * commits. *Test connection* is not signed: see `isConnectionTest`.
 */

import type { Content, Update } from '../model/delivery.ts'
import {
  at,
  isZero,
  listAt,
  numberAt,
  parseBody,
  refNames,
  shaAt,
  textAt,
  update,
} from './fields.ts'
import type { Headers, Host, Payload } from './host.ts'
import { malformedHex, verifyHex } from './signature.ts'

const PING = 'diagnostics:ping'

export const bitbucketDc: Host = {
  name: 'bitbucket-dc',
  title: 'Bitbucket Data Center',
  contentTypes: ['application/json'],
  maxBody: 25 * 1024 * 1024,
  refuse: (headers) => malformedHex('X-Hub-Signature', headers['x-hub-signature']),
  verify: (headers, body, secrets) => verifyHex(String(headers['x-hub-signature']), body, secrets),
  guid: (headers) => textAt(headers, 'x-request-id'),
  event: (headers) => textAt(headers, 'x-event-key'),
  parse: (_headers, body) => parseBody(body),
  normalise(headers, payload) {
    const event = textAt(headers, 'x-event-key')
    if (event === null) return { problem: 'no X-Event-Key header' }
    const problem = shapeProblem(event, payload)
    return problem === null ? content(event, payload) : { problem }
  },
}

/**
 * What the button *Test connection* sends, without a signature whatever the webhook's secret. It is
 * answered and nothing else: not read, not kept, and never let through to what a signature protects.
 */
export function isConnectionTest(headers: Headers): boolean {
  return headers['x-event-key'] === PING
}

/** The header is not signed and the body is: they have to name the same event. Old releases name none. */
function shapeProblem(event: string, payload: Payload): string | null {
  const named = textAt(payload, 'eventKey')
  if (named !== null && named !== event) return `a ${event} delivery whose body says "${named}"`
  if (event === 'repo:refs_changed' && listAt(payload, 'changes').length === 0) {
    return `a ${event} delivery without "changes"`
  }
  if (event.startsWith('pr:') && at(payload, 'pullRequest', 'id') === undefined) {
    return `a ${event} delivery without "pullRequest.id"`
  }
  return null
}

function content(event: string, payload: Payload): Content {
  const pull = at(payload, 'pullRequest')
  return {
    event,
    action: readAction(event, payload),
    repository:
      nameOf(at(payload, 'repository')) ??
      nameOf(at(pull, 'toRef', 'repository')) ??
      nameOf(at(payload, 'new')),
    defaultBranch: null,
    sender: textAt(payload, 'actor', 'name'),
    updates: readUpdates(event, payload),
  }
}

/** Of a push what befell the ref (ADD, UPDATE, DELETE), when all of its refs have that in common. */
function readAction(event: string, payload: Payload): string | null {
  if (event.startsWith('pr:')) return event.slice('pr:'.length)
  const types = new Set(listAt(payload, 'changes').map((change) => textAt(change, 'type')))
  const [only = null] = types
  return types.size === 1 ? only : null
}

/** `PRJ/my-repo`; a personal project is `~user`. */
function nameOf(repository: unknown): string | null {
  const project = textAt(repository, 'project', 'key')
  const slug = textAt(repository, 'slug')
  return project === null || slug === null ? null : `${project}/${slug}`
}

function readUpdates(event: string, payload: Payload): readonly Update[] {
  if (event === 'repo:refs_changed') {
    return listAt(payload, 'changes').map((change) => readChange(change, payload))
  }
  if (event.startsWith('pr:')) return [readPullRequest(at(payload, 'pullRequest'))]
  return [update({ event })]
}

function readChange(change: unknown, payload: Payload): Update {
  const ref = textAt(change, 'refId') ?? textAt(change, 'ref', 'id')
  const names = refNames(ref)
  const sha = shaAt(change, 'toHash')
  const type = textAt(change, 'type')
  // Newer releases add the newest commit of the push, which is that of one of its refs.
  const head = at(payload, 'toCommit')
  return update({
    event: names.tag === null ? 'push' : 'tag',
    ref,
    ...names,
    sha,
    before: shaAt(change, 'fromHash'),
    created: type === 'ADD' || isZero(change, 'fromHash'),
    deleted: type === 'DELETE' || isZero(change, 'toHash'),
    message: sha !== null && textAt(head, 'id') === sha ? textAt(head, 'message') : null,
  })
}

function readPullRequest(pull: unknown): Update {
  return update({
    event: 'pull_request',
    branch: textAt(pull, 'fromRef', 'displayId'),
    sha: shaAt(pull, 'fromRef', 'latestCommit'),
    message: textAt(pull, 'title'),
    number: numberAt(pull, 'id'),
    baseBranch: textAt(pull, 'toRef', 'displayId'),
    merged: textAt(pull, 'state') === 'MERGED',
    fork: nameOf(at(pull, 'fromRef', 'repository')) !== nameOf(at(pull, 'toRef', 'repository')),
  })
}
