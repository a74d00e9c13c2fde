/** One `on` for every host: what each of them sends, held against our words for events. */

import { describe, expect, test } from 'vitest'
import { pass } from '../../src/hooks/check.ts'
import { judge } from '../../src/hooks/match.ts'
import { update } from '../../src/hosts/fields.ts'
import { gitHostNames, type HostName, type Update } from '../../src/model/delivery.ts'
import { aDelivery, aHook, aPush, aTag, aTrigger } from '../some.ts'

function matches(host: HostName, on: string, moved: Update, fields = {}): boolean {
  const repositories = [{ host, name: 'acme/site' }]
  const hook = aHook({ host, repositories, triggers: [aTrigger({ event: on })] })
  const delivery = aDelivery({ host, event: 'its own name', updates: [moved], ...fields })
  return judge(hook, delivery, {}, pass('signature', 'secret 1 of 1'))[0]?.matched ?? false
}

/** What a host sends beside a push, or instead of one. */
const beside = (event: string, fields: Partial<Update>) =>
  update({ event, created: event === 'create', deleted: event === 'delete', ...fields })

const withEvents: readonly HostName[] = ['github', 'gitea', 'forgejo', 'gogs']
const withoutEvents = gitHostNames.filter((host) => !withEvents.includes(host))

describe.each(gitHostNames)('at %s', (host) => {
  test('push takes branches and tags, and tag only tags', () => {
    expect(matches(host, 'push', aPush())).toBe(true)
    expect(matches(host, 'push', aTag())).toBe(true)
    expect(matches(host, 'tag', aTag())).toBe(true)
    expect(matches(host, 'tag', aPush())).toBe(false)
  })

  test('a deletion runs nothing, unless "delete" is asked for', () => {
    const gone = withEvents.includes(host)
      ? beside('delete', { branch: 'old' })
      : aPush('old', { deleted: true, sha: null })
    expect(matches(host, 'delete', gone)).toBe(true)
    for (const on of ['push', 'tag', 'any']) expect(matches(host, on, gone)).toBe(false)
  })

  test('a test of the webhook runs nothing, whatever it is called there', () => {
    const ping = update({ event: 'ping' })
    for (const on of ['push', 'any', 'its own name']) expect(matches(host, on, ping)).toBe(false)
  })
})

test.each(withoutEvents)('at %s a new ref is a "create" too', (host) => {
  expect(matches(host, 'create', aPush('topic', { created: true }))).toBe(true)
  expect(matches(host, 'create', aPush())).toBe(false)
})

describe('a tag that was pushed', () => {
  const create = beside('create', { tag: 'v1', ref: 'refs/tags/v1' })

  test('runs once where a `create` comes beside the push', () => {
    for (const host of ['github', 'gitea', 'forgejo'] as const) {
      expect(matches(host, 'tag', create)).toBe(false)
      expect(matches(host, 'push', create)).toBe(false)
      expect(matches(host, 'create', create)).toBe(true)
    }
  })

  test('runs at Gogs, which sends the `create` and nothing else', () => {
    expect(matches('gogs', 'tag', create)).toBe(true)
    expect(matches('gogs', 'push', create)).toBe(true)
    expect(matches('gogs', 'push', beside('create', { branch: 'topic' }))).toBe(false)
  })
})

test('a pipeline of GitLab is a workflow run, and keeps its name', () => {
  const pipeline = update({ event: 'pipeline', branch: 'main' })
  const fields = { action: 'success' }
  expect(matches('gitlab', 'workflow_run', pipeline, fields)).toBe(true)
  expect(matches('gitlab', 'pipeline', pipeline, fields)).toBe(true)
})

test.each([
  ['gitlab', 'open', 'approved'],
  ['gitlab', 'update', 'merge'],
  ['bitbucket-dc', 'from_ref_updated', 'modified'],
  ['gitea', 'synchronized', 'label_updated'],
  ['forgejo', 'opened', 'assigned'],
  ['gogs', 'reopened', 'edited'],
  ['azure', 'created', 'merged'],
  ['gitee', 'open', 'merge'],
] as const)('a pull request at %s runs when it is %s and not when it is %s', (host, yes, no) => {
  const pull = update({ event: 'pull_request', branch: 'x', baseBranch: 'main', fork: false })
  expect(matches(host, 'pull_request', pull, { action: yes })).toBe(true)
  expect(matches(host, 'pull_request', pull, { action: no })).toBe(false)
})
