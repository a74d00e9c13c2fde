/**
 * Bitbucket Cloud.
 * https://support.atlassian.com/bitbucket-cloud/docs/event-payloads
 * Signs the raw body with HMAC-SHA256 in `X-Hub-Signature`, the header that carries SHA-1 elsewhere.
 * One push may move several refs, so one delivery holds several updates. It lists no changed files, and
 * payloads over 256 KB are silently not sent at all.
 */

import type { Content, Update } from '../model/delivery.ts'
import { at, flagAt, listAt, numberAt, parseBody, shaAt, textAt, update } from './fields.ts'
import type { Host, Payload } from './host.ts'
import { malformedHex, verifyHex } from './signature.ts'

export const bitbucket: Host = {
  name: 'bitbucket',
  title: 'Bitbucket',
  contentTypes: ['application/json'],
  maxBody: 25 * 1024 * 1024,
  refuse: (headers) => malformedHex('X-Hub-Signature', headers['x-hub-signature']),
  verify: (headers, body, secrets) => verifyHex(String(headers['x-hub-signature']), body, secrets),
  guid: (headers) => textAt(headers, 'x-request-uuid'),
  event: (headers) => textAt(headers, 'x-event-key'),
  parse: (_headers, body) => parseBody(body),
  normalise(headers, payload) {
    const event = textAt(headers, 'x-event-key')
    if (event === null) return { problem: 'no X-Event-Key header' }
    const problem = shapeProblem(event, payload)
    return problem === null ? content(event, payload) : { problem }
  },
}

function shapeProblem(event: string, payload: Payload): string | null {
  const missing = (path: string) => `a ${event} delivery without "${path}"`
  if (event === 'repo:push' && listAt(payload, 'push', 'changes').length === 0) {
    return missing('push.changes')
  }
  if (event.startsWith('pullrequest:') && at(payload, 'pullrequest', 'id') === undefined) {
    return missing('pullrequest.id')
  }
  return textAt(payload, 'repository', 'full_name') === null
    ? missing('repository.full_name')
    : null
}

function content(event: string, payload: Payload): Content {
  return {
    event,
    action: event.startsWith('pullrequest:') ? event.slice('pullrequest:'.length) : null,
    repository: textAt(payload, 'repository', 'full_name'),
    defaultBranch: null,
    sender: readActor(payload),
    updates: readUpdates(event, payload),
  }
}

/** `username` is gone for most accounts; what is left of the person's names, best known first. */
function readActor(payload: Payload): string | null {
  const actor = at(payload, 'actor')
  return textAt(actor, 'nickname') ?? textAt(actor, 'username') ?? textAt(actor, 'uuid')
}

function readUpdates(event: string, payload: Payload): readonly Update[] {
  if (event === 'repo:push') return listAt(payload, 'push', 'changes').map(readChange)
  if (event.startsWith('pullrequest:')) return [readPullRequest(payload)]
  return [update({ event })]
}

function readChange(change: unknown): Update {
  const now = at(change, 'new')
  const then = at(change, 'old')
  const isTag = textAt(now ?? then, 'type') === 'tag'
  const name = textAt(now, 'name') ?? textAt(then, 'name')
  return update({
    event: isTag ? 'tag' : 'push',
    ref: name === null ? null : `refs/${isTag ? 'tags' : 'heads'}/${name}`,
    branch: isTag ? null : name,
    tag: isTag ? name : null,
    sha: shaAt(now, 'target', 'hash'),
    before: shaAt(then, 'target', 'hash'),
    created: then == null,
    deleted: now == null,
    forced: flagAt(change, 'forced'),
    commits: listAt(change, 'commits').length,
    message: textAt(now, 'target', 'message'),
  })
}

/** Hashes of pull requests are cut to 12 digits: resolve them before comparing. */
function readPullRequest(payload: Payload): Update {
  const pull = at(payload, 'pullrequest')
  const source = textAt(pull, 'source', 'repository', 'full_name')
  return update({
    event: 'pull_request',
    branch: textAt(pull, 'source', 'branch', 'name'),
    sha: shaAt(pull, 'source', 'commit', 'hash'),
    message: textAt(pull, 'title'),
    number: numberAt(pull, 'id'),
    baseBranch: textAt(pull, 'destination', 'branch', 'name'),
    merged: textAt(pull, 'state') === 'MERGED',
    fork: source !== textAt(payload, 'repository', 'full_name'),
  })
}
