import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { RunhookError } from '../../src/errors.ts'
import type { RunEnd } from '../../src/model/run.ts'
import { aHook, aTrigger, SECRET } from '../some.ts'
import { aPushBody, aReceiver, asGitHub } from './receiver.ts'

const mainOnly = aHook({ triggers: [aTrigger({ branches: ['main'] })] })
const PATH = mainOnly.path

test('a signed push of a wanted branch is accepted, with its run', async () => {
  const { post, store } = await aReceiver([mainOnly])
  const body = aPushBody()
  const answer = await post(PATH, { body, headers: asGitHub(body) })
  expect(answer).toMatchObject({
    status: 202,
    text: 'accepted: delivery 1\n  deploy-site  → run #1\n',
  })
  expect(await store.run(1)).toMatchObject({ status: 'queued', refName: 'main', sender: 'ada' })
  const kept = await store.delivery(1)
  expect(Buffer.from(kept?.body ?? []).toString()).toBe(body)
})

test('a signed push of another branch is ignored, and says why', async () => {
  const { post, store } = await aReceiver([mainOnly])
  const body = aPushBody({ ref: 'refs/heads/feature/x' })
  const answer = await post(PATH, { body, headers: asGitHub(body) })
  expect(answer).toMatchObject({
    status: 200,
    text: 'ignored: delivery 1\n  deploy-site  ✗ branches  feature/x is not in [main]\n',
  })
  expect(await store.delivery(1)).toMatchObject({ verdicts: [{ matched: false, run: null }] })
})

test('whoever asks for JSON gets the same as JSON', async () => {
  const { post } = await aReceiver([mainOnly])
  const body = aPushBody()
  const headers = asGitHub(body, { accept: 'application/json' })
  const answer = await post(PATH, { body, headers })
  expect(JSON.parse(answer.text)).toMatchObject({
    delivery: 1,
    runs: [1],
    verdicts: [{ hook: 'deploy-site', matched: true, run: 1 }],
  })
})

test("GitHub's form deliveries are signed over the raw form", async () => {
  const { post } = await aReceiver([mainOnly])
  const body = new URLSearchParams({ payload: aPushBody() }).toString()
  const headers = asGitHub(body, { 'content-type': 'application/x-www-form-urlencoded' })
  expect(await post(PATH, { body, headers })).toMatchObject({ status: 202 })
})

test('the stored headers hold no signature and no credentials', async () => {
  const { post, store } = await aReceiver([mainOnly])
  const body = aPushBody()
  const headers = asGitHub(body, { cookie: 'a=b', 'x-hub-signature': 'sha1=1', 'x-secret': 'x' })
  await post(PATH, { body, headers })
  expect(Object.keys((await store.delivery(1))?.headers ?? {}).sort()).toEqual([
    'content-type',
    'x-github-delivery',
    'x-github-event',
  ])
})

describe('who cannot prove himself', () => {
  const body = aPushBody()
  const wrong: Record<string, Record<string, string | string[]>> = {
    'no signature': {},
    'an empty signature': { 'x-hub-signature-256': '' },
    'a signature sent twice': {
      'x-hub-signature-256': [
        asGitHub(body)['x-hub-signature-256'],
        asGitHub(body)['x-hub-signature-256'],
      ],
    },
    'a wrong signature': { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` },
    'an upper-case signature': {
      'x-hub-signature-256': asGitHub(body)['x-hub-signature-256'].toUpperCase(),
    },
    'a SHA-1 signature': { 'x-hub-signature': 'sha1=126f2c800419c60137ce748d7672e77b65cf16d6' },
    'a token': { authorization: `Bearer ${SECRET}` },
  }

  test.each(Object.entries(wrong))(
    'with %s learns nothing, also not which hooks exist',
    async (_name, headers) => {
      const { post, store } = await aReceiver([mainOnly])
      const known = await post(PATH, { body, headers })
      const unknown = await post('/hooks/no-such-hook', { body, headers })
      expect(known).toMatchObject({
        status: 401,
        text: 'The signature or token is missing or wrong.\n',
      })
      const { date: _a, ...ours } = known.headers
      const { date: _b, ...theirs } = unknown.headers
      expect([unknown.status, unknown.text, theirs]).toEqual([known.status, known.text, ours])
      expect(await store.deliveries({ limit: 1 })).toEqual([])
    },
  )

  test('is told apart for the operator only', async () => {
    const { post, refused } = await aReceiver([mainOnly])
    await post(PATH, { body })
    await post(PATH, { body, headers: { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` } })
    await post('/hooks/no-such-hook', { body })
    expect(refused).toEqual([
      'no X-Hub-Signature-256 header: the webhook has no secret configured',
      'signature matches no secret (tried SITE_SECRET); the secret here and at the host differ, or a proxy changed the body',
      'no hook answers at /hooks/no-such-hook',
    ])
  })
})

