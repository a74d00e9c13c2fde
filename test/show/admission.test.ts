/** How the API stands towards the network: what it reads, what it refuses, and in which order. */

import { readdirSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { createAttempts } from '../../src/network/attempts.ts'
import type { TokenParts } from '../../src/show/admission.ts'
import { until } from '../some.ts'
import { serveStrangers } from './strangers.ts'
import { aRun, ask, aWorld, serveWorld, type World } from './world.ts'

async function served(parts: Parameters<typeof serveStrangers>[1] = {}) {
  const world = aWorld()
  return { world, ...(await serveStrangers(world, parts)) }
}

/** Files in a folder that this process has open. */
function openFiles(folder: string): number {
  const open = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return '' // the one that was opened to read the list
    }
  })
  return open.filter((path) => path.startsWith(`${folder}/output`)).length
}

const WRONG = `rh_${'A'.repeat(43)}`

describe('too many failures', () => {
  test('the twenty-first in a minute is told how long to wait, whatever it sends', async () => {
    const clock = { time: Date.now() }
    const now = () => clock.time
    const refused: string[] = []
    const refuse: NonNullable<TokenParts['refuse']> = ({ at: _, ...one }) =>
      refused.push(Object.values(one).join(' '))
    const { call, warned } = await served({ attempts: createAttempts({ now }), refuse })
    for (let n = 0; n < 20; n += 1) {
      expect((await call('/status', { token: WRONG })).status).toBe(401)
      clock.time += 1000
    }
    for (const calling of [{ token: WRONG }, {}, { method: 'POST', body: '{' }]) {
      const { status, headers, text } = await call('/runs', calling)
      expect({ status, wait: headers['retry-after'], text }).toEqual({
        status: 429,
        wait: '40',
        text: '{"error":{"code":"not-allowed","message":"Too many requests without a valid token.","hint":"Try again in 40 s."}}',
      })
    }
    clock.time += 40_000
    expect((await call('/status', { token: WRONG })).status).toBe(401)
    expect(warned).toEqual([
      '<-- [401] API from 127.0.0.1: an unknown token',
      '<-- [429] API from 127.0.0.1: 20 in a minute, the last an unknown token',
      '<-- [401] API from 127.0.0.1: an unknown token',
    ])
    expect(refused.slice(19)).toEqual([
      'GET /api/v1 127.0.0.1 401 an unknown token',
      'GET /api/v1 127.0.0.1 429 an unknown token',
      'GET /api/v1 127.0.0.1 429 no token',
      'POST /api/v1 127.0.0.1 429 no token',
      'GET /api/v1 127.0.0.1 401 an unknown token',
    ])
  })

  test('a good token passes all the same: behind a proxy everybody has the same address', async () => {
    const { call, token } = await served({ attempts: createAttempts({ max: 1 }) })
    const good = await token('viewer')
    await call('/status')
    expect((await call('/status')).status).toBe(429)
    expect((await call('/status', { token: good })).status).toBe(200)
    expect((await call('/status')).status).toBe(429)
  })

  test('good requests and refused roles are never counted', async () => {
    const { call, token } = await served({ attempts: createAttempts({ max: 2 }) })
    const viewer = await token('viewer')
    for (let n = 0; n < 30; n += 1) {
      await call('/status', { token: viewer })
      await call('/tokens', { token: viewer })
    }
    expect((await call('/status')).status).toBe(401)
  })

  test('nothing is read of a body whose sender is not let in', async () => {
    const { port } = await served()
    const socket = connect(port, '127.0.0.1')
    const head = [
      'POST /api/v1/hooks/x/trigger HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      'Content-Length: 1000000',
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n{`)
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 401 .*"code":"not-allowed"/s)
  })
})

describe('tokens', () => {
  test('one that is revoked opens nothing from that moment on', async () => {
    const { call, token, tokens } = await served()
    const value = await token('viewer')
    expect((await call('/status', { token: value })).status).toBe(200)
    await tokens.revoke('viewer')
    expect((await call('/status', { token: value })).status).toBe(401)
  })

  test('one that expires opens nothing from the first millisecond after', async () => {
    const clock = { time: 5000 }
    const { call, token, warned } = await served({ now: () => clock.time })
    const value = await token('viewer', { expiresAt: 6000 })
    clock.time = 5999
    expect((await call('/status', { token: value })).status).toBe(200)
    clock.time = 6000
    expect((await call('/status', { token: value })).status).toBe(401)
    expect(warned).toEqual(['<-- [401] API from 127.0.0.1: token viewer, which has expired'])
  })

  test('when it was last used can be seen, and only a good one leaves that trace', async () => {
    const { call, token, tokens } = await served()
    const value = await token('viewer')
    await call('/status', { token: `${value}x` })
    expect((await tokens.list())[0]?.lastUsedAt).toBeNull()
    await call('/status', { token: value })
    expect((await tokens.list())[0]?.lastUsedAt).toBeGreaterThan(Date.now() - 10_000)
  })

  test('what is asked for is on record under the name of the token, not what the caller says', async () => {
    const { world, call, token } = await served()
    world.runs.push(aRun({ status: 'running' }))
    world.control = { cancel: async () => 'stopping' }
    const value = await token('operator', { name: 'ci' })
    const headers = { 'runhook-by': 'root' }
    await call('/runs/142/cancel', { method: 'POST', token: value, headers })
    await serveWorld(world)
    await ask(world, '/runs/142/cancel', 'POST')
    expect(world.asked).toEqual(['cancel 142 by ci', 'cancel 142 by api'])
  })

  test('the word Bearer may be written in any case, and nothing else may be', async () => {
    const { call, token } = await served()
    const value = await token('viewer')
    const status = async (authorization: string) =>
      (await call('/status', { headers: { authorization } })).status
    expect(await status(`bearer ${value}`)).toBe(200)
    expect(await status(`BEARER  ${value}`)).toBe(200)
    expect(await status(`Bearer ${value.toUpperCase()}`)).toBe(401)
    expect(await status(`Bearer ${value} x`)).toBe(401)
    expect(await status(`Bearer${value}`)).toBe(401)
    expect(await status(`Bearer ${'x'.repeat(8000)}`)).toBe(401)
  })
})

describe('methods', () => {
  async function asked(calling: (world: World) => [path: string, method: string]) {
    const { world, call, token } = await served()
    world.runs.push(aRun())
    await world.wrote(142, 'some output\n')
    const [path, method] = calling(world)
    return call(path, { method, token: await token('viewer') })
  }

  test.each([
    ['/runs', 'GET, HEAD, OPTIONS'],
    ['/runs/142/cancel', 'POST, OPTIONS'],
    ['/tokens', 'POST, GET, HEAD, OPTIONS'],
    ['/tokens/ci', 'DELETE, OPTIONS'],
  ])('OPTIONS %s tells what there is, and lets no other site in', async (path, allow) => {
    const { status, headers, text } = await asked(() => [path, 'OPTIONS'])
    expect({ status, text, allow: headers.allow }).toEqual({ status: 204, text: '', allow })
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test('a method that a path does not answer is told which it does', async () => {
    const { status, headers, text } = await asked(() => ['/runs', 'DELETE'])
    expect([status, headers.allow, JSON.parse(text)]).toEqual([
      405,
      'GET, HEAD, OPTIONS',
      {
        error: {
          code: 'usage',
          message: '/api/v1/runs does not answer DELETE; it answers GET, HEAD, OPTIONS.',
          hint: null,
        },
      },
    ])
    expect((await asked(() => ['/runs/142/cancel', 'GET'])).status).toBe(405)
    expect((await asked(() => ['/runs/142/cancel', 'HEAD'])).status).toBe(405)
    expect((await asked(() => ['/rnus', 'OPTIONS'])).status).toBe(404)
  })

  test.each(['/status', '/runs', '/runs/142/output', '/runs/142/events', '/openapi.json'])(
    'HEAD %s has the headers of GET and no body',
    async (path) => {
      const head = await asked(() => [path, 'HEAD'])
      const get = await asked(() => [path, 'GET'])
      expect([head.status, head.text]).toEqual([200, ''])
      for (const name of ['content-type', 'cache-control', 'x-content-type-options'])
        expect(head.headers[name]).toBe(get.headers[name])
    },
  )

  test('HEAD of a run that is followed leaves nobody who follows', async () => {
    const { world, call, token } = await served()
    world.runs.push(aRun({ status: 'running', finishedAt: null }))
    const writer = world.output.open(142)
    const value = await token('viewer')
    for (const path of ['/runs/142/output?follow=true', '/runs/142/events']) {
      expect((await call(path, { method: 'HEAD', token: value })).status).toBe(200)
    }
    await until(() => openFiles(world.data) <= 1, 'letting go')
    await writer.close()
  })

  test('TRACE is never answered with what it carried', async () => {
    const { port, token } = await served()
    const value = await token('admin')
    const socket = connect(port, '127.0.0.1')
    socket.end(
      `TRACE /api/v1/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${value}\r\nConnection: close\r\n\r\n`,
    )
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 [45]\d\d /)
    expect(answer).not.toContain(value)
  })
})

describe('bodies', () => {
  test.each<[string, Record<string, string>]>([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['plain text, which any page may send', { 'content-type': 'text/plain' }],
    ['JSON in name only', { 'content-type': 'text/plain; application/json' }],
    ['something near JSON', { 'content-type': 'application/jsonp' }],
    ['nothing that says what it is', { 'content-type': '' }],
    ['something compressed', { 'content-encoding': 'gzip' }],
  ])('%s is refused before it is read', async (_, headers) => {
    const { world, call, token } = await served()
    const calling = { method: 'POST', body: '{}', headers, token: await token('operator') }
    const { status, text } = await call('/hooks/x/trigger', calling)
    expect([status, JSON.parse(text)]).toEqual([
      415,
      {
        error: {
          code: 'usage',
          message: 'The body must be JSON, and say so.',
          hint: 'Send "Content-Type: application/json", also where there is no body, and no compression.',
        },
      },
    ])
    expect(world.asked).toEqual([])
  })

  test('JSON may name its character set', async () => {
    const { call, token } = await served()
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' }
    const value = await token('operator')
    const calling = { method: 'POST', body: '{}', headers, token: value }
    expect((await call('/hooks/x/trigger', calling)).status).toBe(404)
  })

  test.each([
    ['with its length', { 'content-length': '300000' }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('one over the limit is refused: %s', async (_, headers) => {
    const { call, token } = await served()
    const body = 'x'.repeat(300_000)
    const calling = { method: 'POST', body, headers, token: await token('operator') }
    const { status, text } = await call('/hooks/x/trigger', calling)
    expect([status, JSON.parse(text).error.message]).toEqual([
      413,
      'The body is larger than 256 kB, which is the limit.',
    ])
  })

  test('where none is read, none is lost without a word', async () => {
    const { world, call, token } = await served()
    world.control = { rerun: async () => aRun({ id: 143 }) }
    const value = await token('operator')
    const rerun = async (body: string) =>
      (await call('/runs/142/rerun', { method: 'POST', body, token: value })).status
    expect([await rerun(''), await rerun('{}')]).toEqual([202, 202])
    expect([await rerun('{"step":2}'), await rerun('[]'), await rerun('{')]).toEqual([
      400, 400, 400,
    ])
    expect(world.asked).toHaveLength(2)
  })
})

test.each([
  '/api/v1/runs/',
  '/api/v1//runs',
  '/api/v1/runs/142/',
  '/api/v1/runs/%2e%2e/status',
  '/api/v1/runs%2F142',
  '/api/v1/runs/142%00',
  '/api/v1/runs/142%2Fcancel',
  '/api/v1/RUNS',
  '/api/v1/runs;x/142',
  '/api/v1/runs/142.json',
  '/api/v1/runs/%ff',
  '/hooks/../api/v1/runs',
  '/hooks/%2E./api/v1/runs',
  '/api\\v1\\runs',
  'http://x/api/v1/runs',
])('%s is nothing', async (path) => {
  const { world, port, token } = await served()
  world.runs.push(aRun())
  const socket = connect(port, '127.0.0.1')
  const value = await token('admin')
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${value}\r\nConnection: close\r\n\r\n`,
  )
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 (400|404|422) /)
})
