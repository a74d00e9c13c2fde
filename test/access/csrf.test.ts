/**
 * Who may press what, and from where: each route that there is, with each role, with and without what a browser
 * says of the page that had it sent. The tables are the agreement; the routes come out of the routers.
 */

import { describe, expect, onTestFinished, test } from 'vitest'
import { createAccess } from '../../src/access/access.ts'
import { createPages, type Door, type Page } from '../../src/access/page-routes.ts'
import { crossSiteProblem } from '../../src/access/same-origin.ts'
import { networksOf } from '../../src/network/allowed.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { type Role, reaches, roles } from '../../src/record/tokens.ts'
import { table as api } from '../show/agreement.ts'
import { aDirectory } from '../some.ts'
import { aSite } from './site.ts'

const PUBLIC = 'https://runs.example.com'

/** Of the pages about signing in; those behind them have a table of their own in test/pages. */
const pages: Record<string, Role | 'anybody'> = {
  'GET /-/access.css': 'anybody',
  'GET /-/login': 'anybody',
  'POST /-/login': 'anybody',
  'GET /-/link/:value': 'anybody',
  'POST /-/link/:value': 'anybody',
  'POST /-/logout': 'anybody',
  'GET /-/account': 'viewer',
  'POST /-/account/password': 'viewer',
  'POST /-/sessions/:id/end': 'viewer',
}

type Headers = Record<string, string | string[]>

/** What comes with a request, and whether that makes it one of ours. `HOST` becomes the server's own name. */
const senders: readonly (readonly [what: string, headers: Headers, own: boolean])[] = [
  ['a page of ours', { 'sec-fetch-site': 'same-origin' }, true],
  ['the user himself, without a page', { 'sec-fetch-site': 'none' }, false],
  ['a page of ours, in an older browser', { origin: 'http://HOST' }, true],
  ['another site', { 'sec-fetch-site': 'cross-site' }, false],
  [
    'another site that names ours',
    { 'sec-fetch-site': 'cross-site', origin: 'http://HOST' },
    false,
  ],
  ['a neighbour under the same domain', { 'sec-fetch-site': 'same-site' }, false],
  ['another site, in an older browser', { origin: 'https://evil.example' }, false],
  ['another port', { origin: 'http://127.0.0.1:1' }, false],
  ['a sandboxed page', { origin: 'null' }, false],
  ['something that says nothing', {}, false],
  ['something that only has a referrer', { referer: 'http://HOST/-/' }, false],
  ['two words at once', { 'sec-fetch-site': ['same-origin', 'cross-site'] }, false],
  ['two origins at once', { origin: 'http://HOST, https://evil.example' }, false],
  ['a name that begins like ours', { origin: 'http://HOST.evil.example' }, false],
]

const types = [
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'multipart/form-data; boundary=x',
  '',
]

describe.each(senders)('what %s had sent', (_, given, own) => {
  test.each(types)('passes as that says, whatever its content type: %j', async (type) => {
    const headers = written(given, 'runs.example.com:9000')
    const all = { host: 'runs.example.com:9000', 'content-type': type, ...joined(headers) }
    for (const method of ['POST', 'DELETE', 'PUT', 'PATCH', 'PURGE']) {
      expect(crossSiteProblem(method, all, null) === null).toBe(own)
    }
    for (const method of ['GET', 'HEAD']) expect(crossSiteProblem(method, all, null)).toBeNull()
  })
})

test('behind a proxy that calls us by another name, the public one is ours; over plain http it is not', () => {
  const from = (origin: string, host: string) =>
    crossSiteProblem('POST', { origin, host }, PUBLIC) === null
  expect(from(PUBLIC, '127.0.0.1:9000')).toBe(true)
  expect(from(PUBLIC, 'runs.example.com')).toBe(true)
  expect(from('http://runs.example.com', 'runs.example.com')).toBe(false)
  expect(from('https://runs.example.com:8443', 'runs.example.com')).toBe(false)
})

function written(headers: Headers, host: string): Headers {
  return JSON.parse(JSON.stringify(headers).replaceAll('HOST', host))
}

