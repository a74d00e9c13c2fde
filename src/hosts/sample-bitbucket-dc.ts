/**
 * Sample deliveries of Bitbucket Data Center, written from its documentation of event payloads.
 * https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html
 */

import {
  type Composed,
  endsOf,
  isPush,
  type Json,
  NOTHING,
  numberFor,
  type Wish,
} from './sample-wish.ts'

/** `push`, `tag` and deletions are one event; a pull request is one for each thing that befalls it. */
export function bitbucketDcSample(wish: Wish): Composed {
  const event = eventOf(wish)
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'User-Agent': 'Atlassian HttpClient 4.2.0 / Bitbucket-9.4.0',
    'X-Event-Key': event,
    'X-Request-Id': wish.guid,
  }
  return { event, headers, payload: payloadOf(event, wish) }
}

function eventOf(wish: Wish): string {
  if (isPush(wish)) return 'repo:refs_changed'
  if (wish.event === 'ping') return 'diagnostics:ping'
  return wish.event === 'pull_request' ? `pr:${wish.action ?? 'opened'}` : wish.event
}

function payloadOf(event: string, wish: Wish): Json {
  if (event === 'diagnostics:ping') return { test: true }
  const parts = { eventKey: event, date: wish.time, actor: person(wish.sender) }
  if (event.startsWith('pr:')) return { ...parts, pullRequest: pullRequest(event, wish) }
  if (event !== 'repo:refs_changed') return { ...parts, repository: repository(wish) }
  const commit = commitOf(wish)
  return {
    ...parts,
    repository: repository(wish),
    changes: [change(wish)],
    commits: wish.event === 'delete' ? [] : [commit],
    ...(wish.event === 'delete' ? {} : { toCommit: commit }),
  }
}

function change(wish: Wish): Json {
  const { ref, before, after } = endsOf(wish)
  return {
    ref: {
      id: ref,
      displayId: wish.tag ?? wish.branch,
      type: wish.tag === null ? 'BRANCH' : 'TAG',
    },
    refId: ref,
    fromHash: before,
    toHash: after,
    type: before === NOTHING ? 'ADD' : after === NOTHING ? 'DELETE' : 'UPDATE',
  }
}

function commitOf(wish: Wish): Json {
  const author = person(wish.sender)
  return {
    id: wish.sha,
    displayId: wish.sha.slice(0, 11),
    author,
    authorTimestamp: wish.sentAt,
    committer: author,
    committerTimestamp: wish.sentAt,
    message: wish.message,
    parents: [{ id: wish.before, displayId: wish.before.slice(0, 11) }],
  }
}

function pullRequest(event: string, wish: Wish): Json {
  const merged = event === 'pr:merged'
  const end = (name: string, hash: string) => ({
    id: `refs/heads/${name}`,
    displayId: name,
    latestCommit: hash,
    repository: repository(wish),
  })
  return {
    id: wish.number,
    version: 1,
    title: wish.message,
    state: merged ? 'MERGED' : event === 'pr:declined' ? 'DECLINED' : 'OPEN',
    open: !merged && event !== 'pr:declined',
    closed: merged || event === 'pr:declined',
    createdDate: wish.sentAt,
    updatedDate: wish.sentAt,
    fromRef: end('feature/sample', wish.sha),
    toRef: end(wish.branch, wish.before),
    author: { user: person(wish.sender), role: 'AUTHOR', approved: false },
    reviewers: [],
    ...(merged ? { properties: { mergeCommit: { id: wish.tree } } } : {}),
  }
}

function repository(wish: Wish): Json {
  return {
    slug: wish.name,
    id: numberFor(wish.repository),
    name: wish.name,
    scmId: 'git',
    state: 'AVAILABLE',
    project: {
      key: wish.owner,
      id: numberFor(wish.owner),
      name: wish.owner,
      type: wish.owner.startsWith('~') ? 'PERSONAL' : 'NORMAL',
    },
    public: false,
  }
}

function person(name: string): Json {
  return {
    name,
    emailAddress: `${name}@example.com`,
    id: numberFor(name),
    displayName: name,
    active: true,
    slug: name,
    type: 'NORMAL',
  }
}
