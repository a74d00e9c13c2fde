/**
 * Sample deliveries of Azure DevOps, written from its reference of service hook events.
 * https://learn.microsoft.com/azure/devops/service-hooks/events
 */

import { type Composed, endsOf, isPush, type Json, type Wish } from './sample-wish.ts'

/** Event and id stand in the body; no header names them. */
export function azureSample(wish: Wish): Composed {
  const event = eventOf(wish)
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'User-Agent': 'VSServices/19.0.0 (w3wp.exe)',
  }
  const payload = {
    subscriptionId: wish.guid,
    notificationId: wish.number,
    id: wish.guid,
    eventType: event,
    publisherId: 'tfs',
    message: { text: wish.message },
    resource: resourceOf(event, wish),
    resourceVersion: '1.0',
    createdDate: wish.time,
  }
  return { event, headers, payload }
}

function eventOf(wish: Wish): string {
  if (isPush(wish)) return 'git.push'
  if (wish.event !== 'pull_request') return wish.event
  return `git.pullrequest.${wish.action ?? 'created'}`
}

function resourceOf(event: string, wish: Wish): Json {
  if (event === 'git.push') return push(wish)
  if (event.startsWith('git.pullrequest.')) return pullRequest(event, wish)
  return { repository: repository(wish) }
}

function push(wish: Wish): Json {
  const { ref, before, after, head } = endsOf(wish)
  const person = { name: wish.sender, email: `${wish.sender}@example.com`, date: wish.time }
  const commit = {
    commitId: wish.sha,
    author: person,
    committer: person,
    comment: wish.message,
    url: `${page(wish)}/commit/${wish.sha}`,
  }
  return {
    commits: head ? [commit] : [],
    refUpdates: [{ name: ref, oldObjectId: before, newObjectId: after }],
    repository: repository(wish),
    pushedBy: identity(wish.sender),
    pushId: wish.number,
    date: wish.time,
  }
}

function pullRequest(event: string, wish: Wish): Json {
  return {
    repository: repository(wish),
    pullRequestId: wish.number,
    status: event === 'git.pullrequest.merged' ? 'completed' : 'active',
    createdBy: identity(wish.sender),
    creationDate: wish.time,
    title: wish.message,
    sourceRefName: 'refs/heads/feature/sample',
    targetRefName: `refs/heads/${wish.branch}`,
    mergeStatus: 'succeeded',
    lastMergeSourceCommit: { commitId: wish.sha },
    lastMergeTargetCommit: { commitId: wish.before },
    lastMergeCommit: { commitId: wish.tree },
    reviewers: [],
  }
}

function repository(wish: Wish): Json {
  return {
    name: wish.name,
    url: page(wish),
    project: { name: wish.owner, state: 'wellFormed', visibility: 'private' },
    defaultBranch: 'refs/heads/main',
    remoteUrl: page(wish),
  }
}

function identity(name: string): Json {
  return { displayName: name, uniqueName: `${name}@example.com` }
}

function page(wish: Wish): string {
  const [project, name] = [wish.owner, wish.name].map(encodeURIComponent)
  return `https://dev.azure.com/example/${project}/_git/${name}`
}
