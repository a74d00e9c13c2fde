/** URLs that show something, on a real server: what callers get, who they are, and what they cost. */

import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { type ClientRequest, request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { aRunhook, type Running } from './running.ts'
import { aDirectory, until } from './some.ts'

const SECRET = 'a secret for callers, long enough'
const token = 'a-token-for-callers-long-enough'
const bearer = { authorization: `Bearer ${token}` }
const password = 'correct horse battery'
const basic = (name: string, secret = password) => ({
  authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`,
})
const url = (path: string, run: string, more: object = {}) => ({
  url: path,
  on: 'get',
  token,
  run,
  ...more,
})
const get = (server: Running, path: string, headers: Record<string, string> = bearer) =>
  server.post(path, { method: 'GET', headers })

async function runsOf(server: Running): Promise<{ id: number; status: string; reason: string }[]> {
  return JSON.parse((await server.cli('runs', '--json')).stdout).runs
}

/** A request under way: what has come of its answer, and a way to go away. */
function calling(server: Running, path: string, headers = bearer) {
  const got = {
    text: '',
    headers: {} as NodeJS.Dict<string | string[]>,
    trailers: {},
    ended: false,
  }
  const out: ClientRequest = request({ port: server.port, path, headers, agent: false })
  out
    .on('error', () => undefined)
    .on('response', (answer) => {
      got.headers = answer.headers
      answer.setEncoding('utf8').on('data', (text: string) => {
        got.text += text
      })
      answer
        .on('error', () => undefined)
        .on('end', () => {
          got.trailers = answer.trailers
          got.ended = true
        })
    })
  out.end()
  return { got, leave: () => out.destroy() }
}

describe('an output', () => {
  const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

  test('is text for curl, a page for a browser, JSON for who asks, and a HEAD runs nothing', async () => {
    const run = 'printf "<b>bold</b> \\033[31mred\\033[0m \\342\\200\\256turned\\n"'
    const server = await aRunhook({ hooks: { show: url('/show', run) } })
    const text = await get(server, '/show')
    expect(text).toMatchObject({
      status: 200,
      text: '<b>bold</b> \x1b[31mred\x1b[0m \u202eturned\n',
    })
    expect(text.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      vary: 'Accept',
      'x-content-type-options': 'nosniff',
      'x-runhook-exit-code': '0',
    })
    const page = await get(server, '/show', { ...bearer, accept: browser })
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    )
    expect(page.text).toContain('<pre>&lt;b&gt;bold&lt;/b&gt; red &lt;U+202E&gt;turned\n</pre>')
    expect(page.text).toContain('<h1>show <span class="good">✓ success</span></h1>')
    expect(page.text).toMatch(/<p>run #2 · exit code 0 · \d{4}-\d\d-\d\dT[\d:]{8}Z · took \d+/)
    for (const never of ['<script', 'style=', '\x1b', '\u202e'])
      expect(page.text).not.toContain(never)
    const json = await get(server, '/show', { ...bearer, accept: 'application/json' })
    const value = JSON.parse(json.text)
    expect(value).toEqual({
      run: 3,
      hook: 'show',
      status: 'success',
      exitCode: 0,
      signal: null,
      reason: null,
      startedAt: expect.any(Number),
      finishedAt: expect.any(Number),
      durationMs: value.finishedAt - value.startedAt,
      output: text.text,
      outputBytes: Buffer.byteLength(text.text),
      truncated: false,
    })
    for (const method of ['HEAD', 'OPTIONS', 'POST'])
      expect(await server.post('/show', { method, headers: bearer })).toMatchObject({
        status: 405,
        headers: { allow: 'GET' },
      })
    expect(await runsOf(server)).toHaveLength(3)
  })

  test('has the status and the headers that its hook says', async () => {
    const status = { 0: 200, 1: 404, 2: 503 }
    const server = await aRunhook({
      hooks: {
        code: {
          ...url('/code', 'echo "{}"; exit "$INPUT_CODE"'),
          on: { get: { inputs: { code: { type: 'number' } } } },
          'status-codes': status,
          'response-headers': { 'Content-Type': 'application/json', 'X-Team': 'ops' },
        },
        none: url('/none', 'true', { 'status-codes': { 0: 204 } }),
      },
    })
    for (const [code, wanted] of Object.entries({ ...status, 3: 500 })) {
      expect(await get(server, `/code?code=${code}`, { ...bearer, accept: browser })).toMatchObject(
        {
          status: wanted,
          text: '{}\n',
          headers: {
            'content-type': 'application/json',
            'content-security-policy': 'sandbox',
            'x-team': 'ops',
          },
        },
      )
    }
    expect(await get(server, '/none')).toMatchObject({ status: 204, text: '' })
  })
})

describe('why a run failed', () => {
  const hooks = {
    mine: url('/mine', 'no-such-tool 2>/dev/null'),
    all: { url: '/all', on: 'get', auth: 'none', run: 'no-such-tool 2>/dev/null' },
    sign: {
      url: '/sign',
      token,
      on: { get: { inputs: { free: {} } } },
      command: ['echo', '{{ inputs.free }}'],
    },
  }

  test('is told to who has proven who he is, and not to everybody', async () => {
    const server = await aRunhook({ hooks })
    const [mine, all] = [await get(server, '/mine'), await get(server, '/all', {})]
    expect([mine.status, all.status]).toEqual([500, 500])
    expect(mine.text).toContain('/usr/bin')
    expect(all.text).toBe('failure, exit 127\n')
    const json = await get(server, '/all', { accept: 'application/json' })
    expect(json.text).not.toContain('/usr/bin')
  })

  test('is 422 where a value of the call may not be used, and nothing ran', async () => {
    const server = await aRunhook({ hooks })
    const { status, text } = await get(server, '/sign?free=-x')
    expect({ status, text }).toMatchObject({ status: 422 })
    expect(text).toContain('would make it an option')
    expect((await get(server, '/sign?free=x')).text).toBe('x\n')
  })
})

describe('a stream', () => {
  const stream = (run: string, more = {}) => url('/s', run, { respond: 'stream', ...more })
  const waiting = 'echo first; until [ -e go ]; do sleep 0.05; done; printf last; exit 3'

  test('comes while the command runs, and ends with how it ended', async () => {
    const server = await aRunhook({ hooks: { s: stream(waiting) } })
    const { got } = calling(server, '/s')
    await until(() => got.text === 'first\n', 'the first line')
    expect(got.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-runhook-run': '1',
      'x-accel-buffering': 'no',
      'transfer-encoding': 'chunked',
    })
    expect((await runsOf(server))[0]).toMatchObject({ status: 'running' })
    writeFileSync(join(server.directory, 'go'), '')
    await until(() => got.ended, 'the end')
    expect(got.text).toBe('first\nlast\n[runhook: failure, exit 3]\n')
    expect(got.trailers).toEqual({ 'x-runhook-status': 'failure', 'x-runhook-exit-code': '3' })
  })

  test('is the bare output where it succeeds, or has a type of its own', async () => {
    const type = { 'response-headers': { 'Content-Type': 'text/event-stream' } }
    const server = await aRunhook({
      hooks: {
        s: stream('echo done'),
        t: { ...stream('echo "data: x"; exit 1', type), url: '/t' },
      },
    })
    expect(await get(server, '/s')).toMatchObject({ status: 200, text: 'done\n' })
    expect(await get(server, '/t')).toMatchObject({
      text: 'data: x\n',
      headers: { 'content-type': 'text/event-stream' },
    })
  })

  test('goes through a proxy that speaks HTTP/1.0, without trailers', async () => {
    const server = await aRunhook({ hooks: { s: stream('echo done; exit 1') } })
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    socket.write(`GET /s HTTP/1.0\r\nHost: x\r\nAuthorization: ${bearer.authorization}\r\n\r\n`)
    await until(() => socket.closed, 'the end')
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(text).toMatch(/\r\n\r\ndone\n\[runhook: failure, exit 1\]\n$/)
  })

  test.each([
    ['stream', 'continue'],
    ['stream', 'cancel'],
    ['output', 'continue'],
    ['output', 'cancel'],
  ])('whose caller goes away (%s): %s', async (respond, onDisconnect) => {
    const run = 'echo first; touch begun; until [ -e go ]; do sleep 0.05; done'
    const hook = { ...url('/s', run), respond, 'on-disconnect': onDisconnect }
    const server = await aRunhook({ hooks: { s: hook } })
    const { leave } = calling(server, '/s')
    await until(async () => (await runsOf(server))[0]?.status === 'running', 'the run')
    leave()
    if (onDisconnect === 'cancel') {
      const ended = await until(
        async () => (await runsOf(server)).find((one) => one.status === 'cancelled'),
        'the end',
      )
      expect(ended.reason).toBe('cancelled by its caller, who went away')
      return
    }
    await sleep(300)
    expect((await runsOf(server))[0]).toMatchObject({ status: 'running' })
    writeFileSync(join(server.directory, 'go'), '')
    await until(async () => (await runsOf(server))[0]?.status === 'success', 'the end')
  })

  test('of a slow reader is held back by no memory of the server', async () => {
    const hook = stream('head -c 200000000 /dev/zero | tr "\\\\0" x; echo; echo done')
    const server = await aRunhook({ hooks: { s: hook } })
    const socket = connect(server.port, '127.0.0.1')
    socket.pause()
    socket.write(`GET /s HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer.authorization}\r\n\r\n`)
    await until(async () => (await runsOf(server))[0]?.status === 'success', 'the end', 60_000)
    const rss = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(server.child.pid)]))
    expect(rss).toBeLessThan(250_000)
    let tail = ''
    socket.setEncoding('latin1').on('data', (text: string) => {
      tail = (tail + text).slice(-2000)
    })
    socket.resume()
    await until(() => tail.includes('X-Runhook-Status: success'), 'the rest')
    expect(tail).toContain('x\ndone\n')
    socket.destroy()
  }, 90_000)
})

describe('one run for many', () => {
  const count = 'echo x >> count; wc -l < count; until [ -e go ]; do sleep 0.02; done'
  const cached = (cache: string, run = count) => ({ n: url('/n', run, { cache }) })

  test('a hundred callers at once cost one run, and later ones none', async () => {
    const server = await aRunhook({ hooks: cached('1m') })
    const calls = Array.from({ length: 100 }, () => get(server, '/n'))
    await until(async () => (await runsOf(server))[0]?.status === 'running', 'the run')
    await sleep(300)
    writeFileSync(join(server.directory, 'go'), '')
    const answers = await Promise.all(calls)
    expect(new Set(answers.map(({ status, text }) => `${status} ${text.trim()}`))).toEqual(
      new Set(['200 1']),
    )
    expect(answers[99]?.headers).toMatchObject({ 'cache-control': 'private, max-age=60', age: '0' })
    const later = await get(server, '/n', { ...bearer, accept: 'application/json' })
    expect(JSON.parse(later.text)).toMatchObject({ run: 1, output: '1\n' })
    expect(await runsOf(server)).toHaveLength(1)
    expect(JSON.parse((await server.cli('deliveries', '--json')).stdout).deliveries).toHaveLength(1)
    expect((await get(server, '/n', { authorization: 'Bearer no' })).status).toBe(401)
  })

  test('"0s" serves those who wait, and nobody later; the log counts them', async () => {
    const server = await aRunhook({ hooks: cached('0s') })
    const calls = Array.from({ length: 5 }, () => get(server, '/n'))
    await until(async () => (await runsOf(server))[0]?.status === 'running', 'the run')
    await sleep(300)
    writeFileSync(join(server.directory, 'go'), '')
    expect((await Promise.all(calls)).map(({ text }) => text.trim())).toEqual(Array(5).fill('1'))
    const later = await get(server, '/n')
    expect(later.text.trim()).toBe('2')
    expect(later.headers['cache-control']).toBe('no-store')
    expect(server.output()).toContain('n #1 answered 4 more callers')
  })

  test('other inputs are another question, and a failure is kept for nobody', async () => {
    const inputs = { who: { 'max-length': 10 } }
    const run = 'echo x >> count; echo "$INPUT_WHO $(wc -l < count)"; [ "$INPUT_WHO" != bad ]'
    const hook = { ...url('/n', run), on: { get: { inputs } }, cache: '1m' }
    const server = await aRunhook({ hooks: { n: hook } })
    const ask = async (query: string) => (await get(server, `/n?${query}`)).text.trim()
    expect(await ask('who=ada')).toBe('ada 1')
    expect(await ask('who=bob')).toBe('bob 2')
    expect(await ask('who=%61da')).toBe('ada 1')
    expect(await ask('who=bad')).toBe('bad 3')
    expect(await ask('who=bad')).toBe('bad 4')
  })

  test('too many callers who wait for runs of their own are told to come back', async () => {
    const hook = url('/n', 'until [ -e go ]; do sleep 0.02; done; echo done')
    const server = await aRunhook({ hooks: { n: hook }, file: { server: { 'max-parallel': 1 } } })
    const calls = Array.from({ length: 30 }, () => get(server, '/n'))
    const refused = await until(async () => {
      const first = await Promise.race([...calls, sleep(50)])
      return first ?? null
    }, 'a refusal')
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    await sleep(300)
    writeFileSync(join(server.directory, 'go'), '')
    const statuses = (await Promise.all(calls)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(16)
    expect(statuses.filter((status) => status === 503)).toHaveLength(14)
    expect(await runsOf(server)).toHaveLength(16)
  })
})

describe('fields', () => {
  const inputs = {
    dir: { 'max-length': 20 },
    deep: { type: 'boolean' },
    'a-b': { options: ['x', 'y'] },
  }
  const echo =
    'echo "[$INPUT_DIR] [$INPUT_DEEP] [$INPUT_A_B] [$HOOK_QUERY_DIR]"; env | grep -i evil || true'

  test.each([
    ['dir=%2Fsrv+x&deep=true&a-b=y', 200, '[/srv x] [true] [y] [/srv x]\n'],
    ['', 200, '[] [] [] []\n'],
    ['dir=$(id);`id`', 200, '[$(id);`id`] [] [] [$(id);`id`]\n'],
    ['dir=%F0%9F%8C%B1', 200, '[🌱] [] [] [🌱]\n'],
    ['dir=a&dir=b', 422, 'input "dir" was given more than once'],
    [`dir=${'a'.repeat(21)}`, 422, 'input "dir" is longer than 20 characters'],
    ['dir=a%00b', 422, 'input "dir" holds a NUL character'],
    ['deep=perhaps', 422, 'input "deep" must be true or false'],
    ['a-b=z', 422, 'input "a-b" must be one of x, y'],
    ['evil=1', 422, 'hook "ls" has no input "evil"; it takes dir, deep, a-b'],
    ['__proto__=1', 422, 'hook "ls" has no input "__proto__"'],
    ['dir=%ff', 400, 'a field is not well encoded'],
    [Array.from({ length: 101 }, (_, i) => `f${i}=`).join('&'), 400, 'more than 100 fields'],
  ])('of a query: %s', async (query, status, text) => {
    const server = await aRunhook({
      hooks: { ls: { ...url('/ls', echo), on: { get: { inputs } } } },
    })
    const answer = await get(server, `/ls?${query}`)
    expect(answer).toMatchObject({ status, text: expect.stringContaining(text) })
  })

  test('of a form and of JSON reach the command alike, and secrets in a query are not kept', async () => {
    const both = { get: { inputs }, post: { inputs } }
    const server = await aRunhook({
      hooks: { ls: { ...url('/ls', echo), on: both, respond: 'output' } },
    })
    const form = { ...bearer, 'content-type': 'application/x-www-form-urlencoded' }
    const text = '[/srv] [] [x] []\n'
    expect(await server.post('/ls', { headers: form, body: 'dir=%2Fsrv&a-b=x' })).toMatchObject({
      status: 200,
      text,
    })
    const json = JSON.stringify({ inputs: { dir: '/srv', 'a-b': 'x' } })
    expect(await server.post('/ls', { headers: bearer, body: json })).toMatchObject({
      status: 200,
      text,
    })
    // What stands in the query of a POST is nobody's word: a signature does not cover it.
    const mixed = await server.post('/ls?deep=true', { headers: bearer, body: json })
    expect(mixed).toMatchObject({ status: 200, text })
    await get(server, '/ls?dir=/&api_key=hunter2')
    const stored = await server.cli('deliveries', '4', '--json')
    expect(stored.stdout).not.toContain('hunter2')
    const again = await server.cli('redeliver', '1')
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('ls') })
  })
})

describe('who may call', () => {
  const people = {
    ls: { url: '/ls', on: 'get', users: { ada: password }, run: 'echo "$HOOK_SENDER"' },
  }

  test('people with a password, whom a browser asks for it', async () => {
    const server = await aRunhook({ hooks: people })
    expect(await get(server, '/ls', basic('ada'))).toMatchObject({ status: 200, text: 'ada\n' })
    const nobody = await get(server, '/ls', {})
    expect(nobody).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="ls", charset="UTF-8"' },
    })
    for (const headers of [basic('ada', 'wrong'), basic('bob'), { authorization: 'Basic !!!' }]) {
      expect(await get(server, '/ls', headers)).toMatchObject({ status: 401, text: nobody.text })
    }
    expect((await server.cli('deliveries', '1')).stdout).toContain('user ada')
    expect((await server.cli('send', 'ls')).stdout).toContain('[200] success')
    const { stdout } = await server.cli('sign', 'ls', '--curl')
    const env = { ...process.env, PASSWORD: password }
    expect(execFileSync('sh', ['-c', stdout], { env, encoding: 'utf8' })).toBe('ada\n')
  })

  test('who guesses passwords is made to wait, and only he', async () => {
    const server = await aRunhook({ hooks: people })
    for (let i = 0; i < 20; i++) await get(server, '/ls', basic('ada', `wrong ${i}`))
    const waits = await get(server, '/ls', basic('ada'))
    expect(waits.status).toBe(429)
    expect(Number(waits.headers['retry-after'])).toBeGreaterThan(0)
    expect((await get(server, '/ls', basic('bob', password))).status).toBe(429) // his address, too
    expect((await get(server, '/ls', {})).status).toBe(401) // and who comes anew is still asked
  })

  test.each([
    { 'sec-purpose': 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender' },
    { purpose: 'prefetch' },
    { 'x-moz': 'prefetch' },
  ])('not a browser that loads ahead what its user may never open: %j', async (ahead) => {
    const server = await aRunhook({ hooks: people })
    expect(await get(server, '/ls', { ...basic('ada'), ...ahead })).toMatchObject({ status: 403 })
    const why = 'loaded ahead by a browser (Sec-Purpose: prefetch)'
    await vi.waitFor(() => expect(server.output()).toContain(why), 10_000)
    expect((await get(server, '/ls', basic('ada'))).status).toBe(200)
  })

  test('not the page of another site, in the name of a browser that knows the password', async () => {
    const server = await aRunhook({ hooks: people })
    for (const more of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { referer: 'https://evil.example/page' },
    ])
      expect(
        await get(server, '/ls', { ...basic('ada'), ...more }),
        JSON.stringify(more),
      ).toMatchObject({ status: 403 })
    for (const more of [
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'same-origin' },
      { referer: `http://127.0.0.1:${server.port}/ls`, host: `127.0.0.1:${server.port}` },
    ])
      expect(
        await get(server, '/ls', { ...basic('ada'), ...more }),
        JSON.stringify(more),
      ).toMatchObject({ status: 200 })
    expect(await runsOf(server)).toHaveLength(3)
  })

  test('those with an account that may run commands', async () => {
    const hooks = { ls: { url: '/ls', on: 'get', auth: 'login', run: 'echo "$HOOK_SENDER"' } }
    const server = await aRunhook({ hooks })
    const make = async (name: string, role: string) =>
      (await server.cli('token', 'create', name, '--role', role)).stdout.match(/rh_\S+/)?.[0] ?? ''
    const [operator, viewer] = [await make('ada', 'operator'), await make('eve', 'viewer')]
    expect(await get(server, '/ls', { authorization: `Bearer ${operator}` })).toMatchObject({
      status: 200,
      text: 'ada\n',
    })
    expect(await get(server, '/ls', basic('whoever', operator))).toMatchObject({
      status: 200,
      text: 'ada\n',
    })
    expect(await get(server, '/ls', basic('eve', viewer))).toMatchObject({ status: 401 })
    expect(await get(server, '/ls', { authorization: 'Bearer rh_wrong' })).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="runhook", charset="UTF-8"' },
    })
    await server.cli('token', 'revoke', 'ada')
    expect(await get(server, '/ls', basic('whoever', operator))).toMatchObject({ status: 401 })
    const refused = await server.cli('deliveries', '--refused')
    expect(refused.stdout).toContain('token eve, whose role viewer starts nothing')
  })

  test.each([
    ['nothing', {}],
    ['a wrong password', basic('ada', 'wrong')],
    ['a wrong token', { authorization: 'Bearer x' }],
  ] as [string, Record<string, string>][])(
    'below /hooks/ nobody with %s is told what is there',
    async (_, headers) => {
      const server = await aRunhook({
        hooks: {
          get: { on: 'get', users: { ada: password }, run: 'true' },
          post: { on: 'post', auth: 'login', run: 'true' },
          near: { on: ['get', 'post'], token, 'allow-from': '192.0.2.0/24', run: 'true' },
        },
      })
      const ask = async (method: string, name: string) => {
        const answer = await server.post(`/hooks/${name}`, { method, headers })
        const { date: _, ...rest } = answer.headers
        return [answer.status, rest, answer.text]
      }
      for (const method of ['GET', 'POST', 'HEAD', 'PUT', 'OPTIONS']) {
        const nothing = await ask(method, 'nothing')
        expect([401, 405]).toContain(nothing[0])
        for (const name of ['get', 'post', 'near'])
          expect(await ask(method, name), `${method} ${name}`).toEqual(nothing)
      }
    },
  )

  test('from where: the address behind a proxy that is trusted, and no other', async () => {
    const hooks = { ls: url('/ls', 'echo here', { 'allow-from': ['10.0.0.0/8', '2001:db8::/32'] }) }
    const trusted = { server: { 'trusted-proxies': ['127.0.0.1', '172.16.0.0/12'] } }
    const server = await aRunhook({ hooks, file: trusted })
    const from = async (forwarded: string) =>
      (await get(server, '/ls', { ...bearer, 'x-forwarded-for': forwarded })).status
    expect(await from('10.1.2.3')).toBe(200)
    expect(await from('[2001:db8::7]:443')).toBe(200)
    expect(await from('203.0.113.9, 10.1.2.3, 172.16.0.1')).toBe(200)
    expect(await from('10.1.2.3, 203.0.113.9')).toBe(401)
    expect(await from('')).toBe(401)
    const shown = await server.cli('deliveries', '1')
    expect(shown.stdout).toContain('10.1.2.3')
    const refused = await server.cli('deliveries', '--refused')
    expect(refused.stdout).toMatch(
      /from 203\.0\.113\.9[\s\S]*outside "allow-from" \(10\.0\.0\.0\/8, 2001:db8::\/32\)/,
    )
    const untrusting = await aRunhook({ hooks, directory: aDirectory() })
    expect(
      (await get(untrusting, '/ls', { ...bearer, 'x-forwarded-for': '10.1.2.3' })).status,
    ).toBe(401)
  })
})

