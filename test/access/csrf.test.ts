/** From where a request may come that changes something, whatever it says. Who may press what is in matrix.test.ts. */

import { describe, expect, test } from 'vitest'
import { createPages, type Door, type Page } from '../../src/access/page-routes.ts'
import { crossSiteProblem } from '../../src/access/same-origin.ts'
import { aSite } from './site.ts'

const PUBLIC = 'https://runs.example.com'

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

test('once the public name is known, no other name is ours that a stranger may point here', () => {
  const sent = (origin: string, host: string, site?: string) =>
    crossSiteProblem('POST', { origin, host, 'sec-fetch-site': site }, PUBLIC) === null
  for (const site of [undefined, 'same-origin']) {
    expect(sent('http://evil.example:9000', 'evil.example:9000', site)).toBe(false)
    expect(sent('null', 'runs.example.com', site)).toBe(false)
    expect(sent('http://127.0.0.1:9000', '127.0.0.1:9000', site)).toBe(true)
    expect(sent('http://localhost:9000', 'localhost:9000', site)).toBe(true)
    expect(sent('http://[::1]:9000', '[::1]:9000', site)).toBe(true)
    expect(sent(PUBLIC, 'app:9000', site)).toBe(true)
  }
})

test.each<[string, string, string | null]>([
  ['https://runs.example.com', 'RUNS.example.com', null],
  ['https://runs.example.com', 'runs.example.com:443', null],
  ['https://runs.example.com', 'Runs.Example.Com', 'https://Runs.example.com'],
  ['http://localhost:9000', 'LOCALHOST:9000', PUBLIC],
])('names are of any case: %s at %s', (origin, host, publicUrl) => {
  expect(crossSiteProblem('POST', { origin, host }, publicUrl)).toBeNull()
})

function written(headers: Headers, host: string): Headers {
  return JSON.parse(JSON.stringify(headers).replaceAll('HOST', host))
}

/** As Node gives what came several times. */
function joined(headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

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
