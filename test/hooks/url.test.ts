/** Keys of hooks that are called: who may call, from where, and what is answered. */

import { describe, expect, test } from 'vitest'
import { cases, hookOf, linesOf, REF, SECRET, written } from './written.ts'

const page = { url: '/df', on: 'get', token: REF, command: ['df', '-h'] }
const open = { url: '/df', on: 'get', command: ['df', '-h'] }
const repo = { repo: 'github:acme/site', secret: REF, run: 'true' }

describe('who may call', () => {
  test('is read with every form of a password', async () => {
    const users = { ada: REF, 'bob@example.com': [REF, { file: 'bob' }] }
    const hook = await hookOf({ ...open, users }, { files: { bob: `${SECRET}-of-bob\n` } })
    expect(hook.access).toEqual({
      users: [
        { name: 'ada', passwords: [{ name: 'SECRET', value: SECRET }] },
        {
          name: 'bob@example.com',
          passwords: [
            { name: 'SECRET', value: SECRET },
            { name: 'bob', value: `${SECRET}-of-bob` },
          ],
        },
      ],
      login: false,
      from: null,
    })
    expect(
      (await hookOf({ ...open, users: { ada: REF }, auth: 'basic' })).access.users,
    ).toHaveLength(1)
    expect((await hookOf({ ...open, auth: 'login' })).access.login).toBe(true)
    expect((await hookOf({ ...page, 'allow-from': '10.0.0.0/8' })).access.from).toEqual([
      '10.0.0.0/8',
    ])
    expect((await hookOf({ ...repo, 'allow-from': ['::1', '10.0.0.1'] })).access.from).toHaveLength(
      2,
    )
    expect(await linesOf({ on: 'manual', auth: 'login', run: 'true' })).toEqual([])
  })

  test('passwords are made, masked and never shown, as secrets are', async () => {
    const users = { 'ada-b': `\${ADA_PASSWORD}` }
    const made = await written({ hooks: { a: { ...open, users } } }, { createSecrets: true })
    expect(made.created).toEqual(['ADA_PASSWORD'])
    const literal = await written({ hooks: { a: { ...open, users: { 'ada-b': SECRET } } } })
    expect(literal.lines).toEqual([
      `warn hooks.a.users.ada-b is in the file; use "\${ADA_B_PASSWORD}"`,
    ])
    expect(literal.shown).not.toContain(SECRET)
    expect([...(literal.config?.texts.values() ?? [])].join()).not.toContain(SECRET)
    const broken = await written(
      `{"hooks":{"a":{"users":{"ada":"${SECRET}","bob":"${SECRET}"},,}}}`,
    )
    expect(broken.shown).toContain('error')
    expect(broken.shown).not.toContain(SECRET)
  })

  cases([
    [
      'a short password',
      { ...open, users: { ada: 'hunter2' } },
      'error hooks.a.users.ada: the password has 7 bytes; at least 12 are needed',
      `warn hooks.a.users.ada is in the file; use "\${ADA_PASSWORD}"`,
    ],
    [
      'a name with a colon',
      { ...open, users: { 'a:b': REF } },
      'error hooks.a.users["a:b"]: "a:b" is not a name for a user; write letters, digits and . _ @ -',
    ],
    [
      'a misspelt "cache" of a hook that could have none: one mistake at a time',
      { ...open, on: 'post', auth: 'login', cahce: '10s' },
      'error hooks.a.cahce: unknown key',
    ],
    ['no users at all', { ...open, users: {} }, 'error hooks.a.users is empty; name at least one'],
    [
      'basic without users',
      { ...open, auth: 'basic' },
      `error hooks.a.auth needs "users": { "ada": "\${ADA_PASSWORD}" }`,
    ],
    [
      'users of a repository',
      { ...repo, users: { ada: REF } },
      'error hooks.a.users is never allowed beside "repo": hosts sign their webhooks',
    ],
    [
      'an account for a repository',
      { ...repo, auth: 'login' },
      'error hooks.a.auth is never allowed beside "repo": hosts sign their webhooks',
    ],
    [
      'open and with users',
      { ...open, auth: 'none', users: { ada: REF } },
      'error hooks.a.auth cannot stand beside "users": a hook is open or it is not',
    ],
    [
      'another way',
      { ...open, auth: 'oauth' },
      'error hooks.a.auth: this text is not "login", "basic" or "none"; leave "auth" out where there is a secret or a token',
    ],
    [
      'everybody from anywhere',
      { ...open, auth: 'none' },
      'warn hooks.a.auth: lets everybody call it, from anywhere',
    ],
    ['everybody from here', { ...open, auth: 'none', 'allow-from': '127.0.0.1' }],
    [
      'no browser asks below /hooks/',
      { on: 'get', users: { ada: REF }, run: 'true' },
      'warn hooks.a.users is asked for by no browser while the hook has no path of its own',
    ],
    [
      'from no network',
      { ...page, 'allow-from': [] },
      'error hooks.a.allow-from is an empty list: nobody could call',
    ],
    [
      'from what is none',
      { ...page, 'allow-from': ['10.0.0.0/8', 'office', '10.0.0.0/99'] },
      'error hooks.a.allow-from[1]: "office" is not a network; write "10.0.0.0/8", "192.168.1.7" or "fd00::/8"',
      'error hooks.a.allow-from[2]: "10.0.0.0/99" has no network of that size; write a number from 0 to 32 after "/"',
    ],
  ])

  test('proxies are named for the whole server', async () => {
    const server = (proxies: unknown) =>
      written({ server: { 'trusted-proxies': proxies }, hooks: { a: page } })
    expect((await server('127.0.0.1')).config?.server.trustedProxies).toEqual(['127.0.0.1'])
    expect((await server(['::1', 'nginx'])).lines).toEqual([
      'error server.trusted-proxies[1]: "nginx" is not a network; write "10.0.0.0/8", "192.168.1.7" or "fd00::/8"',
    ])
  })
})

