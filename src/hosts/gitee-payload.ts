/** Gitee's payloads in our words. https://help.gitee.com/webhook/gitee-webhook-push-data-format */

import type { Content, Update } from '../model/delivery.ts'
import { at, flagAt, isZero, listAt, numberAt, refNames, shaAt, textAt, update } from './fields.ts'
import type { Payload } from './host.ts'
import { changedFiles } from './pushed.ts'

/** `test`: the button of that name, which sends an event of the usual kind that never happened. */
export function giteeContent(
  event: string,
  payload: Payload,
  test: boolean,
): Content | { problem: string } {
  const missing = requiredOf(event).find((path) => at(payload, ...path) == null)
  if (missing && !test) return { problem: `a ${event} delivery without "${missing.join('.')}"` }
  return {
    event,
    action: textAt(payload, 'action'),
    repository:
      textAt(payload, 'repository', 'full_name') ??
      textAt(payload, 'project', 'path_with_namespace'),
    defaultBranch:
      textAt(payload, 'repository', 'default_branch') ??
      textAt(payload, 'project', 'default_branch'),
    sender: nameOf(at(payload, 'sender')) ?? nameOf(at(payload, 'pusher')),
    updates: [test ? update({ event: 'ping' }) : readUpdate(event, payload)],
  }
}

function requiredOf(event: string): readonly (readonly string[])[] {
  switch (event) {
    case 'Push Hook':
    case 'Tag Push Hook':
      return [['ref'], ['before'], ['after']]
    case 'Merge Request Hook':
      return [['action'], ['pull_request']]
    default:
      return []
  }
}

function nameOf(person: unknown): string | null {
  return textAt(person, 'username') ?? textAt(person, 'login')
}

function readUpdate(event: string, payload: Payload): Update {
  switch (event) {
    case 'Push Hook':
    case 'Tag Push Hook':
      return readPush(payload)
    case 'Merge Request Hook':
      return readPullRequest(payload)
    case 'Note Hook':
      return update({
        event: 'issue_comment',
        number: numberAt(payload, 'issue', 'number') ?? numberAt(payload, 'pull_request', 'number'),
      })
    default:
      return update({ event })
  }
}

/** The list of commits is null for tags, and cut at some number that only a flag tells of. */
function readPush(payload: Payload): Update {
  const ref = textAt(payload, 'ref')
  const names = refNames(ref)
  const commits = listAt(payload, 'commits')
  const total = numberAt(payload, 'total_commits_count') ?? commits.length
  const cut = flagAt(payload, 'commits_more_than_ten') === true
  return update({
    event: names.tag === null ? 'push' : 'tag',
    ref,
    ...names,
    sha: shaAt(payload, 'after'),
    before: shaAt(payload, 'before'),
    created: flagAt(payload, 'created') ?? isZero(payload, 'before'),
    deleted: flagAt(payload, 'deleted') ?? isZero(payload, 'after'),
    commits: total,
    files: cut ? null : changedFiles(commits, total),
    message: textAt(payload, 'head_commit', 'message'),
  })
}

function readPullRequest(payload: Payload): Update {
  const pull = at(payload, 'pull_request')
  return update({
    event: 'pull_request',
    branch: textAt(pull, 'head', 'ref'),
    sha: shaAt(pull, 'head', 'sha'),
    message: textAt(pull, 'title'),
    number: numberAt(pull, 'number') ?? numberAt(payload, 'number'),
    baseBranch: textAt(pull, 'base', 'ref'),
    merged: flagAt(pull, 'merged'),
    fork:
      textAt(pull, 'head', 'repo', 'full_name') !== textAt(pull, 'base', 'repo', 'full_name') ||
      textAt(pull, 'head', 'repo', 'full_name') === null,
  })
}
