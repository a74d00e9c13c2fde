/**
 * GitHub: repository, organisation and App webhooks, and Enterprise Server.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads
 * Signs the raw body, also of form deliveries, in `X-Hub-Signature-256`. The older SHA-1 header is
 * never accepted. Its event and delivery headers are not signed: repository, ref and sender come from
 * the body, and the body's shape must fit the event that the header names.
 */

import type { Content, Update } from '../model/delivery.ts'
import {
  at,
  decode,
  flagAt,
  listAt,
  numberAt,
  parseBody,
  parseObject,
  refNames,
  shaAt,
  textAt,
  update,
} from './fields.ts'
import type { Headers, Host, Payload } from './host.ts'
import { formField } from './pushed.ts'
import { malformedHex, verifyHex } from './signature.ts'

const SIGNATURE = 'X-Hub-Signature-256'
const FORM = 'application/x-www-form-urlencoded'

export const github: Host = {
  name: 'github',
  title: 'GitHub',
  contentTypes: ['application/json', FORM],
  maxBody: 25 * 1024 * 1024, // GitHub's own cap: larger payloads are never sent
  refuse(headers) {
    const reason = malformedHex(SIGNATURE, headers['x-hub-signature-256'])
    if (reason && headers['x-hub-signature-256'] === undefined && headers['x-hub-signature']) {
      return 'only the older SHA-1 X-Hub-Signature was sent, which is not accepted'
    }
    return reason
  },
  verify: (headers, body, secrets) =>
    verifyHex(String(headers['x-hub-signature-256']), body, secrets),
  guid: (headers) => textAt(headers, 'x-github-delivery'),
  event: (headers) => textAt(headers, 'x-github-event'),
  parse(headers, body) {
    if (!isForm(headers)) return parseBody(body)
    const form = decode(body)
    if ('problem' in form) return form
    const field = formField(form.text, 'payload')
    return field === null ? { problem: 'the form has no "payload" field' } : parseObject(field)
  },
  normalise(headers, payload) {
    const event = textAt(headers, 'x-github-event')
    if (event === null) return { problem: 'no X-GitHub-Event header' }
    const problem = shapeProblem(event, payload)
    return problem === null ? content(event, payload) : { problem }
  },
}

export function isForm(headers: Headers): boolean {
  return String(headers['content-type'] ?? '')
    .toLowerCase()
    .startsWith(FORM)
}

/** What a body of each event cannot be without. Events that are not listed pass by their name alone. */
const required: Readonly<Record<string, readonly (readonly string[])[]>> = {
  push: [['ref'], ['before'], ['after'], ['repository', 'full_name']],
  pull_request: [['action'], ['pull_request', 'head', 'sha'], ['repository', 'full_name']],
  release: [['action'], ['release', 'tag_name'], ['repository', 'full_name']],
  workflow_run: [['action'], ['workflow_run', 'head_sha'], ['repository', 'full_name']],
  create: [['ref'], ['ref_type'], ['repository', 'full_name']],
  delete: [['ref'], ['ref_type'], ['repository', 'full_name']],
  deployment: [
    ['deployment', 'sha'],
    ['repository', 'full_name'],
  ],
  deployment_status: [
    ['deployment_status', 'state'],
    ['deployment', 'sha'],
  ],
  check_suite: [['action'], ['check_suite', 'head_sha']],
  issue_comment: [['action'], ['comment'], ['issue']],
  status: [['state'], ['sha']],
  repository_dispatch: [['action'], ['repository', 'full_name']],
  ping: [['zen']],
}

function shapeProblem(event: string, payload: Payload): string | null {
  const paths = Object.hasOwn(required, event) ? (required[event] ?? []) : []
  const missing = paths.find((path) => at(payload, ...path) == null)
  return missing ? `a ${event} delivery without "${missing.join('.')}"` : null
}

function content(event: string, payload: Payload): Content {
  return {
    event,
    action: textAt(payload, 'action'),
    repository: textAt(payload, 'repository', 'full_name'),
    defaultBranch: textAt(payload, 'repository', 'default_branch'),
    sender: textAt(payload, 'sender', 'login'),
    updates: [readUpdate(event, payload)],
  }
}