describe('what cannot be taken', () => {
  const signed = (body: string | Buffer, more = {}) => ({ body, headers: asGitHub(body, more) })

  test.each([
    ['not JSON', '{"ref":', 'the body is not JSON'],
    ['empty', '', 'the body is empty'],
    ['a list', '[1]', 'the body is JSON but not an object (a list)'],
    ['null', 'null', 'the body is JSON but not an object (null)'],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'the body is not UTF-8'],
    ['without fields it needs', '{"ref":"refs/heads/main"}', 'a push delivery without "before"'],
    ['another event by its header', '{"zen":"x"}', 'a push delivery without "ref"'],
  ])(
    'a signed body that is %s is kept, and answered 400 with the reason',
    async (_name, body, reason) => {
      const { post, store } = await aReceiver([mainOnly])
      expect(await post(PATH, signed(body))).toMatchObject({
        status: 400,
        text: `delivery 1 was kept but cannot be used: ${reason}\n`,
      })
      expect(await store.delivery(1)).toMatchObject({ problem: reason, verdicts: [] })
      expect(Buffer.from((await store.delivery(1))?.body ?? []).equals(Buffer.from(body))).toBe(
        true,
      )
    },
  )

  test('another content type', async () => {
    const { post } = await aReceiver([mainOnly])
    expect(await post(PATH, signed('{}', { 'content-type': 'text/plain' }))).toMatchObject({
      status: 415,
      text: 'Content-Type must be application/json or application/x-www-form-urlencoded.\n',
    })
    expect(await post(PATH, signed('{}', { 'content-encoding': 'gzip' }))).toMatchObject({
      status: 415,
      text: 'The body must not be compressed (Content-Encoding).\n',
    })
  })

  test('another method, or a path that is not there', async () => {
    const { post } = await aReceiver([mainOnly])
    for (const method of ['HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      for (const path of [PATH, '/hooks/no-such-hook']) {
        expect(await post(path, { method })).toMatchObject({
          status: 405,
          headers: { allow: 'GET, POST' },
        })
      }
    }
    for (const path of [PATH, '/hooks/no-such-hook']) {
      expect(await post(path, { method: 'GET' })).toMatchObject({ status: 401 })
    }
    for (const path of [
      '/',
      '/hooks',
      '/github',
      `${PATH}/`,
      `${PATH}%00`,
      '//hooks/deploy-site',
    ]) {
      expect((await post(path)).status, path).toBe(path.startsWith('/hooks/') ? 401 : 404)
    }
  })

  const LIMIT = 25 * 1024 * 1024

  test('a body one byte over the limit, declared or not', async () => {
    const { post, port } = await aReceiver([mainOnly])
    const headers = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }
    expect((await post(PATH, { body: Buffer.alloc(LIMIT), headers })).status).toBe(401)
    const declared = { ...headers, 'content-length': String(LIMIT + 1) }
    const early = await post(PATH, { headers: declared, write: (out) => out.write('{') })
    expect(early).toMatchObject({ status: 413, text: `The body is larger than ${LIMIT} bytes.\n` })
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('data', (data) => resolve(String(data)))
      socket.on('error', () => undefined)
      socket.write(
        `POST ${PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nX-Hub-Signature-256: sha256=${'0'.repeat(64)}\r\n\r\n`,
      )
      const chunk = Buffer.alloc(1024 * 1024)
      for (let i = 0; i < 26; i++) {
        socket.write(`${chunk.length.toString(16)}\r\n`)
        socket.write(chunk)
        socket.write('\r\n')
      }
    })
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect((await post(PATH)).status).toBe(401)
  })

  test('large bodies of strangers, while ordinary deliveries go through', async () => {
    const { post, port } = await aReceiver([mainOnly])
    const head = `HTTP/1.1\r\nHost: x\r\nContent-Length: ${LIMIT}\r\nX-Hub-Signature-256: sha256=${'0'.repeat(64)}\r\n\r\n`
    const strangers = Array.from({ length: 12 }, (_, index) => {
      const path = index % 2 === 0 ? '/hooks/nope' : PATH
      const socket = connect(port, '127.0.0.1').on('error', () => undefined)
      socket.write(`POST ${path} ${head}`)
      socket.write(Buffer.alloc(LIMIT - 1))
      return socket
    })
    await new Promise((resolve) => setTimeout(resolve, 500))
    for (let i = 0; i < 20; i++) {
      const body = aPushBody()
      expect((await post(PATH, { body, headers: asGitHub(body) })).status).toBe(202)
    }
    for (const socket of strangers) socket.destroy()
  })

  test('so many of one address that they would take all room, while large ones of others go through', async () => {
    const addressOf = ({ headers }: IncomingMessage) => String(headers['x-test-address'] ?? '')
    const { post, port } = await aReceiver([mainOnly], { parts: { addressOf } })
    const strangers = Array.from({ length: 6 }, (_, index) => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined)
      let answer = ''
      socket.on('data', (data) => {
        answer += String(data)
      })
      const head = `X-Test-Address: 2001:db8::${index}\r\nContent-Length: ${LIMIT}\r\nX-Hub-Signature-256: sha256=${'0'.repeat(64)}`
      socket.write(`POST ${PATH} HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n`)
      socket.write(Buffer.alloc(LIMIT - 1))
      return { socket, answer: () => answer.slice(0, 12) }
    })
    const answered = () => strangers.map(({ answer }) => answer()).filter(Boolean)
    await expect.poll(answered, { timeout: 10_000 }).toEqual(Array(4).fill('HTTP/1.1 503'))
    for (const address of ['192.0.2.1', '2001:db8:0:1::1']) {
      const body = aPushBody({ padding: 'x'.repeat(20 * 1024 * 1024) })
      const headers = { ...asGitHub(body), 'x-test-address': address }
      expect((await post(PATH, { body, headers })).status).toBe(202)
    }
    for (const { socket } of strangers) socket.destroy()
  })

  test('a path that merely resembles the one of a hook', async () => {
    const { post } = await aReceiver([mainOnly])
    const body = aPushBody()
    const paths = ['/hooks/./deploy-site', '/hooks/x/../deploy-site', '/hooks/deploy%2dsite']
    for (const path of [...paths, 'http://evil.example/hooks/deploy-site']) {
      const { status } = await post(path, { body, headers: asGitHub(body) })
      expect([401, 404], path).toContain(status)
    }
  })

  test('a store that cannot write: 503, try again, and nothing is kept', async () => {
    const failing = new RunhookError('storage', 'The database refused to write: disk full.')
    const accept = () => Promise.reject(failing)
    const { post } = await aReceiver([mainOnly], { parts: { accept } })
    const body = aPushBody()
    expect(await post(PATH, { body, headers: asGitHub(body) })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
      text: 'The delivery could not be stored; nothing was kept. Send it again.\n',
    })
  })

  test('a sender that goes away in mid-body leaves no record and no trouble', async () => {
    const { post, port, store } = await aReceiver([mainOnly])
    const socket = connect(port, '127.0.0.1')
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nX-Hub-Signature-256: sha256=${'0'.repeat(64)}\r\n\r\n{`,
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
    expect((await post(PATH)).status).toBe(401)
    expect(await store.deliveries({ limit: 1 })).toEqual([])
  })
})

describe('branch names that are meant to be read as code', () => {
  test.each(['$(id)', 'main;id', '-x', '`id`', "a'b", '\u202emain', '<script>'])(
    '%s',
    async (name) => {
      const { post, store } = await aReceiver([aHook()])
      const body = aPushBody({ ref: `refs/heads/${name}` })
      const answer = await post(PATH, { body, headers: asGitHub(body) })
      expect(answer.status).toBe(200)
      expect(answer.text).toContain(`✗ ref  ${name} has characters outside`)
      expect((await store.delivery(1))?.updates[0]?.branch).toBe(name)
    },
  )
})

describe('one webhook for many repositories', () => {
  const shared = new Map([['github', [{ name: 'hosts.github', value: SECRET }]]] as const)
  const site = aHook({ hostSecrets: true })
  const api = aHook({
    name: 'api',
    repositories: [{ host: 'github', name: 'acme/api' }],
    hostSecrets: true,
  })
  const own = aHook({ name: 'own' })

  test('asks every hook of its host, and each says what it thinks', async () => {
    const { post } = await aReceiver([site, api, own], { hosts: shared })
    const body = aPushBody()
    expect(await post('/github', { body, headers: asGitHub(body) })).toMatchObject({
      status: 202,
      text: [
        'accepted: delivery 1',
        '  deploy-site  → run #1',
        '  api          ✗ repo  acme/site is not acme/api',
        "  own          ✗ signature  signed with GitHub's shared secret, but this hook has its own: send to /hooks/own",
        '',
      ].join('\n'),
    })
  })

  test('holds each hook to the networks that it names', async () => {
    const from = (networks: string[]) => ({ users: [], login: false, from: networks })
    const far = aHook({ name: 'far', hostSecrets: true, access: from(['192.0.2.0/24']) })
    const near = aHook({ name: 'near', hostSecrets: true, access: from(['127.0.0.0/8']) })
    const { post } = await aReceiver([far, near], { hosts: shared })
    const body = aPushBody()
    expect((await post('/github', { body, headers: asGitHub(body) })).text).toBe(
      [
        'accepted: delivery 1',
        '  far   ✗ allow-from  127.0.0.1 is outside "allow-from"',
        '  near  → run #1',
        '',
      ].join('\n'),
    )
    const alone = await aReceiver([far])
    expect(await alone.post(far.path, { body, headers: asGitHub(body) })).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
      text: expect.not.stringContaining('192.0.2'),
    })
    const many = ['10.0.0.0/8', '192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5']
    const listed = await aReceiver([aHook({ name: 'far', access: from(many) })])
    await listed.post(far.path, { body, headers: asGitHub(body) })
    expect(listed.refused[0]).toContain('192.0.2.4, 1 more)')
    expect(alone.refused).toEqual(['the address is outside "allow-from" (192.0.2.0/24)'])
  })

  test('is not there when the host has no shared secret', async () => {
    const { post } = await aReceiver([own])
    const body = aPushBody()
    expect((await post('/github', { body, headers: asGitHub(body) })).status).toBe(404)
  })
})

test('who cannot be looked up while the database is away is told to come again, in words for a program', async () => {
  const away = new RunhookError('storage', 'The database cannot be used: canary.')
  const hook = aHook({
    ...{ name: 'df', path: '/df', host: 'webhook', repositories: [], secrets: [] },
    access: { users: [], login: true, from: null },
  })
  const site = await aReceiver([hook], { parts: { login: () => Promise.reject(away) } })
  const answer = await site.post('/df', { body: '{}', headers: { authorization: 'Bearer rh_x' } })
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': expect.anything() } })
  expect(answer.headers['content-type']).toContain('text/plain')
  expect(answer.text).not.toContain('canary')
  expect(site.refused).toEqual([away.message])
})

describe('a plain URL', () => {
  const page = (fields = {}) =>
    aHook({
      name: 'df',
      repositories: [],
      host: 'webhook',
      path: '/df',
      methods: ['GET'],
      triggers: [aTrigger({ event: 'get' })],
      secrets: [],
      tokens: [{ name: 'METRICS_TOKEN', value: 'metrics-token-long-enough' }],
      respond: 'output',
      concurrency: { group: null, cancelInProgress: false, queue: 'max' },
      ...fields,
    })
  const end = (fields: Partial<RunEnd> = {}): RunEnd => ({
    status: 'success',
    exitCode: 0,
    signal: null,
    reason: null,
    outputBytes: 0,
    outputCut: 0,
    steps: [],
    ...fields,
  })
  const answering = (fields: Partial<RunEnd>, output: string) => ({
    parts: { ended: async () => end(fields), output: async () => Buffer.from(output) },
  })
  const headers = { authorization: 'Bearer metrics-token-long-enough' }

  test('answers the output of its command to whoever has the token', async () => {
    const { post } = await aReceiver([page()], answering({}, 'Mounted on Use%\n/ 71%\n'))
    expect(await post('/df', { method: 'GET', headers })).toMatchObject({
      status: 200,
      text: 'Mounted on Use%\n/ 71%\n',
      headers: { 'x-runhook-run': '1', 'x-runhook-exit-code': '0', 'cache-control': 'no-store' },
    })
  })

  test.each([
    [{ status: 'failure', exitCode: 3, reason: 'step 1 failed' }, 'oops\n', 500, 'oops\n'],
    [{ status: 'failure', exitCode: null, reason: 'df: not found' }, '', 500, 'df: not found\n'],
    [{ status: 'timed_out', exitCode: null, reason: 'too slow' }, '', 504, 'too slow\n'],
  ] as [Partial<RunEnd>, string, number, string][])(
    'answers %j as an error',
    async (ended, output, status, text) => {
      const { post } = await aReceiver([page()], answering(ended, output))
      expect(await post('/df', { method: 'GET', headers })).toMatchObject({ status, text })
    },
  )

  test.each([
    ['cancelled', 'cancelled by ada'],
    ['cancelled', 'a newer call took its place'],
    ['interrupted', 'the server stopped'],
  ] as const)(
    'of a run that was %s, where nothing failed, asks to come back',
    async (is, reason) => {
      const ended = { status: is, exitCode: null, reason } as const
      const { post } = await aReceiver([page()], answering(ended, ''))
      const wanted = { status: 503, headers: { 'retry-after': '5', 'x-runhook-status': is } }
      expect(await post('/df', { method: 'GET', headers })).toMatchObject({
        ...wanted,
        text: `${reason}\n`,
      })
      const asJson = { ...headers, accept: 'application/json' }
      const json = await post('/df', { method: 'GET', headers: asJson })
      expect(json).toMatchObject(wanted)
      expect(JSON.parse(json.text)).toMatchObject({ status: is, reason })
    },
  )

  test.each(['Bearer wrong', 'Basic bWV0cmljcw==', 'Bearer', 'metrics-token-long-enough', ''])(
    'refuses Authorization: %s',
    async (authorization) => {
      const { post } = await aReceiver([page()])
      expect((await post('/df', { method: 'GET', headers: { authorization } })).status).toBe(401)
    },
  )

  test('is open to everybody only where the file says so', async () => {
    const { post } = await aReceiver([page({ open: true, tokens: [] })], answering({}, 'hello\n'))
    expect(await post('/df', { method: 'GET' })).toMatchObject({ status: 200, text: 'hello\n' })
    expect((await post('/df', { method: 'POST' })).status).toBe(405)
  })
})

describe('where only the network speaks for a caller', () => {
  const near = aHook({
    name: 'df',
    repositories: [],
    host: 'webhook',
    methods: ['GET'],
    triggers: [aTrigger({ event: 'get' })],
    secrets: [],
    open: true,
    access: { users: [], login: false, from: ['127.0.0.0/8'] },
  })

  test.each([
    ['127.0.0.1', 200],
    ['127.0.0.1:9000', 200],
    ['[::1]:9000', 200],
    ['localhost:9000', 200],
    ['hooks.example.com', 200],
    ['rebound.example', 403],
    ['rebound.example:9000', 403],
    ['127.0.0.1.rebound.example', 403],
    ['hooks.example.com.rebound.example', 403],
  ])('a call of %s is answered %i: a name of a stranger may lead here', async (host, status) => {
    const parts = { publicHost: 'hooks.example.com' }
    const { post, refused } = await aReceiver([near], { parts })
    const headers = { host, origin: `http://${host}` }
    const answer = await post(near.path, { method: 'GET', headers })
    expect(answer.status === 403 ? 403 : 200).toBe(status)
    if (status === 403) {
      expect(answer.text).toContain('"public-url"')
      expect(refused[0]).toBe(`called as "${host}", which is not the host of "server.public-url"`)
    }
  })

  test('without a public URL no name is its own', async () => {
    const { post } = await aReceiver([near])
    const headers = { host: 'hooks.example.com' }
    expect((await post(near.path, { method: 'GET', headers })).status).toBe(403)
  })
})

