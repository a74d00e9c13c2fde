import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { genericHost } from '../../src/hosts/generic.ts'
import { hostOf } from '../../src/hosts/hosts.ts'
import { sampleDelivery, schemeHeaders, signatureHeaders } from '../../src/hosts/sample.ts'
import type { GitHostName } from '../../src/model/delivery.ts'
import type { SignatureScheme } from '../../src/model/hook.ts'
import { SECRET, sha } from '../some.ts'
import { lowered, NOW, received } from './received.ts'

const gitlike = [
  'gitlab',
  'bitbucket-dc',
  'gitea',
  'forgejo',
  'gogs',
  'azure',
  'gitee',
] as const satisfies readonly GitHostName[]

/** Hosts that list the files a push changed. */
const listing: readonly GitHostName[] = ['gitlab', 'gitea', 'forgejo', 'gogs', 'gitee']

describe.each(gitlike)('a sample of %s', (name) => {
  test('pushes a branch, as it was asked to', async () => {
    const wish = { branch: 'feature/x', sha: sha('e'), before: sha('d'), paths: ['b.md', 'a.py'] }
    const content = await received(name, { ...wish, sender: 'grace' })
    expect(content).toMatchObject({
      repository: 'acme/site',
      sender: 'grace',
      updates: [
        {
          event: 'push',
          ref: 'refs/heads/feature/x',
          branch: 'feature/x',
          tag: null,
          sha: sha('e'),
          before: sha('d'),
          created: false,
          deleted: false,
          files: listing.includes(name) ? ['a.py', 'b.md'] : null,
        },
      ],
    })
    expect(content.updates[0]?.message?.trim()).toBe('A sample, sent by runhook')
  })

  test('pushes a tag, in the way of its host', async () => {
    const { updates } = await received(name, { event: 'tag', tag: 'v1.4.0' })
    expect(updates).toMatchObject([
      {
        event: name === 'gogs' ? 'create' : 'tag',
        ref: 'refs/tags/v1.4.0',
        tag: 'v1.4.0',
        branch: null,
        before: null,
        created: true,
      },
    ])
  })

  test('deletes a branch, in the way of its host', async () => {
    const { updates } = await received(name, { event: 'delete', branch: 'old' })
    const own = name === 'gitea' || name === 'forgejo' || name === 'gogs'
    expect(updates).toMatchObject([
      {
        event: own ? 'delete' : 'push',
        ref: 'refs/heads/old',
        branch: 'old',
        sha: null,
        deleted: true,
      },
    ])
  })

  test('opens and merges a pull request of the same repository', async () => {
    const wish = { event: 'pull_request', branch: 'release/2' }
    expect(await received(name, wish)).toMatchObject({
      action: expect.stringMatching(/^(open|opened|created)$/),
      updates: [
        {
          event: 'pull_request',
          branch: 'feature/sample',
          baseBranch: 'release/2',
          number: expect.any(Number),
          merged: false,
          fork: false,
        },
      ],
    })
    expect(await received(name, { ...wish, action: 'merged' })).toMatchObject({
      updates: [{ merged: true }],
    })
  })

  test('is what it says also for an event that we do not know', async () => {
    const content = await received(name, { event: 'an_event_of_tomorrow' })
    expect(content.event).toBe('an_event_of_tomorrow')
  })
})

describe('GitLab', () => {
  test('is signed by a signing token, over the id that every delivery has', async () => {
    const key = Buffer.alloc(32, 7)
    const secret = `whsec_${key.toString('base64')}`
    const { headers, body } = sampleDelivery('gitlab', { repository: 'acme/site' }, secret, NOW)
    const id = headers['webhook-id']
    const mac = createHmac('sha256', key)
      .update(`${id}.${NOW / 1000}.`)
      .update(body)
    expect(headers['webhook-signature']).toBe(`v1,${mac.digest('base64')}`)
    expect(headers['Idempotency-Key']).toBe(id)
    expect(headers).not.toHaveProperty('X-Gitlab-Token')
    expect(await received('gitlab', {}, secret)).toMatchObject({ event: 'Push Hook' })
  })

  test('knows groups of any depth', async () => {
    const repository = 'acme/web/team/site'
    expect(await received('gitlab', { repository })).toMatchObject({ repository })
  })

  test.each([
    ['workflow_run', 'Pipeline Hook', 'pipeline', 'success'],
    ['pipeline', 'Pipeline Hook', 'pipeline', 'success'],
    ['release', 'Release Hook', 'release', 'create'],
    ['deployment', 'Deployment Hook', 'deployment', 'success'],
    ['issue_comment', 'Note Hook', 'issue_comment', null],
  ])('%s arrives as "%s"', async (event, header, ours, action) => {
    const content = await received('gitlab', { event, sha: sha('e') })
    expect(content).toMatchObject({ event: header, action, updates: [{ event: ours }] })
    if (event !== 'issue_comment') expect(content.updates[0]?.sha).toBe(sha('e'))
  })
})

