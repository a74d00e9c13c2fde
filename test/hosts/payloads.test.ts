/** What hosts send that no published example shows, and what their headers may not say. */

import { describe, expect, test } from 'vitest'
import type { Headers, Payload } from '../../src/hosts/host.ts'
import { hostOf } from '../../src/hosts/hosts.ts'
import type { Content, HostName } from '../../src/model/delivery.ts'
import { sha } from '../some.ts'

const NOTHING = '0'.repeat(40)

function read(name: HostName, headers: Headers, payload: Payload): Content {
  const content = hostOf(name).normalise(headers, payload)
  if ('problem' in content) throw new Error(content.problem)
  return content
}

const commits = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: sha('a'),
    message: 'Fix',
    added: [],
    removed: [],
    modified: [`${index}.py`],
  }))

describe('GitLab', () => {
  const project = { path_with_namespace: 'acme/site', default_branch: 'main' }
  const push = { object_kind: 'push', ref: 'refs/heads/main', before: sha('b'), after: sha('a') }
  const asPush = { 'x-gitlab-event': 'Push Hook' }

  test('lists 20 commits at most, so a longer push gives no sure list of files', () => {
    const cut = { ...push, project, commits: commits(20), total_commits_count: 21 }
    expect(read('gitlab', asPush, cut).updates).toMatchObject([{ commits: 21, files: null }])
    const whole = { ...cut, total_commits_count: 20 }
    expect(read('gitlab', asPush, whole).updates[0]?.files).toHaveLength(20)
  })

  test('tells the commit of an annotated tag, not the object of the tag', () => {
    const tag = { object_kind: 'tag_push', ref: 'refs/tags/v1', before: NOTHING, after: sha('f') }
    const headers = { 'x-gitlab-event': 'Tag Push Hook' }
    const content = read('gitlab', headers, { ...tag, project, checkout_sha: sha('a') })
    expect(content.updates).toMatchObject([{ event: 'tag', sha: sha('a'), created: true }])
  })

  test('knows no header that says another event than the body, but for system hooks', () => {
    const payload = { ...push, project }
    expect(hostOf('gitlab').normalise({ 'x-gitlab-event': 'Tag Push Hook' }, payload)).toEqual({
      problem: 'a Tag Push Hook delivery whose body says "push"',
    })
    const system = read('gitlab', { 'x-gitlab-event': 'System Hook' }, payload)
    expect(system).toMatchObject({ event: 'System Hook', updates: [{ event: 'push' }] })
  })

  test('whose body a template has made over stays an event by its name', () => {
    expect(read('gitlab', asPush, { deploy: 'please' })).toMatchObject({
      event: 'Push Hook',
      repository: null,
      updates: [{ event: 'Push Hook', ref: null }],
    })
  })

  test('lacks nothing that its event must have', () => {
    expect(hostOf('gitlab').normalise(asPush, { ...push, ref: undefined, project })).toEqual({
      problem: 'a Push Hook delivery without "ref"',
    })
    expect(hostOf('gitlab').normalise({}, push)).toEqual({ problem: 'no X-Gitlab-Event header' })
  })

  test.each([
    [1, 1, false],
    [2, 1, true],
    [null, 1, true],
    [2, undefined, true],
  ])('from project %s into project %s is a fork: %s', (source, target, fork) => {
    const request = { iid: 7, target_branch: 'main', action: 'update', oldrev: sha('b') }
    const attributes = { ...request, source_project_id: source, target_project_id: target }
    const merge = { object_kind: 'merge_request', project, object_attributes: attributes }
    const headers = { 'x-gitlab-event': 'Merge Request Hook' }
    expect(read('gitlab', headers, merge).updates).toMatchObject([{ fork, before: sha('b') }])
    const pipeline = {
      object_kind: 'pipeline',
      project,
      object_attributes: { ref: 'main', tag: false, sha: sha('a'), status: 'success' },
      merge_request: attributes,
    }
    const asPipeline = { 'x-gitlab-event': 'Pipeline Hook' }
    expect(read('gitlab', asPipeline, pipeline).updates).toMatchObject([{ fork }])
  })
})

