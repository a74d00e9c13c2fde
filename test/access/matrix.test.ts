/**
 * Each route that the router has, with each role, from each kind of page, with each type of content. What may happen
 * follows from the agreement; a route that is not in it fails.
 */

import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { appsOf } from '../../src/apps.ts'
import { currentOf } from '../../src/current.ts'
import { openEmbedded } from '../../src/embedded.ts'
import { loadConfig } from '../../src/hooks/load.ts'
import { silentLog } from '../../src/log.ts'
import { type Role, reaches, roles } from '../../src/record/tokens.ts'
import { aFolder } from '../hooks/written.ts'
import { agreement, catchAlls } from './agreement.ts'
import { aSite } from './site.ts'

const PUBLIC = 'https://runs.example.com'
const hooks = { hello: { on: 'manual', auth: 'login', run: 'true' } }
const server = {
  'public-url': PUBLIC,
  'trusted-proxies': '127.0.0.1',
  oidc: {
    issuer: 'http://127.0.0.1:9', // nobody answers there
    'client-id': 'runhook',
    'client-secret': 'canary-0123456789-0123456789',
    roles: { viewer: { groups: 'staff' } },
  },
}

/** As the server makes them. */
async function routes(): Promise<{ method: string; path: string }[]> {
  const folder = aFolder({ 'hooks.json': JSON.stringify({ server, hooks }) })
  const options = { environment: {}, overrides: { port: 0, data: join(folder, 'data') } }
  const { config } = await loadConfig(join(folder, 'hooks.json'), options)
  if (!config) throw new Error('The file is wrong.')
  const current = currentOf(config)
  const engine = await openEmbedded(current, silentLog())
  onTestFinished(() => engine.close())
  return appsOf(current, engine, {}, silentLog()).routes
}

describe('the router', () => {
  test('has the routes that were agreed on, and no others', async () => {
    const all = (await routes()).filter(({ method }) => method !== 'ALL')
    const said = new Set(all.map(({ method, path }) => `${method} ${path}`))
    expect([...said].sort()).toEqual(Object.keys(agreement).sort())
  })

  test('answers to any method only where that gives nothing', async () => {
    const all = (await routes()).filter(({ method }) => method === 'ALL')
    const ofApi = Object.keys(agreement).flatMap((route) => {
      const [, path = ''] = route.split(' ')
      return path.startsWith('/api/') ? [path] : []
    })
    const said = new Set(all.map(({ path }) => path))
    expect([...said].sort()).toEqual([...new Set([...catchAlls, ...ofApi])].sort())
  })
})

interface Sender {
  readonly site: string | undefined
  readonly origin: string | undefined
}

const sites = ['same-origin', 'same-site', 'cross-site', 'none', undefined]
const origins = [PUBLIC, 'https://evil.example', 'null', undefined]
const senders = sites.flatMap((site) => origins.map((origin): Sender => ({ site, origin })))
const isOwn = ({ site, origin }: Sender) =>
  (site === 'same-origin' && (origin === PUBLIC || origin === undefined)) ||
  (site === undefined && origin === PUBLIC)

const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const types = [FORM, JSON_TYPE, 'text/plain', 'multipart/form-data; boundary=x', undefined]

interface Row extends Sender {
  readonly route: string
  readonly as: Role | null
  readonly type: string | undefined
}

const calls = Object.entries(agreement).map(([route, needed]) => {
  const [method = '', pattern = ''] = route.split(' ')
  const path = pattern
    .replace(/\{.*\}/, '')
    .replace(/:(\w+)/g, (_, name) => (name === 'id' ? '999' : 'nobody'))
  return { route, needed, method, path, isApi: path.startsWith('/api/'), reads: method === 'GET' }
})

type Call = (typeof calls)[number]

/** Each sender with the type that is meant, and each type from one page of ours and one that is not. */
function rowsOf({ route, isApi, reads }: Call, as: Role | null): Row[] {
  const meant = isApi ? JSON_TYPE : FORM
  const [own, foreign] = [
    { site: 'same-origin', origin: PUBLIC },
    { site: 'cross-site', origin: 'https://evil.example' },
  ]
  if (reads) return [own, foreign].map((sender) => ({ route, as, type: undefined, ...sender }))
  const others = types.filter((type) => type !== meant)
  return [
    ...senders.map((sender) => ({ route, as, type: meant, ...sender })),
    ...others.flatMap((type) => [own, foreign].map((sender) => ({ route, as, type, ...sender }))),
  ]
}

const fine = (status: number) => ![401, 403, 405, 415, 429, 500].includes(status)
const one =
  (...wanted: number[]) =>
  (status: number) =>
    wanted.includes(status)

