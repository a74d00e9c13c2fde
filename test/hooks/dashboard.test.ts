/** Where the dashboard is, and whom it believes, as the hooks file says it. */

import { expect, test } from 'vitest'
import { written } from './written.ts'

const hooks = { a: { on: 'manual', auth: 'login', run: 'true' } }
const settings = async (server: object) => (await written({ server, hooks })).config?.server
const lines = async (server: object) => (await written({ server, hooks })).lines

test('the dashboard is where deliveries come to, unless it has a port of its own, or there is none', async () => {
  const at = async (server: object) => (await settings(server))?.dashboard
  const url = 'https://deploy.example.com'
  expect(await at({})).toEqual({ listen: null, publicUrl: null })
  expect(await at({ 'public-url': url })).toEqual({ listen: null, publicUrl: url })
  expect(await at({ 'public-url': url, dashboard: { port: 9001 } })).toEqual({
    listen: { host: '127.0.0.1', port: 9001 },
    publicUrl: null, // the one of the hooks is at their address
  })
  const own = { host: '10.0.0.2', port: '9001', 'public-url': 'https://runs.example.com/' }
  expect(await at({ dashboard: own })).toEqual({
    listen: { host: '10.0.0.2', port: 9001 },
    publicUrl: 'https://runs.example.com',
  })
  expect(await at({ dashboard: false })).toBeNull()
})

test('an address with a path is for hooks alone, and the dashboard is told to have a name of its own', async () => {
  const url = 'https://example.com/deploy'
  const warning =
    'warn server.public-url has a path: hooks can be called by it, the dashboard cannot'
  expect(await lines({ 'public-url': url })).toEqual([warning])
  expect(await settings({ 'public-url': url })).toMatchObject({
    publicUrl: url,
    dashboard: { listen: null, publicUrl: null },
  })
  const own = { 'public-url': 'https://runs.example.com' }
  for (const dashboard of [false, own, { port: 9001 }, { port: 9001, ...own }])
    expect(await lines({ 'public-url': url, dashboard })).toEqual([])
  expect(await lines({ 'public-url': 'https://example.com/' })).toEqual([])
  const { shown } = await written({ server: { 'public-url': url }, hooks })
  expect(shown).toContain(
    'give the dashboard a name of its own: "dashboard": { "public-url": "https://runs.example.com" }; or leave it out: "dashboard": false',
  )
})

test.each<[object, string]>([
  [
    { dashboard: { 'public-url': 'https://example.com/runs/' } },
    'error server.dashboard.public-url: "https://example.com/runs/" has a path, beneath which it cannot be',
  ],
  [
    { dashboard: true },
    'error server.dashboard: true is not false, or an object such as { "port": 9001 }',
  ],
  [
    { dashboard: [] },
    'error server.dashboard: a list is not false, or an object such as { "port": 9001 }',
  ],
  [{ dashboard: { host: '::1' } }, 'error server.dashboard.host needs a "port" beside it'],
  [
    { dashboard: { port: '99999' } },
    'error server.dashboard.port: 99999 is not a port; write a number from 0 to 65535',
  ],
  [
    { dashboard: { port: 1, 'public-url': 'runs.example.com' } },
    'error server.dashboard.public-url: "runs.example.com" is not an address; write "https://deploy.example.com"',
  ],
  [{ login: {} }, 'error server.login needs "proxy-header": "Remote-User"'],
  [
    { login: { 'proxy-header': 'Remote-User' } },
    'error server.login.proxy-header needs "trusted-proxies": without them it is believed of nobody',
  ],
  [
    { login: { 'proxy-header': 'Remote-User' }, 'trusted-proxies': ['10.0.0.1', '0.0.0.0/0'] },
    'error server.login.proxy-header cannot stand beside "trusted-proxies" of "0.0.0.0/0"',
  ],
])('%j is a mistake, told where it stands', async (server, line) => {
  expect(await lines(server)).toEqual([line])
})

test.each<[object, string]>([
  [{ ui: false }, 'did you mean "dashboard"?'],
  [{ sso: {} }, 'did you mean "oidc"?'],
  [{ auth: {} }, 'did you mean "login"?'],
  [{ login: { header: 'Remote-User' } }, 'did you mean "proxy-header"?'],
  [{ dashboard: { bind: '::1' } }, 'did you mean "host"?'],
])('%j is told which word was meant, and nothing more', async (server, hint) => {
  const { shown, lines } = await written({ server, hooks })
  expect([lines.length, shown.includes(hint)]).toEqual([1, true])
})

test('users of a proxy have a role, and some have their own', async () => {
  const login = { 'proxy-header': 'Remote-User', role: 'operator', roles: { Ada: 'admin' } }
  expect((await settings({ login, 'trusted-proxies': '10.0.0.2' }))?.proxyLogin).toEqual({
    header: 'remote-user',
    role: 'operator',
    roles: new Map([['ada', 'admin']]),
  })
  expect((await settings({}))?.proxyLogin).toBeNull()
})
