import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type SampleOptions, sampleDelivery, schemeHeaders } from '../../src/hosts/sample.ts'
import { type GitHostName, gitHostNames } from '../../src/model/delivery.ts'
import type { SignatureScheme } from '../../src/model/hook.ts'
import { aHook, aTrigger, SECRET } from '../some.ts'
import { aReceiver } from './receiver.ts'

const signing = gitHostNames.filter((host) => host !== 'sourcehut')
const secretOf = (host: GitHostName) => (host === 'azure' ? `deploy:${SECRET}` : SECRET)
const secretsOf = (host: GitHostName) => [{ name: 'SITE_SECRET', value: secretOf(host) }]

function hookOf(host: GitHostName) {
  const repositories = [{ host, name: 'acme/site' }]
  return aHook({ host, repositories, secrets: secretsOf(host) })
}

/** As that host sends it, in the form of `Sending`. */
function sampleOf(host: GitHostName, wish: Partial<SampleOptions> = {}, now = Date.now()) {
  const options = { repository: 'acme/site', ...wish }
  const { headers, body } = sampleDelivery(host, options, secretOf(host), now)
  return { headers: { ...headers }, body }
}

describe.each(signing)('a delivery of %s', (host) => {
  test('is accepted once, and kept without its proof', async () => {
    const { post, store } = await aReceiver([hookOf(host)])
    const sample = sampleOf(host)
    expect(await post('/hooks/deploy-site', sample)).toMatchObject({ status: 202 })
    expect(await store.run(1)).toMatchObject({ event: 'push', refName: 'main', sender: 'ada' })
    const again = await post('/hooks/deploy-site', sample)
    expect(again).toMatchObject({
      status: 200,
      text: expect.stringContaining('repeats delivery 1'),
    })
    const kept = await store.delivery(1)
    expect(kept).toMatchObject({ host, repository: 'acme/site', guid: expect.any(String) })
    const text = JSON.stringify(kept?.headers) + Buffer.from(kept?.body ?? []).toString()
    expect(text).not.toContain(SECRET)
    for (const [name, value] of Object.entries(sample.headers)) {
      if (/signature|token|authorization/i.test(name)) expect(text).not.toContain(value)
    }
  })

  test("comes in at the host's shared path too", async () => {
    const hosts = new Map([[host, secretsOf(host)]])
    const { post } = await aReceiver([{ ...hookOf(host), hostSecrets: true }], { hosts })
    expect(await post(`/${host}`, sampleOf(host))).toMatchObject({ status: 202 })
  })

  test('is refused like everything else when it was signed by another', async () => {
    const { post, store } = await aReceiver([hookOf(host)])
    const { headers, body } = sampleDelivery(host, { repository: 'acme/site' }, 'another:secret')
    const answer = await post('/hooks/deploy-site', { headers: { ...headers }, body })
    expect(answer).toMatchObject({
      status: 401,
      text: 'The signature or token is missing or wrong.\n',
    })
    expect(await store.deliveries({ limit: 1 })).toEqual([])
  })
})

test('sourcehut has no shared path: its signature proves too little for that', async () => {
  const hosts = new Map([['sourcehut' as const, [{ name: 'KEY', value: SECRET }]]])
  const { post } = await aReceiver([], { hosts })
  expect(await post('/sourcehut', { body: '{}' })).toMatchObject({ status: 404 })
})

