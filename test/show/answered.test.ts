/** What is shown of an answer is what was sent, byte for byte, for every kind of answer there is. */

import { request } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answerOf } from '../../src/show/answered.ts'
import type { DeliveryView } from '../../src/show/views.ts'
import { aSite, pushed, type Site } from '../pages/site.ts'
import { aPushBody, asGitHub } from '../receive/receiver.ts'
import { until } from '../some.ts'
import { aStored } from './world.ts'

/** As the API tells it. */
function told({ directory }: Site, id: number): Promise<DeliveryView> {
  const socketPath = join(directory, 'data', 'runhook.sock')
  const path = `/api/v1/deliveries/${id}`
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path, host: 'localhost' }, async (answer) => {
      resolve(JSON.parse((await answer.toArray()).join('')))
    })
    asking.on('error', reject).end()
  })
}

const token = 'a-token-for-callers-long-enough'
const json = { accept: 'application/json' }

test('what was decided is told again as it was sent, as text and as JSON', async () => {
  const site = await aSite({
    'deploy-site': pushed('true', { on: { push: { branches: ['main', '<b>\u{1f680}'] } } }),
    other: pushed('true', { on: { push: { branches: ['other'] } } }),
    asks: {
      url: '/asks',
      on: { post: { inputs: { n: { type: 'number' } } } },
      token,
      run: 'true',
    },
  })
  const sent: { status: number; text: string }[] = []
  const post = async (path: string, body: string, headers: Record<string, string>) => {
    sent.push(await site.post(path, { body, headers: asGitHub(body, headers) }))
  }
  const body = aPushBody()
  const bodies: [path: string, body: string, headers?: Record<string, string>][] = [
    ['/hooks/deploy-site', body, { 'x-github-delivery': 'same' }],
    ['/hooks/deploy-site', body, { 'x-github-delivery': 'same' }],
    ['/hooks/deploy-site', body, { 'x-github-delivery': 'same', ...json }],
    ['/hooks/deploy-site', aPushBody(), json],
    ['/hooks/other', aPushBody()],
    ['/hooks/other', aPushBody({ ref: 'refs/heads/\u0000\ud83d\u202e"</pre>' }), json],
    ['/hooks/deploy-site', 'no JSON \u0000', json],
    ['/hooks/deploy-site', 'no JSON'],
  ]
  for (const [path, text, headers] of bodies) await post(path, text, headers ?? {})
  for (const more of [{}, json]) {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...more,
    }
    sent.push(await site.post('/asks', { body: '{"inputs":{"n":"one"}}', headers }))
  }
  expect(sent.map(({ status }) => status)).toEqual([
    202, 200, 200, 202, 200, 200, 400, 400, 422, 422,
  ])
  for (const [index, { status, text }] of sent.entries()) {
    const { answer } = await told(site, index + 1)
    expect(answer).toEqual({ status, body: text, output: null, rebuilt: false })
  }
})

test('of an output it is told whose it was, in which form, and with which status', async () => {
  const url = (run: string, more: object = {}) => ({ on: 'get', token, run, ...more })
  const site = await aSite({
    show: {
      url: '/show',
      ...url('echo "<b>$RUNHOOK_RUN"; exit 3', { 'status-codes': { 3: 404 } }),
    },
    flow: { url: '/flow', ...url('echo one; exit 1', { respond: 'stream' }) },
    none: { url: '/none', ...url('true', { 'status-codes': { 0: 204 } }) },
    late: { url: '/late', ...url('sleep 9', { timeout: '1s' }) },
    typed: {
      url: '/typed',
      ...url('echo "{}"', { 'response-headers': { 'content-type': 'text/x-y' } }),
    },
  })
  const asked = [
    ['show', 404, 'text'],
    ['show', 404, 'json', json],
    ['show', 404, 'html', { accept: 'text/html' }],
    ['flow', 200, 'stream'],
    ['none', 204, null],
    ['late', 504, null],
    ['typed', 200, 'text', { accept: 'text/html' }],
  ] as const
  for (const [index, [name, status, form, headers]] of asked.entries()) {
    const id = index + 1
    const sent = await site.post(`/${name}`, {
      method: 'GET',
      headers: { authorization: `Bearer ${token}`, ...headers },
    })
    expect(sent.status, name).toBe(status)
    const { answer } = await told(site, id)
    const output = form && { run: id, form }
    expect(answer).toEqual({ status, body: form ? null : sent.text, output, rebuilt: false })
    const { text } = await site.get(`/-/deliveries/${id}`)
    expect(text).toContain(`<b>${status}</b>`)
    if (output) expect(text).toMatch(new RegExp(`with the output of <a href="/-/runs/${id}">`))
  }
})

test('while the run goes on no status is known, and a page says so', async () => {
  const site = await aSite({
    show: {
      url: '/show',
      on: 'get',
      token,
      run: 'while [ ! -e go ]; do sleep 0.02; done',
      'working-directory': '.',
    },
  })
  const calling = site.post('/show', {
    method: 'GET',
    headers: { authorization: `Bearer ${token}` },
  })
  await until(async () => (await site.get('/-/deliveries/1')).status === 200, 'the delivery')
  expect((await told(site, 1)).answer).toMatchObject({ status: null, output: { run: 1 } })
  expect((await site.get('/-/deliveries/1')).text).toContain('No status is known')
  await site.form('/-/runs/1/cancel')
  await calling
  expect((await told(site, 1)).answer).toMatchObject({ status: 503 })
})

test('what an older release kept is told by its verdicts, where they say it', () => {
  const verdict = { hook: 'blog', update: 0, matched: true, checks: [], run: 7 }
  expect(answerOf(aStored({ verdicts: [verdict] }))).toEqual({
    status: 202,
    body: 'accepted: delivery 57\n  blog  → run #7\n',
    output: null,
    rebuilt: true,
  })
  expect(answerOf(aStored({ problem: 'the body is not JSON' }))).toMatchObject({ status: 400 })
  for (const unknown of [
    aStored({ host: 'webhook', verdicts: [verdict] }),
    aStored({ endpoint: 'cli' }),
    aStored({ proof: 'redelivered by ada' }),
  ])
    expect(answerOf(unknown)).toBeNull()
})
