/**
 * Payloads of the Gitea family, in our words. They have GitHub's shapes without its flags: created and
 * deleted are told by ids of all zeros. Structures: modules/structs/hook.go of Gitea, and of Forgejo.
 */

import type { Content, Update } from '../model/delivery.ts'
import { at, flagAt, isZero, listAt, numberAt, refNames, shaAt, textAt, update } from './fields.ts'
import type { Payload } from './host.ts'
import { changedFiles } from './pushed.ts'

/** What a body of each event cannot be without. Events that are not listed pass by their name alone. */
const required: Readonly<Record<string, readonly (readonly string[])[]>> = {
  push: [['ref'], ['before'], ['after'], ['repository', 'full_name']],
  create: [['ref'], ['ref_type'], ['repository', 'full_name']],
  delete: [['ref'], ['ref_type'], ['repository', 'full_name']],
  pull_request: [['action'], ['pull_request'], ['repository', 'full_name']],
  release: [['action'], ['release', 'tag_name'], ['repository', 'full_name']],
  workflow_run: [['action'], ['workflow_run', 'head_sha'], ['repository', 'full_name']],
  issue_comment: [['action'], ['comment'], ['issue']],
  status: [['state'], ['sha']],
}

export function familyShapeProblem(event: string, payload: Payload): string | null {
  const paths = Object.hasOwn(required, event) ? (required[event] ?? []) : []
  const missing = paths.find((path) => at(payload, ...path) == null)
  return missing ? `a ${event} delivery without "${missing.join('.')}"` : null
}

export function familyContent(event: string, payload: Payload): Content {
  return {
    event,
    action: textAt(payload, 'action'),
    repository:
      textAt(payload, 'repository', 'full_name') ??
      textAt(payload, 'run', 'repository', 'full_name'),
    defaultBranch: textAt(payload, 'repository', 'default_branch'),
    sender: loginOf(payload, 'sender') ?? loginOf(payload, 'pusher'),
    updates: [readUpdate(event, payload)],
  }
}

function loginOf(payload: Payload, who: 'sender' | 'pusher'): string | null {
  return textAt(payload, who, 'login') ?? textAt(payload, who, 'username')
}

function readUpdate(event: string, payload: Payload): Update {
  // Reviews and comments of pull requests have events of their own, and come from forks as well.
  if (event.startsWith('pull_request')) return readPullRequest(event, payload)
  if (event.startsWith('action_run_')) return readActionRun(payload)
  switch (event) {
    case 'push':
      return readPush(payload)
    case 'create':
    case 'delete':
      return readRefEvent(event, payload)
    case 'release':
      return readRelease(payload)
    case 'workflow_run':
      return readWorkflowRun(payload)
    case 'issue_comment':
      return update({ event, number: numberAt(payload, 'issue', 'number') })
    case 'status':
      return update({ event, sha: shaAt(payload, 'sha') })
    default:
      return update({ event })
  }
}

/** Gogs and old Gitea list so many commits at most, and do not say how many there were. */
const COMMITS_MAX = 5

function readPush(payload: Payload): Update {
  const ref = textAt(payload, 'ref')
  const names = refNames(ref)
  const commits = listAt(payload, 'commits')
  const total = numberAt(payload, 'total_commits')
  const surely = total ?? (commits.length < COMMITS_MAX ? commits.length : Number.POSITIVE_INFINITY)
  const head = commits.find((commit) => textAt(commit, 'id') === textAt(payload, 'after'))
  return update({
    event: names.tag === null ? 'push' : 'tag',
    ref,
    ...names,
    sha: shaAt(payload, 'after'),
    before: shaAt(payload, 'before'),
    created: isZero(payload, 'before'),
    deleted: isZero(payload, 'after'),
    commits: total ?? commits.length,
    files: changedFiles(commits, surely),
    message: textAt(payload, 'head_commit', 'message') ?? textAt(head, 'message'),
  })
}

/** The ref may be short or full, by host and by the type of the webhook. */
function readRefEvent(event: 'create' | 'delete', payload: Payload): Update {
  const name = textAt(payload, 'ref')
  const kind = textAt(payload, 'ref_type')
  const prefix = kind === 'tag' ? 'refs/tags/' : kind === 'branch' ? 'refs/heads/' : null
  const ref = name?.startsWith('refs/') ? name : prefix && name ? prefix + name : null
  return update({
    event,
    ref,
    ...refNames(ref),
    sha: event === 'create' ? shaAt(payload, 'sha') : null,
    created: event === 'create',
    deleted: event === 'delete',
  })
}

/** Gogs has its own, flat names, and tells no commit. */
function readPullRequest(event: string, payload: Payload): Update {
  const pull = at(payload, 'pull_request')
  const head = textAt(pull, 'head', 'repo', 'full_name') ?? textAt(pull, 'head_repo', 'full_name') // null: gone
  return update({
    event,
    branch: textAt(pull, 'head', 'ref') ?? textAt(pull, 'head_branch'),
    sha: shaAt(pull, 'head', 'sha'),
    message: textAt(pull, 'title'),
    number: numberAt(payload, 'number') ?? numberAt(pull, 'number'),
    baseBranch: textAt(pull, 'base', 'ref') ?? textAt(pull, 'base_branch'),
    merged: flagAt(pull, 'merged'),
    fork: head !== textAt(payload, 'repository', 'full_name'),
  })
}

function readRelease(payload: Payload): Update {
  const tag = textAt(payload, 'release', 'tag_name')
  const ref = tag === null ? null : `refs/tags/${tag}`
  return update({ event: 'release', ref, tag, message: textAt(payload, 'release', 'name') })
}

function readWorkflowRun(payload: Payload): Update {
  const run = at(payload, 'workflow_run')
  const head = textAt(run, 'head_repository', 'full_name')
  return update({
    event: 'workflow_run',
    branch: textAt(run, 'head_branch'),
    sha: shaAt(run, 'head_sha'),
    fork: head === null ? null : head !== textAt(payload, 'repository', 'full_name'),
  })
}

/** Forgejo's `action_run_success` and its sisters. `prettyref` is a branch, or `#12` of a pull request. */
function readActionRun(payload: Payload): Update {
  const run = at(payload, 'run')
  return update({
    event: 'workflow_run',
    branch: textAt(run, 'prettyref'),
    sha: shaAt(run, 'commit_sha'),
    fork: flagAt(run, 'is_fork_pull_request'),
  })
}