function readUpdate(event: string, payload: Payload): Update {
  switch (event) {
    case 'push':
      return readPush(payload)
    case 'create':
    case 'delete':
      return readRefEvent(event, payload)
    case 'pull_request':
      return readPullRequest(payload)
    case 'release':
      return readRelease(payload)
    case 'workflow_run':
    case 'check_suite':
      return readHead(event, payload)
    case 'deployment':
    case 'deployment_status':
      return update({ event, sha: shaAt(payload, 'deployment', 'sha') })
    case 'status':
      return update({ event, sha: shaAt(payload, 'sha') })
    case 'repository_dispatch':
      return update({ event, branch: textAt(payload, 'branch') })
    case 'issue_comment':
      return update({ event, number: numberAt(payload, 'issue', 'number') })
    default:
      return update({ event })
  }
}

function readPush(payload: Payload): Update {
  const ref = textAt(payload, 'ref')
  const names = refNames(ref)
  const commits = at(payload, 'commits')
  return update({
    event: names.tag === null ? 'push' : 'tag',
    ref,
    ...names,
    sha: shaAt(payload, 'after'),
    before: shaAt(payload, 'before'),
    created: flagAt(payload, 'created'),
    deleted: flagAt(payload, 'deleted'),
    forced: flagAt(payload, 'forced'),
    commits: Array.isArray(commits) ? commits.length : null,
    files: changedFiles(listAt(payload, 'commits')),
    message: textAt(payload, 'head_commit', 'message'),
  })
}

/** GitHub lists at most 2048 commits; a push at that mark, or without any, gives no sure list of files. */
const COMMITS_MAX = 2048

function changedFiles(commits: readonly unknown[]): readonly string[] | null {
  if (commits.length === 0 || commits.length >= COMMITS_MAX) return null
  const names = commits.flatMap((commit) =>
    ['added', 'removed', 'modified'].flatMap((kind) => listAt(commit, kind)),
  )
  return [...new Set(names.filter((name) => typeof name === 'string'))].sort()
}

/** `create` and `delete` carry a short ref and its kind; they double a push where both are subscribed. */
function readRefEvent(event: 'create' | 'delete', payload: Payload): Update {
  const name = textAt(payload, 'ref')
  const kind = textAt(payload, 'ref_type')
  const prefix = kind === 'tag' ? 'refs/tags/' : kind === 'branch' ? 'refs/heads/' : null
  const ref = prefix && name ? prefix + name : null
  return update({
    event,
    ref,
    ...refNames(ref),
    created: event === 'create',
    deleted: event === 'delete',
  })
}

function readPullRequest(payload: Payload): Update {
  const pull = at(payload, 'pull_request')
  const head = textAt(pull, 'head', 'repo', 'full_name') // null when the fork was deleted
  return update({
    event: 'pull_request',
    branch: textAt(pull, 'head', 'ref'),
    sha: shaAt(pull, 'head', 'sha'),
    before: shaAt(payload, 'before'),
    message: textAt(pull, 'title'),
    number: numberAt(payload, 'number'),
    baseBranch: textAt(pull, 'base', 'ref'),
    merged: flagAt(pull, 'merged'),
    fork: head !== textAt(payload, 'repository', 'full_name'),
  })
}

function readRelease(payload: Payload): Update {
  const tag = textAt(payload, 'release', 'tag_name')
  const ref = tag === null ? null : `refs/tags/${tag}`
  return update({ event: 'release', ref, tag, message: textAt(payload, 'release', 'name') })
}

/** Workflow runs and check suites also fire for forks, whose branch may bear any name. */
function readHead(event: 'workflow_run' | 'check_suite', payload: Payload): Update {
  const thing = at(payload, event)
  const head = textAt(thing, 'head_repository', 'full_name')
  return update({
    event,
    branch: textAt(thing, 'head_branch'),
    sha: shaAt(thing, 'head_sha'),
    message: textAt(thing, 'head_commit', 'message'),
    // A run of a fork that is gone names no repository. A check suite never does, nor a fork's branch.
    fork:
      event === 'check_suite' && head === null
        ? null
        : head !== textAt(payload, 'repository', 'full_name'),
  })
}