describe('the connection test of Bitbucket Data Center', () => {
  const ping = { body: '{"test": true}', headers: { 'x-event-key': 'diagnostics:ping' } }
  const reached = {
    status: 200,
    text: 'Reached. Nothing was checked and nothing was run.\n',
  }

  test('is answered, and nothing is kept', async () => {
    const { post, store } = await aReceiver([hookOf('bitbucket-dc')])
    expect(await post('/hooks/deploy-site', ping)).toMatchObject(reached)
    expect(await store.deliveries({ limit: 1 })).toEqual([])
  })

  test('does not tell which hooks there are', async () => {
    const { post } = await aReceiver([hookOf('github')])
    const [known, unknown] = [
      await post('/hooks/deploy-site', ping),
      await post('/hooks/no-such-hook', ping),
    ]
    const { date: _a, ...ours } = known.headers
    const { date: _b, ...theirs } = unknown.headers
    expect([unknown.status, unknown.text, theirs]).toEqual([known.status, known.text, ours])
    expect(known).toMatchObject(reached)
  })

  test('opens no door: with a push in it nothing runs, and no other header passes', async () => {
    const { post, store } = await aReceiver([hookOf('bitbucket-dc')])
    const push = sampleOf('bitbucket-dc')
    const headers = { ...push.headers, 'X-Event-Key': 'diagnostics:ping' }
    expect(await post('/hooks/deploy-site', { ...push, headers })).toMatchObject(reached)
    const unsigned = { ...push.headers, 'X-Hub-Signature': '' }
    for (const key of ['diagnostics:ping ,repo:refs_changed', 'Diagnostics:Ping', 'ping']) {
      const sent = { ...push, headers: { ...unsigned, 'X-Event-Key': key } }
      expect(await post('/hooks/deploy-site', sent)).toMatchObject({ status: 401 })
    }
    expect(await store.deliveries({ limit: 1 })).toEqual([])
  })

  test('is not what a plain URL answers', async () => {
    const hook = aHook({ repositories: [], host: 'webhook', path: '/call' })
    const { post } = await aReceiver([hook])
    expect(await post('/call', ping)).toMatchObject({ status: 401 })
  })
})

test('Gitee: another body under a signed token that was seen is a repeat, and runs nothing', async () => {
  const { post, store } = await aReceiver([hookOf('gitee')])
  const now = Date.now()
  expect(await post('/hooks/deploy-site', sampleOf('gitee', {}, now))).toMatchObject({
    status: 202,
  })
  const forged = sampleOf('gitee', { branch: 'main', sha: 'f'.repeat(40) }, now)
  expect(await post('/hooks/deploy-site', forged)).toMatchObject({ status: 200 })
  expect(await store.run(2)).toBeNull()
})

test('Azure DevOps: its authorisation is not taken for a token, nor a token for it', async () => {
  const tokens = [{ name: 'TOKEN', value: 'a-token-for-people-long-enough' }]
  const { post } = await aReceiver([{ ...hookOf('azure'), tokens }])
  const sample = sampleOf('azure')
  expect(await post('/hooks/deploy-site', sample)).toMatchObject({ status: 202 })
  const bearer = (value: string) => ({
    ...sampleOf('azure'),
    headers: { ...sample.headers, Authorization: `Bearer ${value}` },
  })
  expect(await post('/hooks/deploy-site', bearer(SECRET))).toMatchObject({ status: 401 })
  expect(await post('/hooks/deploy-site', bearer('a-token-for-people-long-enough'))).toMatchObject({
    status: 202,
  })
})

describe('a plain URL with a signature of its own', () => {
  const signature: SignatureScheme = {
    header: 'x-signature',
    algorithm: 'sha256',
    encoding: 'base64',
    prefix: '',
    timestamp: 'x-time',
    template: '{timestamp}.{body}',
    toleranceMs: 300_000,
  }
  const hook = aHook({
    repositories: [],
    host: 'webhook',
    path: '/call',
    triggers: [aTrigger({ event: 'post' })],
    signature,
  })

  test('takes a call that is signed so, once', async () => {
    const { post } = await aReceiver([hook])
    const body = '{"a": 1}'
    const headers = schemeHeaders(signature, Buffer.from(body), SECRET)
    expect(await post('/call', { body, headers })).toMatchObject({ status: 202 })
    expect(await post('/call', { body, headers })).toMatchObject({
      status: 200,
      text: expect.stringContaining('repeats delivery 1'),
    })
  })

  test('takes no other proof, however good it would be elsewhere', async () => {
    const { post } = await aReceiver([hook])
    const body = '{}'
    const mac = createHmac('sha256', SECRET).update(body).digest('hex')
    const short = { 'x-hub-signature-256': `sha256=${mac}` }
    expect(await post('/call', { body, headers: short })).toMatchObject({ status: 401 })
    const { headers } = sampleDelivery('webhook', { repository: '' }, SECRET)
    expect(await post('/call', { body, headers: { ...headers } })).toMatchObject({ status: 401 })
  })
})