describe('what is answered', () => {
  test('is read with its defaults', async () => {
    const reply = { statuses: new Map(), headers: {}, cacheMs: null, onDisconnect: 'continue' }
    expect((await hookOf(page)).reply).toEqual(reply)
    const all = {
      ...page,
      'status-codes': { 0: 200, 255: 404 },
      'response-headers': { 'Content-Type': 'application/json' },
      cache: '10s',
    }
    expect((await hookOf(all)).reply).toEqual({
      ...reply,
      statuses: new Map([
        [0, 200],
        [255, 404],
      ]),
      headers: { 'content-type': 'application/json' },
      cacheMs: 10_000,
    })
    const stream = await hookOf({ ...page, respond: 'stream', 'on-disconnect': 'cancel' })
    expect(stream).toMatchObject({
      respond: 'stream',
      timeoutMs: 600_000,
      reply: { onDisconnect: 'cancel' },
    })
  })

  const post = { url: '/go', token: REF, run: 'true' }
  cases([
    [
      'a status for what is no exit code',
      { ...page, 'status-codes': { 256: 200 } },
      'error hooks.a.status-codes.256: "256" is not an exit code; write "0" to "255"',
    ],
    [
      'no HTTP status',
      { ...page, 'status-codes': { 0: 100 } },
      'error hooks.a.status-codes.0: 100 is not an HTTP status; write a whole number from 200 to 599',
    ],
    [
      'a status for a stream',
      { ...page, respond: 'stream', 'status-codes': { 0: 200 } },
      'error hooks.a.status-codes is for "respond": "output", and this answers "stream"',
    ],
    [
      'headers for nothing',
      { ...post, 'response-headers': { 'X-A': 'b' } },
      'error hooks.a.response-headers is for "respond": "output" or "stream", and this answers "accepted"',
    ],
    [
      'a header in two lines',
      { ...page, 'response-headers': { 'X-A': 'a\r\nSet-Cookie: b' } },
      'error hooks.a.response-headers.X-A has a character that no header may have',
    ],
    [
      'a header that is no name',
      { ...page, 'response-headers': { 'X A': 'b' } },
      'error hooks.a.response-headers["X A"]: "X A" is not a name for a header; write "Content-Type"',
    ],
    [
      'headers that are not for a hook',
      {
        ...page,
        'response-headers': { 'Set-Cookie': 'a=b', connection: 'close', 'X-Runhook-Run': '1' },
      },
      'error hooks.a.response-headers.Set-Cookie: Set-Cookie is not for a hook to set',
      'error hooks.a.response-headers.connection: connection is not for a hook to set',
      'error hooks.a.response-headers.X-Runhook-Run: X-Runhook-Run is not for a hook to set',
    ],
    [
      'a header twice',
      { ...page, 'response-headers': { 'X-A': 'a', 'x-a': 'b' } },
      'error hooks.a.response-headers.x-a is there twice',
    ],
    [
      'a cache for what is done',
      { ...post, respond: 'output', cache: '10s' },
      'error hooks.a.cache is for a hook that is called by GET alone; write "on": "get"',
    ],
    [
      'a cache for a stream',
      { ...page, respond: 'stream', cache: '10s' },
      'error hooks.a.cache is for "respond": "output", and this answers "stream"',
    ],
    [
      'a cache that one caller could end',
      { ...page, cache: '10s', 'on-disconnect': 'cancel' },
      'error hooks.a.cache cannot stand beside "on-disconnect": others may wait for the same run',
    ],
    [
      'a cache of a number',
      { ...page, cache: 10 },
      'error hooks.a.cache: 10 is not a duration; write "30s", "10m" or "1h30m"',
    ],
    [
      'a cache and its header',
      { ...page, cache: '10s', 'response-headers': { 'Cache-Control': 'public' } },
      'error hooks.a.response-headers.Cache-Control is what "cache" says; leave one of them out',
    ],
  ])

  test.each([
    ['allowlist', 'allow-from'],
    ['basic_auth', 'users'],
    ['statusCodes', 'status-codes'],
    ['headers', 'response-headers'],
    ['ttl', 'cache'],
  ])('"%s" is taken for "%s"', async (word, meant) => {
    const { shown } = await written({ hooks: { a: { ...page, [word]: {} } } })
    expect(shown).toContain(`did you mean "${meant}"?`)
  })
})

