import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { sampleDelivery } from '../../src/hosts/sample.ts'
import { gitHostNames, type HostName } from '../../src/model/delivery.ts'
import { SECRET, sha } from '../some.ts'
import { guidOf, NOW, received } from './received.ts'

describe('GitHub', () => {
  test('a push of a branch says which commits moved it and which files they changed', async () => {
    const wish = { branch: 'feature/x', paths: ['src/a.py', 'docs/b.md'], sha: sha('e') }
    expect(await received('github', { ...wish, before: sha('d'), sender: 'grace' })).toEqual({
      event: 'push',
      action: null,
      repository: 'acme/site',
      defaultBranch: 'main',
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
          forced: false,
          commits: 1,
          files: ['docs/b.md', 'src/a.py'],
          message: 'A sample, sent by runhook',
          number: null,
          baseBranch: null,
          merged: null,
          fork: null,
        },
      ],
    })
  })

  test.each([{ tag: 'v1.4.0' }, { tag: 'v1.4.0', event: 'tag' }, { tag: 'v1.4.0', event: 'push' }])(
    'a tag is a push that creates it: %o',
    async (wish) => {
      const { event, updates } = await received('github', wish)
      expect(event).toBe('push')
      expect(updates).toMatchObject([
        { event: 'tag', ref: 'refs/tags/v1.4.0', tag: 'v1.4.0', before: null, created: true },
      ])
    },
  )

  test('a ping names the repository and runs nothing', async () => {
    expect(await received('github', { event: 'ping' })).toMatchObject({
      event: 'ping',
      repository: 'acme/site',
      updates: [{ event: 'ping', sha: null }],
    })
  })

  test('a release carries its tag and how it came about', async () => {
    expect(await received('github', { event: 'release', tag: 'v2' })).toMatchObject({
      action: 'published',
      updates: [{ event: 'release', tag: 'v2' }],
    })
    expect(await received('github', { event: 'release', action: 'created' })).toMatchObject({
      action: 'created',
      updates: [{ tag: 'v1.0.0' }],
    })
  })

  test('a pull request goes into the branch that was named, from the same repository', async () => {
    const wish = { event: 'pull_request', branch: 'release/2' }
    expect(await received('github', wish)).toMatchObject({
      action: 'opened',
      updates: [{ baseBranch: 'release/2', fork: false, merged: false }],
    })
    expect(await received('github', { ...wish, action: 'merged' })).toMatchObject({
      action: 'closed',
      updates: [{ merged: true }],
    })
  })

  test('a workflow run names its branch and commit', async () => {
    expect(await received('github', { event: 'workflow_run', sha: sha('e') })).toMatchObject({
      action: 'completed',
      updates: [{ branch: 'main', sha: sha('e'), fork: false }],
    })
  })

  test.each([
    'create',
    'delete',
    'deployment',
    'deployment_status',
    'check_suite',
    'issue_comment',
    'status',
    'repository_dispatch',
    'star',
    'an_event_of_tomorrow',
  ])('%s has all that its event cannot be without', async (event) => {
    const content = await received('github', { event })
    expect(content).toMatchObject({ event, repository: 'acme/site', sender: 'ada' })
  })

  test('the headers are those that GitHub sends, with both signatures', () => {
    const { headers, body } = sampleDelivery('github', { repository: 'acme/site' }, SECRET, NOW)
    const mac = (kind: string) => createHmac(kind, SECRET).update(body).digest('hex')
    expect(headers).toEqual({
      Accept: '*/*',
      'Content-Type': 'application/json',
      'User-Agent': expect.stringMatching(/^GitHub-Hookshot\/[0-9a-f]{7}$/),
      'X-GitHub-Delivery': expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      'X-GitHub-Event': 'push',
      'X-GitHub-Hook-ID': expect.stringMatching(/^[0-9]{9}$/),
      'X-GitHub-Hook-Installation-Target-ID': expect.stringMatching(/^[0-9]+$/),
      'X-GitHub-Hook-Installation-Target-Type': 'repository',
      'X-Hub-Signature': `sha1=${mac('sha1')}`,
      'X-Hub-Signature-256': `sha256=${mac('sha256')}`,
    })
  })
})