/** What may be answered. Who knows nobody may be told to wait, after so many of these. */
function wantedOf(call: Call, row: Row): (status: number) => boolean {
  const { needed, isApi, reads } = call
  const { as, type } = row
  if (reads && needed === 'anybody') return (status) => ![401, 405, 500].includes(status)
  if (as === null && isApi) return one(401, 429)
  if (!reads && !isOwn(row)) return one(403)
  const isWrongType = type !== (isApi ? JSON_TYPE : FORM)
  if (needed === 'anybody')
    return isWrongType ? one(415) : (status) => ![403, 405, 415, 500].includes(status)
  if (as === null) return reads ? one(303) : one(401)
  if (!reaches(as, needed)) return one(403)
  return !reads && isWrongType ? one(415) : fine
}

/** Nobody's name and no number, as far as it is understood at all. */
const bodyOf = (type: string | undefined) =>
  type === JSON_TYPE
    ? '{}'
    : type?.startsWith('multipart')
      ? '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'
      : 'a=b'

async function aMatrixSite() {
  const site = await aSite({ server, hooks })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const way = { host: 'runs.example.com', 'x-forwarded-for': '203.0.113.7' }
  const at = { host: '127.0.0.1', port: site.port, agent }
  /** Of what goes on coming no more than its beginning is waited for. */
  const statusOf = (method: string, path: string, headers: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      const body = method === 'GET' ? '' : bodyOf(headers['content-type'])
      const length = { 'content-length': String(body.length) }
      const all = { ...way, ...length, ...headers }
      const asking = request({ ...at, method, path, headers: all }, (answer) => {
        resolve(answer.statusCode ?? 0)
        if (answer.headers['content-type']?.startsWith('text/event-stream')) asking.destroy()
        else answer.resume()
      })
      asking.on('error', reject)
      asking.end(body)
    })
  const whoIs = (cookie: string) => site.whoIs(cookie, way)
  return { statusOf, whoIs, signIn: (role: Role) => site.signIn(role, role, way) }
}

const headersOf = ({ site, origin, type }: Omit<Row, 'route' | 'as'>, cookie: string | null) =>
  Object.fromEntries(
    Object.entries({ 'sec-fetch-site': site, origin, 'content-type': type, cookie }).flatMap(
      ([name, value]) => (value == null ? [] : [[name, value]]),
    ),
  )

describe('of every route', () => {
  test.each([...roles, null])('%s gets what was agreed, from pages of ours', async (as) => {
    const { statusOf, whoIs, signIn } = await aMatrixSite()
    const wrong: string[] = []
    let cookie = as && (await signIn(as))
    let count = 0
    for (const call of calls) {
      for (const row of rowsOf(call, as)) {
        const status = await statusOf(call.method, call.path, headersOf(row, cookie))
        count += 1
        if (!wantedOf(call, row)(status)) wrong.push(`${JSON.stringify(row)}: ${status}`)
        const mayEnd = call.route === 'POST /-/logout' && isOwn(row)
        if (as && mayEnd) cookie = await signIn(as)
      }
      if (cookie && (await whoIs(cookie)) === null) wrong.push(`${call.route} ended a session`)
    }
    expect(wrong).toEqual([])
    expect(count).toBeGreaterThan(28 * 20)
  })

  test('no other method gives anything, even to an admin', async () => {
    const { statusOf, signIn } = await aMatrixSite()
    const cookie = await signIn('admin')
    const row = { site: 'same-origin', origin: PUBLIC }
    const wrong: string[] = []
    for (const { path, isApi } of calls) {
      const declared = calls.filter((call) => call.path === path).map(({ method }) => method)
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PURGE']) {
        if (declared.includes(method)) continue
        const headers = headersOf({ ...row, type: isApi ? JSON_TYPE : FORM }, cookie)
        const status = await statusOf(method, path, headers)
        if (status < 400 || status >= 500) wrong.push(`${method} ${path}: ${status}`)
      }
    }
    expect(wrong).toEqual([])
  })
})

describe('of what is somebody’s own', () => {
  test.each(roles)(
    '%s ends his own session by its number, and others’ only as an admin',
    async (as) => {
      const site = await aSite()
      const mine = await site.signIn('me', as)
      const other = await site.signIn('other', 'viewer')
      const sessions = (await site.here('GET', '/sessions')).json.sessions
      const idOf = (name: string) => sessions.find(({ user }: { user: string }) => user === name).id
      const end = async (id: number) =>
        (await site.ask(`/-/sessions/${id}/end`, { cookie: mine, form: {} })).status
      const byApi = async (id: number) => {
        const headers = { 'content-type': JSON_TYPE, 'sec-fetch-site': 'same-origin' }
        const path = `/api/v1/sessions/${id}`
        return (await site.ask(path, { method: 'DELETE', cookie: mine, headers })).status
      }
      expect((await site.ask('/-/account', { cookie: mine })).text.includes('other')).toBe(
        as === 'admin',
      )
      if (as !== 'admin') {
        expect([await end(idOf('other')), await byApi(idOf('other'))]).toEqual([404, 403])
        expect(await site.whoIs(other)).toBe('other')
      } else {
        expect(await end(idOf('other'))).toBe(303)
        expect(await site.whoIs(other)).toBeNull()
      }
      expect(await end(idOf('me'))).toBe(303)
      expect(await site.whoIs(mine)).toBeNull()
    },
  )
})