describe('inputs of a call', () => {
  const inputs = { dir: { 'max-length': 10 }, deep: { type: 'boolean' } }

  test('are those of the hook, whatever starts it', async () => {
    const { inputs: read, triggers } = await hookOf({
      ...page,
      on: { get: { inputs }, manual: { inputs } },
    })
    expect(read.map(({ name, maxLength }) => [name, maxLength])).toEqual([
      ['dir', 10],
      ['deep', 1024],
    ])
    expect(triggers.map(({ event }) => event)).toEqual(['get', 'manual'])
    expect((await hookOf({ ...page, on: { get: null } })).inputs).toEqual([])
  })

  cases([
    [
      'that are not alike',
      { ...page, on: { get: { inputs }, post: { inputs: { dir: {} } } }, respond: 'output' },
      'error hooks.a.on.post.inputs.dir is not the same under "get"; write it alike, or rename one',
    ],
    [
      'in a query that no signature covers',
      { url: '/x', on: { get: { inputs } }, secret: REF, run: 'true' },
      'error hooks.a.on.get.inputs cannot stand beside "secret": a signature covers no query',
    ],
    [
      'of no length',
      { ...page, on: { get: { inputs: { a: { 'max-length': 0 } } } } },
      'error hooks.a.on.get.inputs.a.max-length: 0 is not a number of characters; write a whole number from 1 to 65536',
    ],
    [
      'with a default that is too long',
      { ...page, on: { get: { inputs: { a: { 'max-length': 2, default: 'abc' } } } } },
      'error hooks.a.on.get.inputs.a.default is longer than 2 characters',
    ],
    [
      'beside filters',
      { ...page, on: { get: { branches: 'main' } } },
      'error hooks.a.on.get.branches: unknown key',
    ],
  ])
})