describe('a flood', () => {
  const hooks = { deploy: { on: 'manual', secret: SECRET, run: 'true' } }

  test('of what proves nothing is told to wait, and what is signed passes all the same', async () => {
    const server = await aRunhook({ hooks })
    const statuses: number[] = []
    for (let i = 0; i < 25; i++)
      statuses.push((await server.post(`/hooks/${i % 2 ? 'deploy' : 'x'}`)).status)
    expect(statuses).toEqual([...Array(20).fill(401), ...Array(5).fill(429)])
    const signed = (secret: string) => ({
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update('{}').digest('hex')}`,
    })
    expect(
      (await server.post('/hooks/deploy', { body: '{}', headers: signed('wrong') })).status,
    ).toBe(429)
    expect(
      (await server.post('/hooks/deploy', { body: '{}', headers: signed(SECRET) })).status,
    ).toBe(202)
    const { stdout } = await server.cli('deliveries', '--refused')
    expect(stdout).toContain('[429]')
  })

  test('is answered before its body is read', async () => {
    const server = await aRunhook({ hooks })
    for (let i = 0; i < 20; i++) await server.post('/hooks/deploy')
    const socket = connect(server.port, '127.0.0.1')
    const answer = new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(String(data))),
    )
    socket.write('POST /hooks/deploy HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{')
    expect(await answer).toMatch(/^HTTP\/1\.1 429 /)
    socket.destroy()
  })

  test('two Host headers are one too many, everywhere', async () => {
    const server = await aRunhook({ hooks })
    for (const path of ['/hooks/deploy', '/healthz', '/api/v1/status', '/df']) {
      const socket = connect(server.port, '127.0.0.1')
      const answer = new Promise<string>((resolve) =>
        socket.once('data', (data) => resolve(String(data))),
      )
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n`)
      expect(await answer).toMatch(/^HTTP\/1\.1 400 /)
      socket.destroy()
    }
  })

  test('of one client does not keep another from the API, where the proxy is known', async () => {
    const file = { server: { 'trusted-proxies': '127.0.0.1' } }
    const server = await aRunhook({ hooks, file })
    const from = async (address: string) =>
      (await get(server, '/api/v1/status', { 'x-forwarded-for': address })).status
    for (let i = 0; i < 20; i++) await from('203.0.113.7')
    expect([await from('203.0.113.7'), await from('203.0.113.8')]).toEqual([429, 401])
  })
})