describe('a hook that is started by hand', () => {
  const scope = {
    name: 'scope',
    type: 'choice',
    description: null,
    required: false,
    default: 'pages',
    options: ['pages', 'all'],
    maxLength: 1024,
  } as const
  const clear = aHook({
    name: 'clear',
    repositories: [],
    host: 'webhook',
    triggers: [aTrigger({ event: 'manual' })],
    inputs: [scope],
  })

  test.each([
    ['', 202, { scope: 'pages' }],
    ['{}', 202, { scope: 'pages' }],
    ['{"inputs":{"scope":"all"}}', 202, { scope: 'all' }],
  ])('takes %s', async (body, status, inputs) => {
    const { post, store } = await aReceiver([clear])
    expect((await post(clear.path, { body, headers: asGitHub(body) })).status).toBe(status)
    expect((await store.run(1))?.inputs).toEqual(inputs)
  })

  test.each([
    ['{"inputs":{"scope":"everything"}}', 'input "scope" must be one of pages, all'],
    ['{"inputs":{"x":1}}', 'hook "clear" has no input "x"; it takes scope'],
    ['{"inputs":[]}', 'inputs must be an object of names and values'],
  ])('refuses %s in words', async (body, reason) => {
    const { post, store } = await aReceiver([clear])
    expect(await post(clear.path, { body, headers: asGitHub(body) })).toMatchObject({
      status: 422,
      text: `ignored: delivery 1\n  clear  ✗ inputs  ${reason}\n`,
    })
    expect(await store.run(1)).toBeNull()
  })
})

