/**
 * Sample deliveries of Bitbucket Cloud, written from its documentation of event payloads.
 * https://support.atlassian.com/bitbucket-cloud/docs/event-payloads
 */

import { createHash } from 'node:crypto'
import { endsOf, isPush, type Json, NOTHING, uuidFor, type Wish } from './sample-wish.ts'

/** `push` and `tag` are one event here, a pull request is an event for each thing that befalls it. */
export function bitbucketEvent(wish: Wish): string {
  if (isPush(wish)) return 'repo:push'
  if (wish.event !== 'pull_request') return wish.event
  return `pullrequest:${wish.action === 'merged' ? 'fulfilled' : (wish.action ?? 'created')}`
}

export function bitbucketHeaders(event: string, wish: Wish): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'User-Agent': 'Bitbucket-Webhooks/2.0',
    'X-Attempt-Number': '1',
    'X-Event-Key': event,
    'X-Hook-UUID': uuidFor(`hook of ${wish.repository}`),
    'X-Request-UUID': wish.guid,
  }
}

export function bitbucketPayload(event: string, wish: Wish): Json {
  const parts = { repository: repository(wish), actor: actor(wish.sender) }
  if (event === 'repo:push') return { push: { changes: [change(wish)] }, ...parts }
  if (event.startsWith('pullrequest:')) return { pullrequest: pullRequest(event, wish), ...parts }
  return parts
}

function change(wish: Wish): Json {
  const isTag = wish.tag !== null
  const type = isTag ? 'tag' : 'branch'
  const name = wish.tag ?? wish.branch
  const { before, after } = endsOf(wish)
  const end = (hash: string) =>
    hash === NOTHING ? null : { type, name, target: commit(wish, hash) }
  return {
    old: end(before),
    new: end(after),
    created: before === NOTHING,
    closed: after === NOTHING,
    forced: false,
    truncated: false,
    commits: [commit(wish, wish.sha)],
    links: { html: { href: `${page(wish)}/branches/compare/${wish.sha}..${wish.before}` } },
  }
}

function commit(wish: Wish, hash: string): Json {
  return {
    type: 'commit',
    hash,
    date: wish.time,
    message: `${wish.message}\n`,
    author: { type: 'author', raw: `${wish.sender} <${wish.sender}@example.com>` },
    parents: [],
    links: { html: { href: `${page(wish)}/commits/${hash}` } },
  }
}

/** Hashes are cut to 12 digits here, and only here. */
function pullRequest(event: string, wish: Wish): Json {
  const merged = event === 'pullrequest:fulfilled'
  const end = (name: string, hash: string) => ({
    branch: { name },
    commit: { type: 'commit', hash: hash.slice(0, 12) },
    repository: repository(wish),
  })
  return {
    type: 'pullrequest',
    id: wish.number,
    title: wish.message,
    description: '',
    state: merged ? 'MERGED' : event === 'pullrequest:rejected' ? 'DECLINED' : 'OPEN',
    author: actor(wish.sender),
    source: end('feature/sample', wish.sha),
    destination: end(wish.branch, wish.before),
    merge_commit: merged ? { type: 'commit', hash: wish.tree.slice(0, 12) } : null,
    created_on: wish.time,
    updated_on: wish.time,
    links: { html: { href: `${page(wish)}/pull-requests/${wish.number}` } },
  }
}

function repository(wish: Wish): Json {
  return {
    type: 'repository',
    uuid: inBraces(wish.repository),
    name: wish.name,
    full_name: wish.repository,
    is_private: true,
    scm: 'git',
    website: null,
    owner: actor(wish.owner),
    workspace: {
      type: 'workspace',
      slug: wish.owner,
      name: wish.owner,
      uuid: inBraces(`workspace ${wish.owner}`),
    },
    links: { html: { href: page(wish) } },
  }
}

/** Without `username`, which Bitbucket no longer tells for most accounts. */
function actor(name: string): Json {
  return {
    type: 'user',
    display_name: name,
    nickname: name,
    uuid: inBraces(`user ${name}`),
    account_id: createHash('sha256').update(name).digest('hex').slice(0, 24),
  }
}

function inBraces(thing: string): string {
  return `{${uuidFor(thing)}}`
}

function page(wish: Wish): string {
  return `https://bitbucket.org/${wish.repository}`
}
