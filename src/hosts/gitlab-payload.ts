/**
 * GitLab's payloads in our words. https://docs.gitlab.com/user/project/integrations/webhook_events
 * The kind is in the body, where a signature covers it; the header has to say the same. A body that a
 * custom webhook template has made over names no kind: it stays an event by its header's name.
 */

import type { Content, Update } from '../model/delivery.ts'
import { at, flagAt, isZero, listAt, numberAt, refNames, shaAt, textAt, update } from './fields.ts'
import type { Payload } from './host.ts'
import { changedFiles } from './pushed.ts'

interface Kind {
  /** What `X-Gitlab-Event` says, unless it is a system hook. */
  readonly headers: readonly string[]
  readonly required: readonly (readonly string[])[]
  readonly action: readonly string[]
  read(payload: Payload): Update
}

const kinds: Readonly<Record<string, Kind>> = {
  push: {
    headers: ['Push Hook'],
    required: [['ref'], ['before'], ['after'], ['project', 'path_with_namespace']],
    action: [],
    read: (payload) => readPush('push', payload),
  },
  tag_push: {
    headers: ['Tag Push Hook'],
    required: [['ref'], ['before'], ['after'], ['project', 'path_with_namespace']],
    action: [],
    read: (payload) => readPush('tag', payload),
  },
  merge_request: {
    headers: ['Merge Request Hook'],
    required: [
      ['object_attributes', 'iid'],
      ['object_attributes', 'target_branch'],
    ],
    action: ['object_attributes', 'action'],
    read: readMergeRequest,
  },
  pipeline: {
    headers: ['Pipeline Hook'],
    required: [
      ['object_attributes', 'status'],
      ['object_attributes', 'sha'],
    ],
    action: ['object_attributes', 'status'],
    read: readPipeline,
  },
  release: {
    headers: ['Release Hook'],
    required: [['tag'], ['action']],
    action: ['action'],
    read: readRelease,
  },
  deployment: {
    headers: ['Deployment Hook'],
    required: [['status']],
    action: ['status'],
    read: readDeployment,
  },
  note: {
    headers: ['Note Hook', 'Confidential Note Hook'],
    required: [['object_attributes']],
    action: ['object_attributes', 'action'],
    read: readNote,
  },
}

export function gitlabContent(event: string, payload: Payload): Content | { problem: string } {
  const name = textAt(payload, 'object_kind') ?? textAt(payload, 'event_name') ?? ''
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (kind && event !== 'System Hook' && !kind.headers.includes(event)) {
    return { problem: `a ${event} delivery whose body says "${name}"` }
  }
  const missing = kind?.required.find((path) => at(payload, ...path) == null)
  if (missing) return { problem: `a ${event} delivery without "${missing.join('.')}"` }
  return {
    event,
    action: kind && kind.action.length > 0 ? textAt(payload, ...kind.action) : null,
    repository: textAt(payload, 'project', 'path_with_namespace'),
    defaultBranch: textAt(payload, 'project', 'default_branch'),
    sender: readSender(payload),
    updates: [kind ? kind.read(payload) : update({ event: name === '' ? event : name })],
  }
}

/** Pushes name the person at the top, the rest in `user`; releases name none. */
function readSender(payload: Payload): string | null {
  const named = textAt(payload, 'user_username') ?? textAt(payload, 'user', 'username')
  return named ?? textAt(payload, 'user_name')
}

/**
 * `checkout_sha` is the commit; of an annotated tag `after` is the tag's own object. The newest 20
 * commits are listed, `total_commits_count` is exact.
 */
function readPush(event: 'push' | 'tag', payload: Payload): Update {
  const ref = textAt(payload, 'ref')
  const commits = listAt(payload, 'commits')
  const total = numberAt(payload, 'total_commits_count') ?? commits.length
  const deleted = isZero(payload, 'after')
  const sha = deleted ? null : (shaAt(payload, 'checkout_sha') ?? shaAt(payload, 'after'))
  const head = commits.find((commit) => textAt(commit, 'id') === sha)
  return update({
    event,
    ref,
    ...refNames(ref),
    sha,
    before: shaAt(payload, 'before'),
    created: isZero(payload, 'before'),
    deleted,
    commits: total,
    files: changedFiles(commits, total),
    message: textAt(head, 'message'),
  })
}

/** `oldrev` is there only when commits were added, so only then something else is to be tested. */
function readMergeRequest(payload: Payload): Update {
  const request = at(payload, 'object_attributes')
  return update({
    event: 'pull_request',
    branch: textAt(request, 'source_branch'),
    sha: shaAt(request, 'last_commit', 'id'),
    before: shaAt(request, 'oldrev'),
    message: textAt(request, 'title'),
    number: numberAt(request, 'iid'),
    baseBranch: textAt(request, 'target_branch'),
    merged: textAt(request, 'state') === 'merged',
    fork: isFork(request),
  })
}

/** The ref is a short name, and a flag says whether that is a tag's. */
function readPipeline(payload: Payload): Update {
  const pipeline = at(payload, 'object_attributes')
  const name = textAt(pipeline, 'ref')
  const isTag = flagAt(pipeline, 'tag') === true
  return update({
    event: 'pipeline',
    ref: name === null ? null : `refs/${isTag ? 'tags' : 'heads'}/${name}`,
    branch: isTag ? null : name,
    tag: isTag ? name : null,
    sha: shaAt(pipeline, 'sha'),
    before: shaAt(pipeline, 'before_sha'),
    message: textAt(payload, 'commit', 'message'),
    fork: at(payload, 'merge_request') == null ? null : isFork(at(payload, 'merge_request')),
  })
}

/** Compared by number: of a fork that was deleted the number is null. */
function isFork(request: unknown): boolean {
  const target = numberAt(request, 'target_project_id')
  return target === null || numberAt(request, 'source_project_id') !== target
}

function readRelease(payload: Payload): Update {
  const tag = textAt(payload, 'tag')
  return update({
    event: 'release',
    ref: tag === null ? null : `refs/tags/${tag}`,
    tag,
    sha: shaAt(payload, 'commit', 'id'),
    message: textAt(payload, 'name'),
  })
}

/** The commit is given short, and in full at the end of its address. */
function readDeployment(payload: Payload): Update {
  const [full] = /[0-9a-f]{40,64}$/.exec(textAt(payload, 'commit_url') ?? '') ?? []
  return update({
    event: 'deployment',
    sha: full ?? shaAt(payload, 'short_sha'),
    message: textAt(payload, 'commit_title'),
  })
}

function readNote(payload: Payload): Update {
  const number = numberAt(payload, 'merge_request', 'iid') ?? numberAt(payload, 'issue', 'iid')
  const merge = at(payload, 'merge_request')
  return update({ event: 'issue_comment', number, fork: merge == null ? null : isFork(merge) })
}