/** As Node gives what came several times. */
function joined(headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

test('the table names every page and form there is, and nothing else', async () => {
  const store = openSqlite(aDirectory())
  onTestFinished(() => store.close())
  const settings = { publicUrl: null, trusted: networksOf([]), proxyLogin: null, oidc: null }
  const quiet = {
    addressOf: () => '',
    report: () => undefined,
    refuse: () => undefined,
    warn: () => {},
  }
  const { routes } = createAccess({ accounts: store.accounts, settings, ...quiet }).app
  const said = new Set(routes.map(({ method, path }) => `${method} ${path}`))
  expect([...said].sort()).toEqual(Object.keys(pages).sort())
})

describe('every route', () => {
  const filled = (path: string) =>
    path.replace(/:(\w+)/g, (_, name) => (name === 'id' ? '999' : 'nobody')).replace('*', 'nothing')
  const all = [
    ...Object.entries(api).map(([route, role]) => ({
      route: route.replace(' ', ' /api/v1'),
      role,
    })),
    ...Object.entries(pages).map(([route, role]) => ({ route, role })),
  ].map(({ route, role }) => {
    const [method = '', path = ''] = route.split(' ')
    return { route, role, method, path: filled(path) }
  })

  test.each([...roles, null])(
    'lets %s do what the tables say, from a page of ours alone',
    async (as) => {
      const site = await aSite()
      const host = `127.0.0.1:${site.port}`
      const wrong: string[] = []
      for (const { route, role, method, path } of all) {
        const isApi = path.startsWith('/api/')
        const type = isApi ? 'application/json' : 'application/x-www-form-urlencoded'
        const reads = method === 'GET'
        for (const [what, given, own] of senders) {
          const cookie = as === null ? undefined : await fresh(site, as, route)
          const headers = { ...(reads ? {} : { 'content-type': type }), ...written(given, host) }
          const { status } = await site.ask(path, { method, headers, cookie })
          const passes = reads || own
          // From the machine itself nobody is signed in by a request that names another machine's page.
          const stranger = JSON.stringify(given).match(/evil|null/) !== null && 'origin' in given
          const wanted = wantedOf({ role, as, passes, isApi, reads, stranger })
          if (!wanted(status)) wrong.push(`${route} as ${as} from ${what}: ${status}`)
        }
      }
      expect(wrong).toEqual([])
    },
  )

  const cookies = new Map<string, string>()

  /** One session for all, but for what ends it. */
  async function fresh(site: Awaited<ReturnType<typeof aSite>>, role: Role, route: string) {
    const key = `${site.port} ${role}`
    const known = cookies.get(key)
    if (known !== undefined && (await site.whoIs(known)) !== null) return known
    if (known !== undefined && !/logout|login/.test(route))
      throw new Error(`${route} ended a session`)
    const cookie = await site.signIn(role, role)
    cookies.set(key, cookie)
    return cookie
  }

  function wantedOf(given: {
    role: Role | 'anybody'
    as: Role | null
    passes: boolean
    isApi: boolean
    reads: boolean
    stranger: boolean
  }): (status: number) => boolean {
    const { role, as, passes, isApi, reads, stranger } = given
    if (stranger && reads && role === 'anybody') return (status) => status < 404
    if (stranger && reads) return (status) => [303, 401, 429].includes(status)
    if (stranger && isApi) return (status) => [401, 403, 429].includes(status)
    if (!isApi && !passes) return (status) => status === 403
    if (role === 'anybody') return (status) => ![403, 405, 500].includes(status)
    // After many of these the API tells to wait: nobody with nothing is let in either way.
    if (as === null && isApi) return (status) => status === 401 || status === 429
    if (as === null) return (status) => status === (reads ? 303 : 401)
    if (!passes || !reaches(as, role)) return (status) => status === 403
    return (status) => ![401, 403, 405, 415, 429, 500].includes(status)
  }
})

describe('a page that does not say who may have it cannot be made', () => {
  const door = { settings: { publicUrl: null } } as unknown as Door // nothing of it is asked here
  const handle = () => new Response('secret')

  test.each([undefined, '', 'Viewer', 'everybody'])('its role is %s', (role) => {
    const page = { role } as unknown as Page
    expect(() => createPages(door).get('/-/x', page, handle)).toThrow('GET /-/x declares no role.')
  })

  test('nor a form that the audit log has no name for', () => {
    const form = { role: 'viewer' } as Parameters<ReturnType<typeof createPages>['post']>[1]
    const make = () => createPages(door).post('/-/x', form, handle)
    expect(make).toThrow('POST /-/x declares no name for the audit log.')
  })

  test('nor can one be put into the router behind its back', () => {
    const made = createPages(door)
    made.app.get('/-/x', handle)
    made.get('/-/y', { role: 'viewer' }, handle)
    expect(() => made.close()).toThrow('GET /-/x declares no role.')
  })
})

test('a token goes before the cookie, and a bad one is not helped by it', async () => {
  const site = await aSite()
  const cookie = await site.signIn('ada', 'admin')
  const { value } = (await site.here('POST', '/tokens', { name: 'ci', role: 'viewer' })).json
  const as = (authorization: string) =>
    site.ask('/api/v1/users', { cookie, headers: { authorization } })
  expect((await as(`Bearer ${value}`)).status).toBe(403)
  expect((await as('Bearer nonsense')).status).toBe(401)
  expect((await as('')).status).toBe(401)
  expect((await site.ask('/api/v1/users', { cookie })).status).toBe(200)
})
