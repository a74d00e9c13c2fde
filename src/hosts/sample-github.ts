/**
 * Sample deliveries of GitHub, written from its documentation of webhook events: the fields that
 * receivers read, in GitHub's shapes. https://docs.github.com/en/webhooks/webhook-events-and-payloads
 */

import { minimalPayload } from './sample-github-events.ts'
import { api, emailOf, page, repository, user } from './sample-github-parts.ts'
import { type Json, NOTHING, numberFor, type Wish } from './sample-wish.ts'

/** GitHub has no event of its own for tags: they are pushes of `refs/tags/…`. */
export function githubEvent(event: string): string {
  return event === 'tag' || event === 'any' ? 'push' : event
}

export function githubHeaders(event: string, wish: Wish): Record<string, string> {
  return {
    Accept: '*/*',
    'Content-Type': 'application/json',
    'User-Agent': `GitHub-Hookshot/${wish.tree.slice(0, 7)}`,
    'X-GitHub-Delivery': wish.guid,
    'X-GitHub-Event': event,
    'X-GitHub-Hook-ID': String(wish.hookId),
    'X-GitHub-Hook-Installation-Target-ID': String(numberFor(wish.repository)),
    'X-GitHub-Hook-Installation-Target-Type': 'repository',
  }
}

export function githubPayload(event: string, wish: Wish): Json {
  const parts = { repository: repository(wish), sender: user(wish.sender) }
  const payloads: Readonly<Record<string, (wish: Wish) => Json>> = {
    ping,
    push,
    release,
    pull_request: pullRequest,
    workflow_run: workflowRun,
  }
  const own = Object.hasOwn(payloads, event) ? payloads[event]?.(wish) : undefined
  return { ...(own ?? minimalPayload(event, wish)), ...parts }
}

function push(wish: Wish): Json {
  const isTag = wish.tag !== null
  const head = commit(wish)
  const before = isTag ? NOTHING : wish.before
  return {
    ref: isTag ? `refs/tags/${wish.tag}` : `refs/heads/${wish.branch}`,
    before,
    after: wish.sha,
    pusher: { name: wish.sender, email: emailOf(wish.sender) },
    created: isTag,
    deleted: false,
    forced: false,
    base_ref: isTag ? `refs/heads/${wish.branch}` : null,
    compare: `${page(wish)}/compare/${before.slice(0, 12)}...${wish.sha.slice(0, 12)}`,
    commits: isTag ? [] : [head],
    head_commit: head,
  }
}

function commit(wish: Wish): Json {
  const person = { name: wish.sender, email: emailOf(wish.sender), username: wish.sender }
  return {
    id: wish.sha,
    tree_id: wish.tree,
    distinct: true,
    message: wish.message,
    timestamp: wish.time,
    url: `${page(wish)}/commit/${wish.sha}`,
    author: person,
    committer: person,
    added: [],
    removed: [],
    modified: wish.paths,
  }
}

function ping(wish: Wish): Json {
  return {
    zen: 'Keep it logically awesome.',
    hook_id: wish.hookId,
    hook: {
      type: 'Repository',
      id: wish.hookId,
      name: 'web',
      active: true,
      events: ['push'],
      config: { content_type: 'json', insecure_ssl: '0', secret: '********' },
      created_at: wish.time,
      updated_at: wish.time,
      last_response: { code: null, status: 'unused', message: null },
    },
  }
}

function release(wish: Wish): Json {
  return {
    action: wish.action ?? 'published',
    release: {
      id: wish.number,
      url: `${api(wish)}/releases/${wish.number}`,
      html_url: `${page(wish)}/releases/tag/${wish.tag}`,
      tag_name: wish.tag,
      target_commitish: wish.branch,
      name: `Release ${wish.tag}`,
      body: wish.message,
      draft: false,
      prerelease: false,
      author: user(wish.sender),
      created_at: wish.time,
      published_at: wish.time,
      assets: [],
    },
  }
}

function pullRequest(wish: Wish): Json {
  const merged = wish.action === 'merged' // not an action of GitHub's: it says closed, and merged
  const repo = repository(wish)
  const closed = merged || wish.action === 'closed'
  return {
    action: merged ? 'closed' : (wish.action ?? 'opened'),
    number: wish.number,
    pull_request: {
      id: wish.hookId,
      number: wish.number,
      url: `${api(wish)}/pulls/${wish.number}`,
      html_url: `${page(wish)}/pull/${wish.number}`,
      state: closed ? 'closed' : 'open',
      draft: false,
      title: wish.message,
      body: null,
      user: user(wish.sender),
      head: { ref: 'feature/sample', sha: wish.sha, user: user(wish.owner), repo },
      base: { ref: wish.branch, sha: wish.before, user: user(wish.owner), repo },
      merged,
      merge_commit_sha: merged ? wish.tree : null,
      merged_at: merged ? wish.time : null,
      created_at: wish.time,
      updated_at: wish.time,
      commits: 1,
      changed_files: wish.paths.length,
    },
  }
}

function workflowRun(wish: Wish): Json {
  const { id, tree_id, message, timestamp, author, committer } = commit(wish)
  return {
    action: wish.action ?? 'completed',
    workflow: {
      id: numberFor('CI'),
      name: 'CI',
      path: '.github/workflows/ci.yml',
      state: 'active',
    },
    workflow_run: {
      id: wish.hookId,
      name: 'CI',
      event: 'push',
      status: 'completed',
      conclusion: 'success',
      run_number: wish.number,
      run_attempt: 1,
      head_branch: wish.branch,
      head_sha: wish.sha,
      head_commit: { id, tree_id, message, timestamp, author, committer },
      head_repository: repository(wish),
      repository: repository(wish),
      actor: user(wish.sender),
      html_url: `${page(wish)}/actions/runs/${wish.hookId}`,
      created_at: wish.time,
      updated_at: wish.time,
    },
  }
}
