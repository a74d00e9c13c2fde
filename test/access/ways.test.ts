/** By which way somebody comes: https, this machine, a proxy; and what that makes of cookies and headers. */

import { describe, expect, test } from 'vitest'
import { placeOf } from '../../src/access/place.ts'
import { networksOf } from '../../src/network/allowed.ts'
import { aSite, OWN, PASSWORD } from './site.ts'

const PUBLIC = 'https://runs.example.com'
const behind = { 'public-url': PUBLIC, 'trusted-proxies': '127.0.0.1' }
const viaProxy = { host: 'runs.example.com', 'x-forwarded-for': '203.0.113.7' }

describe('the way to a browser', () => {
  const proxies = networksOf(['10.0.0.2'])
  const place = (
    headers: Record<string, string>,
    { url = null as string | null, remote = '127.0.0.1', local = '127.0.0.1' } = {},
  ) => {
    const socket = { remoteAddress: remote, localAddress: local }
    const incoming = { headers, socket } as unknown as Parameters<typeof placeOf>[0]
    return placeOf(incoming, url, (address) => proxies.has(address))
  }
  const local = { host: 'localhost:9000' }

  test.each(['localhost', 'localhost:9000', '127.0.0.1:9000', '[::1]:9000', '127.1.2.3'])(
    'is none at all on this machine, called %s',
    (host) => expect(place({ host })).toBe('local'),
  )

  test.each<[string, Record<string, string>, object?]>([
    ['from another machine', local, { remote: '192.168.1.7', local: '192.168.1.5' }],
    ['to another address of this machine', local, { remote: '127.0.0.1', local: '192.168.1.5' }],
    ['by a name that points here (DNS rebinding)', { host: 'evil.example' }],
    ['by a name that begins so', { host: 'localhost.evil.example' }],
    ['without a name', {}],
    ['through a proxy', { ...local, 'x-forwarded-for': '127.0.0.1' }],
    ['through a proxy that says so otherwise', { ...local, forwarded: 'for=127.0.0.1' }],
    ['from a page of another name, as bare proxies pass it on', { ...local, origin: PUBLIC }],
    ['by a socket without addresses', local, { remote: '', local: '' }],
  ])('is not safe %s', (_, headers, more = {}) => expect(place(headers, more)).toBe('unsafe'))

  test.each<[string, Record<string, string>, string, object?]>([
    ['by the public name', { host: 'runs.example.com' }, 'https', { remote: '10.9.9.9' }],
    [
      'by a proxy that keeps its own name for us',
      { host: 'app:9000' },
      'https',
      { remote: '10.0.0.2' },
    ],
    ['by a proxy on this machine', { ...local, 'x-real-ip': '1.2.3.4' }, 'https'],
    ['past the proxy, by address', { host: '10.0.0.9:9000' }, 'elsewhere', { remote: '10.9.9.9' }],
    ['past the proxy, by name', { host: 'runs.example.com:9000' }, 'elsewhere'],
    [
      'to the proxy, over plain http',
      { host: 'runs.example.com', 'x-forwarded-proto': 'http' },
      'elsewhere',
    ],
  ])('with a public https address %s', (_, headers, wanted, more = {}) => {
    expect(place(headers, { url: PUBLIC, ...more })).toBe(wanted)
  })

  test('is not safe by a public address over plain http', () => {
    expect(place({ host: 'x.example' }, { url: 'http://x.example' })).toBe('unsafe')
  })
})

describe('over plain http', () => {
  test('nobody is let in, and the page says why and what to do', async () => {
    const site = await aSite()
    await site.setPassword('ada')
    const headers = { host: 'runs.example.com', ...OWN }
    const page = await site.ask('/-/login', { headers })
    expect(page.status).toBe(403)
    expect(page.text).toContain('Nobody can sign in by it.')
    expect(page.text).toContain('"public-url": "https://deploy.example.com"')
    expect(await site.signInByPassword('ada', PASSWORD, { headers })).toMatchObject({
      status: 403,
      cookie: undefined,
    })
    const link = await site.linkOf('ada')
    expect((await site.ask(link, { form: {}, headers })).status).toBe(403)
    expect((await site.ask(link, { form: {} })).status).toBe(303) // it was not used up
  })

  test('past a proxy with https one is told where to go', async () => {
    const site = await aSite({ server: behind })
    const headers = { host: 'runs.example.com:9000', 'x-forwarded-for': '203.0.113.7' }
    const { status, text } = await site.ask('/-/login', { headers })
    expect([status, text.includes(`href="${PUBLIC}/-/login"`)]).toEqual([403, true])
  })

  test('a session of this machine counts for no other name', async () => {
    const site = await aSite()
    const cookie = await site.signIn('ada')
    expect(await site.whoIs(cookie)).toBe('ada')
    expect(await site.whoIs(cookie, { host: 'evil.example' })).toBeNull()
  })
})