describe('of what the hook does not ask for, the record', () => {
  const scope = {
    name: 'scope',
    type: 'string',
    description: null,
    required: false,
    default: null,
    options: null,
    maxLength: 1024,
  } as const
  const ask = aHook({
    name: 'ask',
    repositories: [],
    host: 'webhook',
    triggers: [aTrigger({ event: 'post' })],
    inputs: [scope],
  })
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  test('is said to be of another type, where it is no JSON and no form', async () => {
    const { post } = await aReceiver([ask])
    const multipart = { 'content-type': 'multipart/form-data; boundary=x' }
    const body = '--x\r\nContent-Disposition: form-data; name="scope"\r\n\r\nall\r\n--x--\r\n'
    const answer = await post(ask.path, { body, headers: asGitHub(body, multipart) })
    expect(answer.status).toBe(400)
    expect(answer.text).toContain(
      'the body is "multipart/form-data"; send JSON or application/x-www-form-urlencoded',
    )
  })

  test.each([
    ['form', 'scope=all&token=hunter2', form, 'scope=all&token=***'],
    ['form that cannot be read', 'token=hunter2&scope=%', form, 'token=***&scope=%'],
    [
      'JSON',
      '{"inputs": {"scope": "all", "__proto__": "hunter2", "token": ["hunter2"]}, "a": 1}',
      {},
      '{"inputs":{"scope":"all","__proto__":"***","token":"***"},"a":1}',
    ],
    ['JSON that asks only for what is known', '{"inputs": {"scope": "a"} }', {}, null],
    ['JSON without inputs', '{"a":  1}', {}, null],
  ])('has the names only: a %s', async (_, body, type, kept) => {
    const { post, store } = await aReceiver([ask])
    const answer = await post(ask.path, { body, headers: asGitHub(body, type) })
    expect(answer.status).toBe(kept === null ? 202 : body.includes('%') ? 400 : 422)
    expect(Buffer.from((await store.delivery(1))?.body ?? []).toString()).toBe(kept ?? body)
  })
})

test('a delivery for which there is no room is not kept, and asked for again later; others are', async () => {
  const { post, store, refused } = await aReceiver([aHook()], { maxWaiting: 1 })
  const push = (branch: string) => {
    const body = aPushBody({ ref: `refs/heads/${branch}` })
    return post('/hooks/deploy-site', { body, headers: asGitHub(body) })
  }
  expect((await push('main')).status).toBe(202)
  for (let i = 0; i < 3; i++) {
    expect(await push('other')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '30' },
      text: 'Too many runs wait; nothing was kept. Send it again.\n',
    })
  }
  expect(refused).toEqual(['As many runs wait as may (1); nothing was kept.'])
  const body = aPushBody()
  const star = asGitHub(body, { 'x-github-event': 'star' })
  expect((await post('/hooks/deploy-site', { body, headers: star })).status).toBe(200)
  expect((await push('main')).status).toBe(202)
  expect(await store.deliveries({ limit: 9 })).toHaveLength(3)
})
