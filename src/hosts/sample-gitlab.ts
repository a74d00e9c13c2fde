/**
 * Sample deliveries of GitLab, written from its documentation of webhook events.
 * https://docs.gitlab.com/user/project/integrations/webhook_events
 */

import {
  type Composed,
  endsOf,
  isPush,
  type Json,
  numberFor,
  uuidFor,
  type Wish,
} from './sample-wish.ts'

type Kind = readonly [header: string, payload: (wish: Wish) => Json]

const kinds: Readonly<Record<string, Kind>> = {
  pull_request: ['Merge Request Hook', mergeRequest],
  workflow_run: ['Pipeline Hook', pipeline],
  pipeline: ['Pipeline Hook', pipeline],
  release: ['Release Hook', release],
  deployment: ['Deployment Hook', deployment],
  issue_comment: ['Note Hook', note],
}

/** An event of another name is sent by that name, with nothing but what every delivery has. */
export function gitlabSample(wish: Wish): Composed {
  const [event, payload] = kindOf(wish)
  return { event, headers: headersFor(event, wish), payload: payload(wish) }
}

function kindOf(wish: Wish): Kind {
  if (isPush(wish)) return [wish.tag === null ? 'Push Hook' : 'Tag Push Hook', push]
  const kind = Object.hasOwn(kinds, wish.event) ? kinds[wish.event] : undefined
  return kind ?? [wish.event, () => ({ project: project(wish), user: user(wish) })]
}

/** `webhook-id` comes with every delivery, also with those that are not signed. */
function headersFor(event: string, wish: Wish): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'User-Agent': 'GitLab/19.0.0',
    'X-Gitlab-Event': event,
    'X-Gitlab-Instance': 'https://gitlab.com',
    'X-Gitlab-Webhook-UUID': uuidFor(`hook of ${wish.repository}`),
    'X-Gitlab-Event-UUID': uuidFor(`event ${wish.guid}`),
    'Idempotency-Key': wish.guid,
    'webhook-id': wish.guid,
    'webhook-timestamp': String(Math.floor(wish.sentAt / 1000)),
  }
}

function push(wish: Wish): Json {
  const { ref, before, after, head } = endsOf(wish)
  const kind = wish.tag === null ? 'push' : 'tag_push'
  return {
    object_kind: kind,
    event_name: kind,
    before,
    after,
    ref,
    checkout_sha: head ? wish.sha : null,
    message: null,
    user_id: numberFor(wish.sender),
    user_name: wish.sender,
    user_username: wish.sender,
    user_email: '',
    project_id: numberFor(wish.repository),
    project: project(wish),
    commits: head ? [{ ...commit(wish), added: [], modified: wish.paths, removed: [] }] : [],
    total_commits_count: head ? 1 : 0,
  }
}

function mergeRequest(wish: Wish): Json {
  const merged = wish.action === 'merge' || wish.action === 'merged'
  return {
    object_kind: 'merge_request',
    event_type: 'merge_request',
    user: user(wish),
    project: project(wish),
    object_attributes: {
      id: wish.hookId,
      iid: wish.number,
      title: wish.message,
      description: '',
      source_branch: 'feature/sample',
      source_project_id: numberFor(wish.repository),
      target_branch: wish.branch,
      target_project_id: numberFor(wish.repository),
      last_commit: commit(wish),
      state: merged ? 'merged' : wish.action === 'close' ? 'closed' : 'opened',
      merge_commit_sha: merged ? wish.tree : null,
      action: merged ? 'merge' : (wish.action ?? 'open'),
      created_at: wish.time,
      updated_at: wish.time,
      url: `${page(wish)}/-/merge_requests/${wish.number}`,
    },
    labels: [],
    changes: {},
  }
}

function pipeline(wish: Wish): Json {
  return {
    object_kind: 'pipeline',
    object_attributes: {
      id: wish.hookId,
      iid: wish.number,
      ref: wish.tag ?? wish.branch,
      tag: wish.tag !== null,
      sha: wish.sha,
      before_sha: wish.before,
      source: 'push',
      status: wish.action ?? 'success',
      created_at: wish.time,
      finished_at: wish.time,
      url: `${page(wish)}/-/pipelines/${wish.hookId}`,
    },
    merge_request: null,
    user: user(wish),
    project: project(wish),
    commit: commit(wish),
    builds: [],
  }
}

function release(wish: Wish): Json {
  return {
    object_kind: 'release',
    id: wish.number,
    name: `Release ${wish.tag}`,
    tag: wish.tag,
    description: wish.message,
    created_at: wish.time,
    released_at: wish.time,
    action: wish.action ?? 'create',
    project: project(wish),
    commit: commit(wish),
    url: `${page(wish)}/-/releases/${wish.tag}`,
  }
}

function deployment(wish: Wish): Json {
  return {
    object_kind: 'deployment',
    status: wish.action ?? 'success',
    deployment_id: wish.number,
    environment: 'production',
    ref: wish.branch,
    short_sha: wish.sha.slice(0, 8),
    commit_url: `${page(wish)}/-/commit/${wish.sha}`,
    commit_title: wish.message,
    user: user(wish),
    project: project(wish),
  }
}

function note(wish: Wish): Json {
  return {
    object_kind: 'note',
    user: user(wish),
    project: project(wish),
    object_attributes: { id: wish.hookId, note: wish.message, noteable_type: 'Issue' },
    issue: { id: wish.hookId, iid: wish.number, title: wish.message, state: 'opened' },
  }
}

function commit(wish: Wish): Json {
  return {
    id: wish.sha,
    message: `${wish.message}\n`,
    title: wish.message,
    timestamp: wish.time,
    url: `${page(wish)}/-/commit/${wish.sha}`,
    author: { name: wish.sender, email: '[REDACTED]' },
  }
}

function project(wish: Wish): Json {
  return {
    id: numberFor(wish.repository),
    name: wish.name,
    web_url: page(wish),
    git_ssh_url: `git@gitlab.com:${wish.repository}.git`,
    git_http_url: `${page(wish)}.git`,
    namespace: wish.owner,
    visibility_level: 0,
    path_with_namespace: wish.repository,
    default_branch: 'main',
  }
}

function user({ sender }: Wish): Json {
  return { id: numberFor(sender), name: sender, username: sender, email: '[REDACTED]' }
}

function page(wish: Wish): string {
  return `https://gitlab.com/${wish.repository}`
}