describe('the cookie', () => {
  test('on https is bound to its host, and kept from scripts and plain http', async () => {
    const site = await aSite({ server: behind })
    await site.setPassword('ada')
    const { headers } = await site.signInByPassword('ada', PASSWORD, {
      headers: { ...OWN, ...viaProxy },
    })
    expect(String(headers['set-cookie'])).toMatch(
      /^__Host-runhook=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax$/,
    )
  })

  test('on this machine has no https to be bound to, and all the rest', async () => {
    const site = await aSite()
    await site.setPassword('ada')
    const { headers } = await site.signInByPassword('ada', PASSWORD)
    expect(String(headers['set-cookie'])).toMatch(
      /^runhook=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/,
    )
  })

  test('on https counts under its bound name alone, which no neighbour can plant', async () => {
    const site = await aSite({ server: behind })
    const cookie = await site.signIn('ada', 'viewer', viaProxy)
    expect(await site.whoIs(cookie, viaProxy)).toBe('ada')
    expect(await site.whoIs(cookie.replace('__Host-', ''), viaProxy)).toBeNull()
  })

  test('is counted also behind a proxy that passes on nothing but the request', async () => {
    const site = await aSite({ server: behind })
    await site.setPassword('ada')
    const headers = { ...OWN, origin: PUBLIC } // what a browser adds to a form
    const { cookie } = await site.signInByPassword('ada', PASSWORD, { headers })
    expect(cookie).toMatch(/^__Host-runhook=/)
    expect(await site.whoIs(cookie)).toBe('ada')
  })
})