describe('Bitbucket Data Center', () => {
  const repository = { slug: 'site', project: { key: 'ACME' } }
  const headers = { 'x-event-key': 'repo:refs_changed' }
  const change = (type: string, name: string, from: string, to: string) => ({
    ref: { id: `refs/heads/${name}` },
    refId: `refs/heads/${name}`,
    fromHash: from,
    toHash: to,
    type,
  })

  test('moves several refs in one push; its action is what they have in common', () => {
    const changes = [
      change('UPDATE', 'main', sha('b'), sha('a')),
      change('DELETE', 'old', sha('c'), NOTHING),
    ]
    const content = read('bitbucket-dc', headers, { repository, changes })
    expect(content).toMatchObject({ action: null, repository: 'ACME/site' })
    expect(content.updates).toMatchObject([
      { branch: 'main', sha: sha('a'), created: false, deleted: false },
      { branch: 'old', sha: null, deleted: true },
    ])
  })

  test('knows no header that says another event than the body', () => {
    const payload = { eventKey: 'pr:merged', repository }
    expect(hostOf('bitbucket-dc').normalise(headers, payload)).toEqual({
      problem: 'a repo:refs_changed delivery whose body says "pr:merged"',
    })
  })

  test('with a pull request from a fork says so', () => {
    const end = (key: string) => ({
      displayId: 'x',
      repository: { slug: 'site', project: { key } },
    })
    const pullRequest = { id: 5, fromRef: end('~ada'), toRef: end('ACME') }
    const content = read('bitbucket-dc', { 'x-event-key': 'pr:opened' }, { pullRequest })
    expect(content).toMatchObject({ repository: 'ACME/site', updates: [{ fork: true }] })
  })
})

describe('Gitea, Forgejo and Gogs', () => {
  const repository = { full_name: 'acme/site' }
  const push = { ref: 'refs/heads/main', before: sha('b'), after: sha('a'), repository }
  const files = (name: 'gitea' | 'gogs', payload: Payload) =>
    read(name, { [`x-${name}-event`]: 'push' }, { ...push, ...payload }).updates[0]?.files

  test('list few commits of a long push, so its files are not known', () => {
    expect(files('gitea', { commits: commits(5), total_commits: 6 })).toBeNull()
    expect(files('gitea', { commits: commits(5), total_commits: 5 })).toHaveLength(5)
    expect(files('gogs', { commits: commits(5) })).toBeNull()
    expect(files('gogs', { commits: commits(4) })).toHaveLength(4)
  })

  test('name an event in the finer header where the coarse one is empty', () => {
    const headers = { 'x-forgejo-event': '', 'x-forgejo-event-type': 'package' }
    expect(read('forgejo', headers, { repository })).toMatchObject({ event: 'package' })
    expect(hostOf('forgejo').normalise({ 'x-gitea-event': 'push' }, push)).toEqual({
      problem: 'no X-Forgejo-Event header',
    })
  })

  test("Forgejo's runs are workflow runs, and tell of forks", () => {
    const run = { prettyref: 'main', commit_sha: sha('a'), is_fork_pull_request: true, repository }
    const headers = { 'x-forgejo-event': 'action_run_success' }
    expect(read('forgejo', headers, { action: 'success', run })).toMatchObject({
      event: 'action_run_success',
      action: 'success',
      repository: 'acme/site',
      updates: [{ event: 'workflow_run', branch: 'main', sha: sha('a'), fork: true }],
    })
  })

  test('a pull request whose fork is gone is one from a fork', () => {
    const payload = { action: 'opened', pull_request: { head: { repo: null } }, repository }
    const content = read('gitea', { 'x-gitea-event': 'pull_request' }, payload)
    expect(content.updates).toMatchObject([{ fork: true }])
    const review = read('gitea', { 'x-gitea-event': 'pull_request_approved' }, payload)
    expect(review.updates).toMatchObject([{ event: 'pull_request_approved', fork: true }])
  })
})