describe('Bitbucket', () => {
  test('a push is one change of a branch, without a list of files', async () => {
    const wish = { branch: 'production', sha: sha('e'), before: sha('d'), paths: ['a.py'] }
    expect(await received('bitbucket', wish)).toMatchObject({
      event: 'repo:push',
      repository: 'acme/site',
      sender: 'ada',
      updates: [
        {
          event: 'push',
          ref: 'refs/heads/production',
          sha: sha('e'),
          before: sha('d'),
          files: null,
          created: false,
        },
      ],
    })
  })

  test('a tag is a change without an old end', async () => {
    expect(await received('bitbucket', { event: 'tag', tag: 'v3' })).toMatchObject({
      event: 'repo:push',
      updates: [{ event: 'tag', tag: 'v3', before: null, created: true }],
    })
  })

  test.each([
    [{ event: 'pull_request' }, 'pullrequest:created', 'created', false],
    [{ event: 'pull_request', action: 'merged' }, 'pullrequest:fulfilled', 'fulfilled', true],
    [{ event: 'pullrequest:rejected' }, 'pullrequest:rejected', 'rejected', false],
  ])('a pull request is an event for what befell it: %o', async (wish, event, action, merged) => {
    const content = await received('bitbucket', { ...wish, branch: 'main' })
    expect(content).toMatchObject({
      event,
      action,
      updates: [{ event: 'pull_request', baseBranch: 'main', merged, fork: false }],
    })
    expect(content.updates[0]?.sha).toHaveLength(12)
  })

  test('the headers are those that Bitbucket sends', () => {
    const { headers, body } = sampleDelivery('bitbucket', { repository: 'acme/site' }, SECRET)
    const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
    expect(headers).toEqual({
      'Content-Type': 'application/json',
      'User-Agent': 'Bitbucket-Webhooks/2.0',
      'X-Attempt-Number': '1',
      'X-Event-Key': 'repo:push',
      'X-Hook-UUID': expect.stringMatching(uuid),
      'X-Request-UUID': expect.stringMatching(uuid),
      'X-Hub-Signature': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
    })
  })
})

describe('a person with curl', () => {
  test.each([
    ['a plain secret', SECRET, Buffer.from(SECRET)],
    ['a whsec_ secret', `whsec_${Buffer.alloc(32, 7).toString('base64')}`, Buffer.alloc(32, 7)],
  ])('signs id, time and body with %s', (_, secret, key) => {
    const { headers, body } = sampleDelivery('webhook', { repository: '' }, secret, NOW)
    const { 'webhook-id': id, 'webhook-timestamp': time } = headers
    expect(body.toString()).toBe('{}')
    expect(time).toBe(String(NOW / 1000))
    const mac = createHmac('sha256', key).update(`${id}.${time}.{}`).digest('base64')
    expect(headers['webhook-signature']).toBe(`v1,${mac}`)
  })

  test('is accepted by the code that verifies', async () => {
    expect(await received('webhook')).toMatchObject({ event: 'manual' })
  })
})

const hosts: readonly HostName[] = [...gitHostNames, 'webhook']

describe.each(hosts)('every sample of %s', (host) => {
  // sourcehut alone can sign as sourcehut.
  const secret = host === 'sourcehut' ? null : SECRET

  test('is another delivery: two are never taken for one that was sent twice', () => {
    const [one, other] = [1, 2].map((after) =>
      sampleDelivery(host, { repository: 'acme/site' }, secret, NOW + after),
    )
    if (!one || !other) throw new Error('no samples')
    expect(guidOf(host, one)).not.toBe(guidOf(host, other))
    if (host !== 'webhook') expect(one.body).not.toEqual(other.body)
  })

  test('without a secret is not signed', () => {
    const { headers } = sampleDelivery(host, { repository: 'acme/site' }, null)
    const proof = /signature|token|authorization/i
    expect(Object.keys(headers).filter((name) => proof.test(name))).toEqual([])
  })

  test('sends bytes that were given untouched, whatever they are', () => {
    const payload = Buffer.from([0x7b, 0x0d, 0x0a, 0xff, 0x7d, 0x20])
    const { body } = sampleDelivery(host, { repository: 'acme/site', payload }, secret)
    expect(body).toEqual(payload)
  })
})
