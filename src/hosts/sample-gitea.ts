/**
 * Sample deliveries of Gitea, Forgejo and Gogs, written from their structures of payloads
 * (modules/structs/hook.go). They send JSON indented by two, and each the headers of its elders too.
 */

import { minimalPayload } from './sample-github-events.ts'
import { type Composed, endsOf, type Json, NOTHING, numberFor, type Wish } from './sample-wish.ts'

type Brand = 'Forgejo' | 'Gitea' | 'Gogs'

/** Whose headers each of them sends, its own first. */
const brands: Readonly<Record<Brand, readonly Brand[]>> = {
  Forgejo: ['Forgejo', 'Gitea', 'Gogs'],
  Gitea: ['Gitea', 'Gogs'],
  Gogs: ['Gogs'],
}

export function giteaSample(brand: Brand, wish: Wish): Composed {
  const event = eventOf(brand, wish)
  return { event, headers: headersFor(brand, event, wish), payload: payloadOf(brand, event, wish) }
}

/** Gogs tells of a new tag by `create` alone; the others by a push, with a `create` beside it. */
function eventOf(brand: Brand, wish: Wish): string {
  if (wish.event === 'tag') return brand === 'Gogs' ? 'create' : 'push'
  return wish.event === 'any' ? 'push' : wish.event
}

function headersFor(brand: Brand, event: string, wish: Wish): Record<string, string> {
  const families = [...brands[brand], 'GitHub']
  const triples = families.map((name) => ({
    [`X-${name}-Delivery`]: wish.guid,
    [`X-${name}-Event`]: event,
    ...(brand === 'Gogs' ? {} : { [`X-${name}-Event-Type`]: event }),
  }))
  return Object.assign(
    {
      'Content-Type': 'application/json',
      'User-Agent': brand === 'Gogs' ? 'GogsServer' : 'Go-http-client/1.1',
    },
    ...triples,
  )
}

/** Names of the headers that hold the digest alone. */
export function signatureNames(brand: Brand): string[] {
  return brands[brand].map((name) => `X-${name}-Signature`)
}

function payloadOf(brand: Brand, event: string, wish: Wish): Json {
  const parts = { repository: repository(wish), sender: user(wish.sender) }
  switch (event) {
    case 'push':
      return { ...push(brand, wish), ...parts }
    case 'create':
    case 'delete':
      return { ...refEvent(brand, event, wish), ...parts }
    case 'pull_request':
      return { ...pullRequest(brand, wish), ...parts }
    case 'release':
      return { ...release(wish), ...parts }
    case 'workflow_run':
      return { action: wish.action ?? 'completed', workflow_run: workflowRun(wish), ...parts }
    default:
      return { ...minimalPayload(event, wish), ...parts }
  }
}

function push(brand: Brand, wish: Wish): Json {
  const { ref, before, after } = endsOf(wish)
  const head = commit(wish)
  const commits = before === NOTHING && wish.tag !== null ? [] : [head]
  return {
    ref,
    before,
    after,
    compare_url: `${page(wish)}/compare/${before}...${after}`,
    commits,
    ...(brand === 'Gogs' ? {} : { total_commits: commits.length, head_commit: head }),
    pusher: user(wish.sender),
  }
}

/** The ref is short, but in webhooks of the type "Forgejo" it is full. */
function refEvent(brand: Brand, event: 'create' | 'delete', wish: Wish): Json {
  const kind = wish.tag === null ? 'branch' : 'tag'
  const name = wish.tag ?? wish.branch
  const ref = brand === 'Forgejo' ? endsOf(wish).ref : name
  const base = { ref, ref_type: kind }
  return event === 'create' ? { sha: wish.sha, ...base } : { ...base, pusher_type: 'user' }
}

function pullRequest(brand: Brand, wish: Wish): Json {
  const merged = wish.action === 'merged' // not an action of theirs: they say closed, and merged
  const repo = repository(wish)
  const ends =
    brand === 'Gogs'
      ? {
          head_branch: 'feature/sample',
          head_repo: repo,
          base_branch: wish.branch,
          base_repo: repo,
        }
      : {
          head: { label: 'feature/sample', ref: 'feature/sample', sha: wish.sha, repo },
          base: { label: wish.branch, ref: wish.branch, sha: wish.before, repo },
        }
  return {
    action: merged ? 'closed' : (wish.action ?? 'opened'),
    number: wish.number,
    pull_request: {
      id: wish.hookId,
      number: wish.number,
      user: user(wish.sender),
      title: wish.message,
      body: '',
      state: merged || wish.action === 'closed' ? 'closed' : 'open',
      html_url: `${page(wish)}/pulls/${wish.number}`,
      mergeable: true,
      merged,
      merged_at: merged ? wish.time : null,
      merge_commit_sha: merged ? wish.tree : null,
      ...ends,
    },
  }
}

function release(wish: Wish): Json {
  return {
    action: wish.action ?? 'published',
    release: {
      id: wish.number,
      tag_name: wish.tag,
      target_commitish: wish.branch,
      name: `Release ${wish.tag}`,
      body: wish.message,
      draft: false,
      prerelease: false,
      created_at: wish.time,
      published_at: wish.time,
      author: user(wish.sender),
    },
  }
}

function workflowRun(wish: Wish): Json {
  return {
    id: wish.hookId,
    run_number: wish.number,
    event: 'push',
    status: 'completed',
    conclusion: 'success',
    head_branch: wish.branch,
    head_sha: wish.sha,
    head_repository: repository(wish),
  }
}

function commit(wish: Wish): Json {
  const person = {
    name: wish.sender,
    email: `${wish.sender}@noreply.example.com`,
    username: wish.sender,
  }
  return {
    id: wish.sha,
    message: `${wish.message}\n`,
    url: `${page(wish)}/commit/${wish.sha}`,
    author: person,
    committer: person,
    timestamp: wish.time,
    added: [],
    removed: [],
    modified: wish.paths,
  }
}

function repository(wish: Wish): Json {
  return {
    id: numberFor(wish.repository),
    owner: user(wish.owner),
    name: wish.name,
    full_name: wish.repository,
    private: true,
    fork: false,
    html_url: page(wish),
    ssh_url: `git@git.example.com:${wish.repository}.git`,
    clone_url: `${page(wish)}.git`,
    default_branch: 'main',
    updated_at: wish.time,
  }
}

function user(login: string): Json {
  return { id: numberFor(login), login, full_name: '', email: '', username: login }
}

function page(wish: Wish): string {
  return `https://git.example.com/${wish.repository}`
}
