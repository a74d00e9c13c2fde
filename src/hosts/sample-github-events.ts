/**
 * GitHub's less common events in their smallest form: what the event cannot be without. An event that
 * is not listed has only what every delivery has: an action, a repository and a sender.
 */

import type { Json, Wish } from './sample-wish.ts'

export function minimalPayload(event: string, wish: Wish): Json {
  const make = Object.hasOwn(events, event) ? events[event] : undefined
  const action = wish.action === null ? {} : { action: wish.action }
  return { ...(make?.(wish) ?? {}), ...action }
}

const events: Readonly<Record<string, (wish: Wish) => Json>> = {
  create: (wish) => ({ ...refOf(wish), master_branch: 'main', pusher_type: 'user' }),
  delete: (wish) => ({ ...refOf(wish), pusher_type: 'user' }),
  deployment: (wish) => ({ action: 'created', deployment: deployment(wish) }),
  deployment_status: (wish) => ({
    action: 'created',
    deployment_status: { id: wish.number, state: 'success', environment: 'production' },
    deployment: deployment(wish),
  }),
  check_suite: (wish) => ({
    action: 'completed',
    check_suite: {
      id: wish.number,
      head_branch: wish.branch,
      head_sha: wish.sha,
      status: 'completed',
      conclusion: 'success',
    },
  }),
  issue_comment: (wish) => ({
    action: 'created',
    issue: { number: wish.number, title: wish.message, state: 'open' },
    comment: { id: wish.hookId, body: wish.message, user: { login: wish.sender } },
  }),
  status: (wish) => ({
    sha: wish.sha,
    state: 'success',
    context: 'ci/sample',
    branches: [{ name: wish.branch, commit: { sha: wish.sha } }],
  }),
  repository_dispatch: (wish) => ({
    action: 'sample',
    branch: wish.branch,
    client_payload: {},
  }),
}

function refOf(wish: Wish): Json {
  return wish.tag === null
    ? { ref: wish.branch, ref_type: 'branch' }
    : { ref: wish.tag, ref_type: 'tag' }
}

function deployment(wish: Wish): Json {
  return {
    id: wish.hookId,
    sha: wish.sha,
    ref: wish.branch,
    task: 'deploy',
    environment: 'production',
    payload: {},
    created_at: wish.time,
  }
}