describe('Azure DevOps', () => {
  const repository = {
    name: 'site',
    project: { name: 'My project' },
    defaultBranch: 'refs/heads/m',
  }
  const moved = (name: string, from: string, to: string) => ({
    name,
    oldObjectId: from,
    newObjectId: to,
  })

  test('moves several refs in one push; whose the commits are it does not tell', () => {
    const refUpdates = [
      moved('refs/heads/main', sha('b'), sha('a')),
      moved('refs/tags/v1', NOTHING, sha('a')),
      moved('refs/heads/old', sha('c'), NOTHING),
    ]
    const resource = { refUpdates, repository, commits: [{ commitId: sha('a'), comment: 'Fix' }] }
    const content = read('azure', {}, { eventType: 'git.push', resource })
    expect(content).toMatchObject({ repository: 'My project/site', defaultBranch: 'm' })
    expect(content.updates).toMatchObject([
      { event: 'push', branch: 'main', message: 'Fix', commits: null, files: null },
      { event: 'tag', tag: 'v1', created: true },
      { event: 'push', branch: 'old', sha: null, deleted: true },
    ])
  })

  test('says what to set where the details are left out', () => {
    const sparse = { eventType: 'git.push', resource: { pushId: 14 } }
    expect(hostOf('azure').normalise({}, sparse)).toEqual({
      problem:
        'a git.push delivery without "resource.refUpdates": set "Resource details to send" to All',
    })
  })

  test('a merge that was tried is not one that was done', () => {
    const pull = (status: string) => {
      const resource = { pullRequestId: 1, status, repository, forkSource: { name: 'x' } }
      return read('azure', {}, { eventType: 'git.pullrequest.merged', resource }).updates[0]
    }
    expect(pull('active')).toMatchObject({ merged: false, fork: true })
    expect(pull('completed')).toMatchObject({ merged: true })
  })
})

test('Gitee lists no more than some commits, and says so', () => {
  const push = { ref: 'refs/heads/main', before: sha('b'), after: sha('a'), commits: commits(2) }
  const files = (more: Payload) =>
    read('gitee', { 'x-gitee-event': 'Push Hook' }, { ...push, ...more }).updates[0]?.files
  expect(files({ commits_more_than_ten: true })).toBeNull()
  expect(files({ total_commits_count: 3 })).toBeNull()
  expect(files({ commits_more_than_ten: false })).toEqual(['0.py', '1.py'])
})

describe('every host', () => {
  const names: readonly HostName[] = [
    ...(['github', 'gitlab', 'bitbucket', 'bitbucket-dc', 'gitea', 'forgejo', 'gogs'] as const),
    ...(['azure', 'gitee', 'sourcehut', 'webhook'] as const),
  ]
  const events = ['push', 'Push Hook', 'repo:push', 'repo:refs_changed', 'pr:opened', 'create']
  const odd: readonly Payload[] = [
    {},
    { ref: 5, repository: 'x', project: [], commits: {}, changes: 'x', push: null },
    { object_kind: '__proto__', eventType: 'constructor', event_name: 5 },
    { eventType: 'git.push', resource: { refUpdates: [null, 5, {}] } },
    { data: { webhook: { event: 'GIT_POST_RECEIVE', updates: [null] } } },
    { ref: 'x', before: null, after: '0', changes: [null, 5], push: { changes: [5] } },
    JSON.parse('{"__proto__": {"object_kind": "push"}, "object_kind": "push", "project": {}}'),
  ]

  test.each(names)('%s reads what it cannot understand as a problem, and never throws', (name) => {
    const host = hostOf(name)
    const brands = ['github', 'gitlab', 'gitea', 'forgejo', 'gogs', 'gitee', 'webhook']
    for (const event of events) {
      const headers = Object.fromEntries(brands.map((brand) => [`x-${brand}-event`, event]))
      for (const payload of odd) {
        const content = host.normalise({ ...headers, 'x-event-key': event }, payload)
        expect('problem' in content || content.updates.length > 0).toBe(true)
        expect(() => host.guid(headers, Buffer.alloc(0), payload)).not.toThrow()
      }
    }
  })
})