describe('a proxy that signs people in', () => {
  const login = { 'proxy-header': 'Remote-User', roles: { Grace: 'admin' } }
  const server = { ...behind, login }
  const says = (user: string | string[]) => ({ ...viaProxy, 'remote-user': user })
  const reach = { host: '127.0.0.1' }

  test('is believed: who comes first is made a user, with the role that the file gives', async () => {
    const site = await aSite({ server })
    expect(await site.whoIs(undefined, says('ada'))).toBe('ada')
    expect(await site.whoIs(undefined, says('grace'))).toBe('grace')
    expect(await site.whoIs(undefined, says('ADA'))).toBe('ada')
    const { users } = (await site.here('GET', '/users')).json
    expect(users).toMatchObject([
      { name: 'ada', role: 'viewer', createdBy: 'the proxy' },
      { name: 'grace', role: 'admin', createdBy: 'the proxy' },
    ])
    expect(await site.audit()).toEqual([
      'ada proxy user.add user ada (viewer) ok',
      'grace proxy user.add user grace (admin) ok',
    ])
    await site.here('POST', '/users/ada/role', { role: 'admin' })
    expect((await site.ask('/api/v1/users', { headers: says('ada') })).status).toBe(200)
  })

  test('is believed by no name that a stranger may point here (DNS rebinding), and the page says why', async () => {
    const site = await aSite({ server })
    for (const host of ['evil.example', 'evil.example:443', 'runs.example.com.evil.example']) {
      const headers = { ...says('grace'), ...OWN, host }
      const page = await site.ask('/-/account', { headers })
      expect([page.status, page.text.includes('&quot;public-url&quot;')]).toEqual([403, true])
      expect((await site.ask('/api/v1/status', { headers })).status).toBe(403)
      expect((await site.ask('/-/events', { headers })).status).toBe(403)
      const sent = await site.ask('/hooks/hello', { method: 'POST', headers })
      expect(sent.status).not.toBe(202)
    }
    expect((await site.here('GET', '/users')).json.users).toEqual([])
    expect((await site.here('GET', '/runs')).json.runs).toEqual([])
    for (const host of ['RUNS.example.com', 'localhost:9000', '10.0.0.5:9000', '[fd00::5]:9000'])
      expect(await site.whoIs(undefined, { ...says('ada'), host })).toBe('ada')
  })

  test('makes one user of many requests at once', async () => {
    const site = await aSite({ server })
    const asks = Array.from({ length: 8 }, () => site.whoIs(undefined, says('ada')))
    expect(new Set(await Promise.all(asks))).toEqual(new Set(['ada']))
    expect((await site.here('GET', '/users')).json.users).toHaveLength(1)
  })

  test.each<[string, object]>([
    ['from a proxy that nobody named', { login, 'trusted-proxies': '10.0.0.2' }],
    ['where the file does not ask for it', behind],
  ])('is not believed %s', async (_, other) => {
    const site = await aSite({ server: other })
    for (const headers of [says('ada'), { ...reach, 'remote-user': 'ada' }]) {
      expect(await site.whoIs(undefined, headers)).toBeNull()
      expect((await site.ask('/api/v1/status', { headers })).status).toBe(401)
    }
    expect((await site.here('GET', '/users')).json.users).toEqual([])
  })

  test('cannot be spoken for in X-Forwarded-For', async () => {
    const site = await aSite({ server: { login, 'trusted-proxies': '10.0.0.2' } })
    const headers = { ...says('ada'), 'x-forwarded-for': '10.0.0.2' }
    expect(await site.whoIs(undefined, headers)).toBeNull()
  })

  test('lets in nobody who is disabled, also not by a session that he has', async () => {
    const site = await aSite({ server })
    await site.whoIs(undefined, says('ada'))
    const cookie = await site.signIn('bob', 'admin', viaProxy)
    await site.here('POST', '/users/ada/disable')
    const { status, text } = await site.ask('/-/account', { headers: says('ada'), cookie })
    expect([status, text.includes('is disabled')]).toEqual([403, true])
    expect((await site.ask('/api/v1/status', { headers: says('ada'), cookie })).status).toBe(403)
  })

  test.each<string | string[]>([
    'a b',
    '../x',
    'ada, grace',
    '<b>',
    'x'.repeat(64),
    'rh_x"',
    ['ada', 'grace'],
  ])('makes no user of %j', async (name) => {
    const site = await aSite({ server })
    const { status, text } = await site.ask('/-/account', { headers: says(name) })
    expect([status, text.includes('none that can be used here')]).toEqual([403, true])
    expect((await site.here('GET', '/users')).json.users).toEqual([])
  })

  test('is as little proof of a page as a cookie is', async () => {
    const site = await aSite({ server: { ...behind, login: { ...login, role: 'operator' } } })
    const type = { 'content-type': 'application/json' }
    const trigger = (more: object) =>
      site.ask('/api/v1/hooks/hello/trigger', {
        method: 'POST',
        headers: { ...says('ada'), ...type, ...more },
      })
    expect((await trigger({})).status).toBe(403)
    expect((await trigger({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await trigger(OWN)).status).toBe(202)
  })
})

describe('a hook with "auth": "login"', () => {
  const hooks = {
    show: { url: '/show', on: ['get', 'post'], auth: 'login', run: 'echo "$HOOK_SENDER"' },
    basic: { url: '/basic', on: 'get', users: { ada: PASSWORD }, run: 'true' },
  }
  const typed = { 'sec-fetch-site': 'none' }

  test('is started by an operator who is signed in, under his name', async () => {
    const site = await aSite({ hooks })
    const cookie = await site.signIn('ada', 'operator')
    expect((await site.ask('/show', { cookie, headers: typed })).status).toBe(200)
    const posted = await site.ask('/show', { method: 'POST', cookie, headers: OWN })
    expect([200, 202]).toContain(posted.status)
    const { deliveries } = (await site.here('GET', '/deliveries')).json
    expect(deliveries).toMatchObject([
      { sender: 'ada', proof: 'session of ada' },
      { sender: 'ada', proof: 'session of ada' },
    ])
  })

  test('is started by nobody whom another site sent, by no viewer, and by no session that ended', async () => {
    const site = await aSite({ hooks })
    const operator = await site.signIn('ada', 'operator')
    const viewer = await site.signIn('bob', 'viewer')
    const gone = await site.signIn('gone', 'operator')
    await site.here('DELETE', '/users/gone')
    const ask = async (cookie: string, headers: Record<string, string>, method = 'GET') =>
      (await site.ask('/show', { cookie, headers, method })).status
    expect(await ask(operator, { 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await ask(operator, { 'sec-fetch-site': 'same-site' }, 'POST')).toBe(403)
    expect(await ask(operator, { origin: 'https://evil.example' }, 'POST')).toBe(401)
    expect([await ask(operator, {}), await ask(operator, {}, 'POST')]).toEqual([401, 401])
    expect(await ask(viewer, typed)).toBe(401)
    expect(await ask(gone, typed)).toBe(401)
    expect((await site.here('GET', '/runs')).json.runs).toEqual([])
  })

  test('is the only kind that a session starts', async () => {
    const site = await aSite({ hooks })
    const cookie = await site.signIn('ada', 'admin')
    expect((await site.ask('/basic', { cookie, headers: typed })).status).toBe(401)
  })
})

describe('the dashboard', () => {
  test('at an address of its own leaves nothing but hooks at the other', async () => {
    const site = await aSite({ server: { dashboard: { port: 0 } } })
    const { port } = new URL(site.server.dashboard ?? '')
    const statuses = async (port: number) =>
      Promise.all(
        ['/-/login', '/', '/api/v1/status', '/hooks/hello'].map(
          async (path) => (await site.askAt(port, path)).status,
        ),
      )
    expect(Number(port)).not.toBe(site.port)
    expect(await statuses(site.port)).toEqual([404, 404, 404, 401])
    expect(await statuses(Number(port))).toEqual([200, 302, 401, 404])
    expect(site.server.firstLink).toContain(`:${port}/-/link/`)
    const link = site.pathOfLink(site.server.firstLink ?? '')
    const { cookie } = await site.askAt(Number(port), link, { form: { name: 'ada' } })
    expect((await site.askAt(Number(port), '/api/v1/users', { cookie })).status).toBe(200)
  })

  test('answers what browsers ask of any site, and counts none of it as refused', async () => {
    const hooks = { robots: { url: '/robots.txt', auth: 'none', on: 'get', run: 'echo mine' } }
    const icons = [
      '/favicon.ico',
      '/apple-touch-icon.png',
      '/apple-touch-icon-120x120-precomposed.png',
    ]
    const site = await aSite()
    const answers = await Promise.all(
      [...icons, '/robots.txt', '/-/icon.svg'].map((path) => site.ask(path)),
    )
    expect(answers.map(({ status }) => status)).toEqual([303, 404, 404, 200, 200])
    expect(answers[0]?.headers.location).toBe('/-/icon.svg')
    expect(answers[3]?.text).toBe('User-agent: *\nDisallow: /\n')
    expect(answers[4]?.headers['content-type']).toBe('image/svg+xml')
    expect((await site.ask('/-/login')).text).toContain(
      '<link rel="icon" type="image/svg+xml" href="/-/icon.svg">',
    )
    expect((await site.here('GET', '/refusals')).json.total).toBe(0)
    const taken = await aSite({ hooks })
    expect((await taken.ask('/robots.txt')).text).toBe('mine\n')
  })

  test('may be left out: then nobody signs in, and tokens still open the API', async () => {
    const site = await aSite({ server: { dashboard: false } })
    expect(site.server).toMatchObject({ dashboard: null, firstLink: null })
    expect((await site.ask('/-/login')).status).toBe(404)
    expect((await site.ask('/api/v1/status')).status).toBe(401)
    expect(await site.here('POST', '/users', { name: 'ada', role: 'viewer' })).toMatchObject({
      status: 409,
      json: { error: { message: 'This server has no dashboard to sign in to.' } },
    })
    expect((await site.here('GET', '/users')).json.users).toEqual([])
  })

  test('puts the same guard before every page of it', async () => {
    const site = await aSite()
    const { headers } = await site.ask('/-/login')
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'; script-src 'self'"),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
    })
    const { text } = await site.ask('/-/login')
    expect(text).not.toMatch(/<script|<style|style=|onclick/)
  })
})
