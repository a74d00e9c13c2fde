/** Who signs in by OpenID Connect, as the hooks file says it. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Beside, REF, SECRET, written } from './written.ts'

const hooks = { a: { on: 'manual', auth: 'login', run: 'true' } }
const home = { 'public-url': 'https://runs.example.com' }
const least = {
  issuer: 'https://id.example.com',
  'client-id': 'runhook',
  'client-secret': REF,
  roles: { viewer: { groups: 'staff' } },
}
const load = (server: object, beside: Beside = {}) => written({ server, hooks }, beside)
const given = (oidc: object, server: object = home) => load({ ...server, oidc })
const lines = async (oidc: object, server?: object) => (await given(oidc, server)).lines

test('what is written least is enough', async () => {
  const { config, problems } = await given(least)
  expect(problems).toEqual([])
  expect(config?.server.oidc).toEqual({
    issuer: 'https://id.example.com/',
    clientId: 'runhook',
    clientSecret: { name: 'SECRET', value: SECRET },
    scopes: ['openid', 'profile', 'email'],
    nameClaim: null,
    label: 'id.example.com',
    rules: [{ role: 'viewer', claims: new Map([['groups', ['staff']]]) }],
    sessionMs: 86_400_000,
    redirectUri: 'https://runs.example.com/-/login/oidc/callback',
  })
  expect((await load({})).config?.server.oidc).toBeNull()
})

test('all of it may be said otherwise', async () => {
  const { config, problems } = await given({
    ...least,
    issuer: 'https://id.example.com/realms/acme',
    scopes: 'openid profile groups',
    'name-claim': 'email',
    label: 'Acme',
    session: '8h',
    roles: {
      viewer: { groups: ['staff', 7], email_verified: true },
      admin: [{ groups: 'admins' }, { email: 'ada@example.com' }],
    },
  })
  expect(problems).toEqual([])
  expect(config?.server.oidc).toMatchObject({
    issuer: 'https://id.example.com/realms/acme',
    scopes: ['openid', 'profile', 'groups'],
    nameClaim: 'email',
    label: 'Acme',
    sessionMs: 28_800_000,
    rules: [
      { role: 'admin', claims: new Map([['groups', ['admins']]]) },
      { role: 'admin', claims: new Map([['email', ['ada@example.com']]]) },
      {
        role: 'viewer',
        claims: new Map([
          ['groups', ['staff', '7']],
          ['email_verified', ['true']],
        ]),
      },
    ],
  })
})

test('people come back to where the dashboard is, by https or on this machine', async () => {
  const back = async (server: object) =>
    (await given(least, server)).config?.server.oidc?.redirectUri
  const own = { port: 9001, 'public-url': 'https://own.example.com/' }
  expect(await back({ ...home, dashboard: own })).toBe(
    'https://own.example.com/-/login/oidc/callback',
  )
  for (const host of ['localhost:9000', '127.0.0.1:9000', '[::1]'])
    expect(await back({ 'public-url': `http://${host}` })).toBe(
      `http://${host}/-/login/oidc/callback`,
    )
})

test.each<[string, object, object, ...string[]]>([
  [
    'nothing is said',
    {},
    home,
    'error server.oidc needs "issuer": "https://id.example.com"',
    'error server.oidc needs "client-id": "runhook"',
    `error server.oidc needs "client-secret": "\${OIDC_CLIENT_SECRET}"`,
    'error server.oidc needs "roles": { "viewer": { "groups": "staff" } }',
  ],
  [
    'nobody knows where people come back to',
    least,
    {},
    'error server.oidc needs "public-url" in "server": the provider sends people back there',
  ],
  [
    'the address of the hooks is not that of the dashboard',
    least,
    { ...home, dashboard: { port: 9001 } },
    'error server.oidc needs "public-url" in "dashboard": the provider sends people back there',
  ],
  [
    'the address is not one, that is said once',
    least,
    { 'public-url': 'runs' },
    'error server.public-url: "runs" is not an address; write "https://deploy.example.com"',
  ],
  [
    'nobody could sign in',
    least,
    { 'public-url': 'http://runs.example.com' },
    'error server.oidc cannot be used with http://runs.example.com: nobody can sign in over plain http',
  ],
  [
    'there is no dashboard',
    least,
    { ...home, dashboard: false },
    'error server.oidc needs the dashboard, and "dashboard" is false',
  ],
  [
    'the issuer is plain http',
    { ...least, issuer: 'http://id.example.com' },
    home,
    'error server.oidc.issuer: "http://id.example.com" is plain http: whoever is on the way could sign in as anybody',
  ],
  [
    'the issuer only looks like this machine',
    { ...least, issuer: 'http://localhost.example.com' },
    home,
    'error server.oidc.issuer: "http://localhost.example.com" is plain http: whoever is on the way could sign in as anybody',
  ],
  [
    'the issuer is no address',
    { ...least, issuer: 'id.example.com' },
    home,
    'error server.oidc.issuer: "id.example.com" is not an address; write "https://id.example.com"',
  ],
  [
    'the issuer is the document that tells of it',
    { ...least, issuer: 'https://id.example.com/realms/a/.well-known/openid-configuration' },
    home,
    'error server.oidc.issuer is the address of its settings; write what stands before: "https://id.example.com/realms/a"',
  ],
  [
    'no rule names anybody',
    { ...least, roles: {} },
    home,
    'error server.oidc.roles names nobody, so nobody could come in',
  ],
  [
    'a rule would fit everybody',
    { ...least, roles: { admin: {} } },
    home,
    'error server.oidc.roles.admin is an empty object, which fits everybody; name a claim',
  ],
  [
    'a rule would fit nobody',
    { ...least, roles: { admin: { groups: [] } } },
    home,
    'error server.oidc.roles.admin.groups is an empty list, which fits nobody; name a value',
  ],
  [
    'a list of rules is empty',
    { ...least, roles: { admin: [] } },
    home,
    'error server.oidc.roles.admin is an empty list, which fits nobody; name a value',
  ],
  [
    'a role is not one',
    { ...least, roles: { ...least.roles, root: { groups: 'x' } } },
    home,
    'error server.oidc.roles.root: unknown key',
  ],
  [
    'a rule is not one',
    { ...least, roles: { viewer: 'staff' } },
    home,
    'error server.oidc.roles.viewer: "staff" is not an object of claims and values, such as { "groups": "ops" }, or a list of them',
  ],
  [
    'people would do nothing but sign in',
    { ...least, session: '10s' },
    home,
    'error server.oidc.session: "10s" is too short; the shortest is 5m',
  ],
])('when %s it is a mistake, told where it stands', async (_, oidc, server, ...wanted) => {
  expect(await lines(oidc, server)).toEqual(wanted)
})

test('to make everybody an operator is told to be what it is', async () => {
  const roles = { viewer: { sub: '*' }, operator: { sub: '*' } }
  expect(await lines({ ...least, roles })).toEqual([
    'warn server.oidc.roles.operator is given to everybody whom the provider knows',
  ])
})

test.each<[object, string]>([
  [{ provider: 'https://id.example.com' }, 'did you mean "issuer"?'],
  [{ clientId: 'x' }, 'did you mean "client-id"?'],
  [{ secret: SECRET }, 'did you mean "client-secret"?'],
  [{ scope: 'openid' }, 'did you mean "scopes"?'],
  [{ groups: {} }, 'did you mean "roles"?'],
  [{ 'username-claim': 'x' }, 'did you mean "name-claim"?'],
])('%j is told which word was meant', async (oidc, hint) => {
  const { shown } = await given({ ...oidc })
  expect(shown).toContain(hint)
  expect(shown).not.toContain(SECRET)
})

test('its secret is hidden, is shown in no message, and comes from a file as well', async () => {
  const plain = await given({ ...least, 'client-secret': SECRET, roles: {} })
  expect(plain.shown).toContain(`is in the file; use "\${OIDC_SECRET}"`)
  expect(plain.shown).not.toContain(SECRET)
  const oidc = { ...least, 'client-secret': { file: 'secret' } }
  const { config } = await load({ ...home, oidc }, { files: { secret: `${SECRET}\n` } })
  expect(config?.server.oidc?.clientSecret.value).toBe(SECRET)
  expect(config?.hidden).toContain(SECRET)
  const missing = await load({ ...home, oidc: least }, { environment: {}, createSecrets: true })
  expect(missing.created).toEqual([]) // the provider has chosen it
  expect(missing.shown).toContain('add a line SECRET=… to .env')
})

test('a worker, which signs nobody in, needs none of it', async () => {
  const server = { ...home, database: 'postgres://localhost/x', oidc: least }
  const { config, problems } = await load(server, { environment: {}, role: 'worker' })
  expect([problems, config?.server.oidc]).toEqual([[], null])
})

test('every provider of docs/dashboard.md is written so that it can be copied', async () => {
  const text = readFileSync('docs/dashboard.md', 'utf8')
  const [, section = ''] = /^### OpenID Connect$(.*?)^### /ms.exec(text) ?? []
  const blocks = [...section.matchAll(/^```jsonc\n(.*?)^```/gms)].map(([, block = '']) => block)
  const [whole = '', ...more] = blocks
  const file = (server: string) => `{ ${server}, "hooks": ${JSON.stringify(hooks)} }`
  const environment = { OIDC_CLIENT_SECRET: SECRET }
  expect((await written(file(whole), { environment })).problems).toEqual([])
  const providers = more.join().split(/\n\n/)
  expect(providers).toHaveLength(7)
  for (const provider of providers) {
    const keys = `"client-id": "x", "client-secret": "\${OIDC_CLIENT_SECRET}"`
    const oidc = `"oidc": { ${keys}, \n${provider.trimEnd()} }`
    const server = `"server": { "public-url": "https://runs.example.com", ${oidc} }`
    const { problems, config } = await written(file(server), { environment })
    expect(problems.map(({ message }) => message)).toEqual([])
    expect(config?.server.oidc?.rules.length).toBeGreaterThan(0)
  }
})
