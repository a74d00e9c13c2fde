/**
 * Sample deliveries of Gitee in sign mode, written from its description of the data it sends.
 * https://help.gitee.com/webhook/gitee-webhook-push-data-format
 * The body repeats the time and the token of the headers.
 */

import { createHmac } from 'node:crypto'
import {
  type Composed,
  endsOf,
  isPush,
  type Json,
  NOTHING,
  numberFor,
  type Wish,
} from './sample-wish.ts'

export function giteeSample(wish: Wish, secret: string | null): Composed {
  const event = eventOf(wish)
  const headers = {
    'Content-Type': 'application/json',
    'User-Agent': 'git-oschina-hook',
    'X-Gitee-Event': event,
    'X-Gitee-Ping': wish.event === 'ping' ? 'true' : 'false',
  }
  const sign = secret === null ? '' : giteeToken(secret, wish.sentAt)
  const proof = { password: '', timestamp: String(wish.sentAt), sign }
  return { event, headers, payload: { ...payloadOf(event, wish), ...proof, ...partsOf(wish) } }
}

/** The token of sign mode: https://help.gitee.com/webhook/how-to-verify-webhook-keys */
export function giteeToken(secret: string, time: number): string {
  return createHmac('sha256', secret).update(`${time}\n${secret}`).digest('base64')
}

/** The button that tests a webhook sends a push, and says in another header that it is none. */
function eventOf(wish: Wish): string {
  if (isPush(wish)) return wish.tag === null ? 'Push Hook' : 'Tag Push Hook'
  if (wish.event === 'ping') return 'Push Hook'
  if (wish.event === 'issue_comment') return 'Note Hook'
  return wish.event === 'pull_request' ? 'Merge Request Hook' : wish.event
}

function payloadOf(event: string, wish: Wish): Json {
  if (event === 'Merge Request Hook') return pullRequest(wish)
  if (event === 'Note Hook') return { action: 'comment', issue: { number: wish.number } }
  return event.endsWith('Push Hook') ? push(event, wish) : {}
}

function push(event: string, wish: Wish): Json {
  const { ref, before, after, head } = endsOf(wish)
  const person = { name: wish.sender, email: `${wish.sender}@example.com`, username: wish.sender }
  const commit = {
    id: wish.sha,
    tree_id: wish.tree,
    distinct: true,
    message: `${wish.message}\n`,
    timestamp: wish.time,
    author: person,
    committer: person,
    added: [],
    removed: [],
    modified: wish.paths,
  }
  return {
    hook_name: event === 'Push Hook' ? 'push_hooks' : 'tag_push_hooks',
    ref,
    before,
    after,
    created: before === NOTHING,
    deleted: !head,
    commits: wish.tag !== null ? null : head ? [commit] : [],
    commits_more_than_ten: false,
    total_commits_count: wish.tag === null && head ? 1 : 0,
    head_commit: head ? commit : null,
    pusher: person,
  }
}

function pullRequest(wish: Wish): Json {
  const merged = wish.action === 'merge' || wish.action === 'merged'
  const repo = partsOf(wish).repository
  return {
    hook_name: 'merge_request_hooks',
    action: merged ? 'merge' : (wish.action ?? 'open'),
    number: wish.number,
    iid: wish.number,
    title: wish.message,
    pull_request: {
      id: wish.hookId,
      number: wish.number,
      title: wish.message,
      state: merged ? 'merged' : wish.action === 'close' ? 'closed' : 'open',
      head: { label: 'feature/sample', ref: 'feature/sample', sha: wish.sha, repo },
      base: { label: wish.branch, ref: wish.branch, sha: wish.before, repo },
      merged,
      merge_commit_sha: merged ? wish.tree : null,
    },
  }
}

function partsOf(wish: Wish): Json {
  const repository = {
    id: numberFor(wish.repository),
    name: wish.name,
    path: wish.name,
    full_name: wish.repository,
    path_with_namespace: wish.repository,
    clone_url: `https://gitee.com/${wish.repository}.git`,
    ssh_url: `git@gitee.com:${wish.repository}.git`,
    default_branch: 'main',
  }
  const { sender } = wish
  const person = { id: numberFor(sender), login: sender, name: sender, username: sender }
  return { hook_id: wish.hookId, repository, project: repository, sender: person }
}
