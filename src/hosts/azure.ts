/**
 * Azure DevOps (Services and Server), service hooks of the kind "Web Hooks".
 * https://learn.microsoft.com/azure/devops/service-hooks/services/webhooks
 * It signs nothing: a subscription can send Basic authorisation (RFC 7617), so the secret is
 * `user:password`. Event and id stand in the body alone. One push may move several refs; it tells no
 * changed files. A repository is `project/repository`; both may hold spaces.
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
import { isKey, sameText, tryEach } from './signature.ts'

const BASIC = /^Basic ([A-Za-z0-9+/]+={0,2})$/

export const azure: Host = {
  name: 'azure',
  title: 'Azure DevOps',
  contentTypes: ['application/json'],
  maxBody: 25 * 1024 * 1024,
  refuse(headers) {
    if (headers.authorization === undefined) return 'no Authorization header'
    return credentialsIn(headers) === null ? 'Authorization is not "Basic …"' : null
  },
  verify(headers, _body, secrets) {
    const given = credentialsIn(headers) ?? ''
    const proves = (secret: string) => isKey(secret) && sameText(encoded(secret), given)
    return tryEach(secrets, 'password', proves)
  },
  guid: (_headers, _body, payload) => textAt(payload, 'id'),
  event: () => null,
  parse: (_headers, body) => parseBody(body),
  normalise(_headers, payload) {
    const event = textAt(payload, 'eventType')
    if (event === null) return { problem: 'a delivery without "eventType"' }
    const problem = shapeProblem(event, payload)
    return problem === null ? content(event, payload) : { problem }
  },
}

/** Base64 as sent: compared encoded, so that no two spellings of it are the same. */
function credentialsIn(headers: Headers): string | null {
  return BASIC.exec(String(headers.authorization))?.[1] ?? null
}

function encoded(secret: string): string {
  return Buffer.from(secret).toString('base64')
}

/** A subscription set to "Resource details to send: minimal" or "none" leaves out what is needed. */
function shapeProblem(event: string, payload: Payload): string | null {
  const missing = (path: string) =>
    `a ${event} delivery without "${path}": set "Resource details to send" to All`
  if (event === 'git.push' && listAt(payload, 'resource', 'refUpdates').length === 0) {
    return missing('resource.refUpdates')
  }
  if (event.startsWith(PULL) && at(payload, 'resource', 'pullRequestId') === undefined) {
    return missing('resource.pullRequestId')
  }
  return null
}

const PULL = 'git.pullrequest.'

function content(event: string, payload: Payload): Content {
  const resource = at(payload, 'resource')
  const isPull = event.startsWith(PULL)
  return {
    event,
    action: isPull ? event.slice(PULL.length) : null,
    repository: nameOf(at(resource, 'repository')),
    defaultBranch: refNames(textAt(resource, 'repository', 'defaultBranch')).branch,
    sender:
      textAt(resource, 'pushedBy', 'displayName') ?? textAt(resource, 'createdBy', 'displayName'),
    updates: isPull ? [readPullRequest(resource)] : readUpdates(event, resource),
  }
}

function nameOf(repository: unknown): string | null {
  const project = textAt(repository, 'project', 'name')
  const name = textAt(repository, 'name')
  return project === null || name === null ? null : `${project}/${name}`
}

function readUpdates(event: string, resource: unknown): readonly Update[] {
  if (event !== 'git.push') return [update({ event })]
  const refs = listAt(resource, 'refUpdates')
  return refs.map((ref) => readRef(ref, resource, refs.length === 1))
}

/** Commits are listed for the push as a whole, so only a push of one ref tells how many it brought. */
function readRef(moved: unknown, resource: unknown, alone: boolean): Update {
  const ref = textAt(moved, 'name')
  const names = refNames(ref)
  const sha = shaAt(moved, 'newObjectId')
  const commits = listAt(resource, 'commits')
  const head = commits.find((commit) => textAt(commit, 'commitId') === sha)
  return update({
    event: names.tag === null ? 'push' : 'tag',
    ref,
    ...names,
    sha,
    before: shaAt(moved, 'oldObjectId'),
    created: isZero(moved, 'oldObjectId'),
    deleted: isZero(moved, 'newObjectId'),
    commits: alone ? commits.length : null,
    message: textAt(head, 'comment'),
  })
}

/** `git.pullrequest.merged` says that a merge was tried: only the status "completed" says that it is. */
function readPullRequest(pull: unknown): Update {
  return update({
    event: 'pull_request',
    branch: refNames(textAt(pull, 'sourceRefName')).branch,
    sha: shaAt(pull, 'lastMergeSourceCommit', 'commitId'),
    message: textAt(pull, 'title'),
    number: numberAt(pull, 'pullRequestId'),
    baseBranch: refNames(textAt(pull, 'targetRefName')).branch,
    merged: textAt(pull, 'status') === 'completed',
    fork: at(pull, 'forkSource') != null,
  })
}