describe('Gitea, Forgejo and Gogs', () => {
  const names = (host: 'gitea' | 'forgejo' | 'gogs') =>
    Object.keys(sampleDelivery(host, { repository: 'acme/site' }, SECRET, NOW).headers)

  test('each sends the headers of its elders too, as the real ones do', () => {
    const triples = (brand: string) =>
      ['Delivery', 'Event', 'Event-Type'].map((what) => `X-${brand}-${what}`)
    expect(names('forgejo')).toEqual([
      'Content-Type',
      'User-Agent',
      ...['Forgejo', 'Gitea', 'Gogs', 'GitHub'].flatMap(triples),
      ...['Forgejo', 'Gitea', 'Gogs'].map((brand) => `X-${brand}-Signature`),
      'X-Hub-Signature',
      'X-Hub-Signature-256',
    ])
    expect(names('gitea')).not.toContain('X-Forgejo-Event')
    expect(names('gogs')).toEqual([
      'Content-Type',
      'User-Agent',
      'X-Gogs-Delivery',
      'X-Gogs-Event',
      'X-GitHub-Delivery',
      'X-GitHub-Event',
      'X-Gogs-Signature',
    ])
  })

  test('the JSON is indented, so that whoever serialises it anew fails here', () => {
    const { body } = sampleDelivery('gitea', { repository: 'acme/site' }, SECRET, NOW)
    expect(body.toString()).toMatch(/^\{\n {2}"ref": /)
  })

  test('of a new ref Forgejo gives the full name and Gitea the short one', async () => {
    for (const host of ['forgejo', 'gitea'] as const) {
      const wish = { repository: 'acme/site', event: 'create', branch: 'topic' }
      const { ref } = JSON.parse(sampleDelivery(host, wish, SECRET, NOW).body.toString())
      expect(ref).toBe(host === 'forgejo' ? 'refs/heads/topic' : 'topic')
      expect(await received(host, wish)).toMatchObject({
        updates: [{ event: 'create', branch: 'topic', created: true }],
      })
    }
  })

  test('releases and workflow runs are theirs as well', async () => {
    expect(await received('gitea', { event: 'release', tag: 'v2' })).toMatchObject({
      action: 'published',
      updates: [{ event: 'release', tag: 'v2' }],
    })
    expect(await received('gitea', { event: 'workflow_run', sha: sha('e') })).toMatchObject({
      action: 'completed',
      updates: [{ event: 'workflow_run', branch: 'main', sha: sha('e'), fork: false }],
    })
  })
})

test('Bitbucket Data Center: a personal project keeps its tilde', async () => {
  const repository = '~ada/site'
  expect(await received('bitbucket-dc', { repository })).toMatchObject({ repository })
})

test('Azure DevOps: names may hold spaces, and the proof is user and password', async () => {
  const repository = 'My project/site & co'
  expect(await received('azure', { repository })).toMatchObject({ repository })
  const { headers } = sampleDelivery('azure', { repository }, 'deploy:secret', NOW)
  expect(headers.Authorization).toBe(`Basic ${btoa('deploy:secret')}`)
})

test('Gitee: the body repeats the token of the header; its test button runs nothing', async () => {
  const { headers, body } = sampleDelivery('gitee', { repository: 'acme/site' }, SECRET, NOW)
  expect(JSON.parse(body.toString())).toMatchObject({
    password: '',
    timestamp: headers['X-Gitee-Timestamp'],
    sign: headers['X-Gitee-Token'],
  })
  expect(await received('gitee', { event: 'ping' })).toMatchObject({ updates: [{ event: 'ping' }] })
})

describe('sourcehut', () => {
  test('a sample reads well, and cannot be signed by us', async () => {
    const host = hostOf('sourcehut')
    const wish = { repository: '~ada/site', sha: sha('e'), before: sha('d') }
    const { headers, body } = sampleDelivery('sourcehut', wish, null, NOW)
    const parsed = host.parse(lowered(headers), body)
    if ('problem' in parsed) throw new Error(parsed.problem)
    expect(host.normalise(lowered(headers), parsed.payload)).toMatchObject({
      event: 'GIT_POST_RECEIVE',
      repository: '~ada/site',
      defaultBranch: 'main',
      sender: '~ada',
      updates: [{ event: 'push', branch: 'main', sha: sha('e'), before: sha('d'), created: false }],
    })
    expect(() => signatureHeaders('sourcehut', body, SECRET)).toThrow(
      'Only the sender can sign this: the private key is his, and a public one is here.',
    )
  })

  test('a query that asks for too little is told', () => {
    const webhook = { event: 'GIT_POST_RECEIVE', repository: { name: 'site' } }
    expect(hostOf('sourcehut').normalise({}, { data: { webhook } })).toEqual({
      problem: 'the webhook\'s query does not ask for "repository.owner.canonicalName"',
    })
  })
})

test('a public key signs nothing: whoever has it is told so', () => {
  const secret = `whpk_${Buffer.alloc(32).toString('base64')}`
  expect(() => signatureHeaders('webhook', Buffer.from('{}'), secret)).toThrow(/private key/)
})

test.each([
  { algorithm: 'sha1', encoding: 'base64', prefix: 'HMAC ', timestamp: null, template: '{body}' },
  {
    algorithm: 'sha512',
    encoding: 'hex',
    prefix: '',
    timestamp: 'date',
    template: '{body}{timestamp}',
  },
  {
    algorithm: 'sha256',
    encoding: 'hex',
    prefix: 'v0=',
    timestamp: 'x-time',
    template: 'v0:{timestamp}:{body}',
  },
] as const)('a scheme of the hooks file signs what it verifies: %o', async (fields) => {
  const scheme: SignatureScheme = { header: 'x-signature', toleranceMs: 300_000, ...fields }
  const body = Buffer.from('{"a": 1}')
  const headers = schemeHeaders(scheme, body, SECRET, NOW)
  const host = genericHost(scheme)
  expect(host.refuse(headers)).toBeNull()
  const secrets = [{ name: 'S', value: SECRET }]
  expect(await host.verify(headers, body, secrets, NOW)).toEqual({ ok: true, by: 'secret 1 of 1' })
})
