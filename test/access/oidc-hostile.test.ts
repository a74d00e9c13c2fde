/** Lies of a provider, of a browser and of other people's pages: none of them signs anybody in. */

import { describe, expect, test } from 'vitest'
import { aLiar, type Lies, otherKey } from './liar.ts'
import { CLIENT, goTo, HOME, oidcOf, signInBy } from './provider.ts'
import { aSite } from './site.ts'

async function aLiarsSite(lies: Lies = {}, more: object = {}) {
  const { issuer, state } = await aLiar()
  state.lies = lies
  const site = await aSite({ server: oidcOf(issuer, more) })
  return { site, issuer, state }
}

const later = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
const users = async (site: Awaited<ReturnType<typeof aSite>>) =>
  (await site.here('GET', '/users')).json.users

test('who is told the truth comes in', async () => {
  const { site, state } = await aLiarsSite()
  expect(await site.whoIs((await signInBy(site)).cookie)).toBe('oidc:ada')
  await signInBy(site)
  const once = ['/.well-known/openid-configuration', '/keys'] // both are kept
  for (const path of once) expect(state.asked.filter((one) => one === path)).toHaveLength(1)
})

const none = (token: string) => {
  const [, claims] = token.split('.')
  return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`
}
const tokens: readonly [what: string, lies: Lies][] = [
  ['with another nonce', { claims: (honest) => ({ ...honest, nonce: 'x' }) }],
  ['without a nonce', { claims: ({ nonce: _, ...rest }) => rest }],
  ['for another client', { claims: (honest) => ({ ...honest, aud: 'another' }) }],
  [
    'for several clients, another of which asked',
    { claims: (honest) => ({ ...honest, aud: [CLIENT.id, 'another'], azp: 'another' }) },
  ],
  ['for us, asked for by another', { claims: (honest) => ({ ...honest, azp: 'another' }) }],
  ['of another issuer', { claims: (honest) => ({ ...honest, iss: 'https://evil.example' }) }],
  ['that has expired', { claims: (honest) => ({ ...honest, exp: later(-120) }) }],
  ['that does not expire', { claims: ({ exp: _, ...rest }) => rest }],
  ['that counts from later on', { claims: (honest) => ({ ...honest, nbf: later(600) }) }],
  ['about nobody', { claims: ({ sub: _, ...rest }) => rest }],
  ['about somebody without end', { claims: (honest) => ({ ...honest, sub: 'x'.repeat(256) }) }],
  ['about what ends a text', { claims: (honest) => ({ ...honest, sub: '1\u0000' }) }],
  ['signed by somebody else', { key: otherKey }],
  ['signed by a key that is not the provider’s', { header: (one) => ({ ...one, kid: 'two' }) }],
  ['that was changed', { token: (token) => token.replace(/\.(.)/, (_, c) => `.${c}A`) }],
  ['whose signature was cut off', { token: (token) => token.replace(/[^.]*$/, '') }],
  ['that says it needs no signature', { token: none }],
  ['signed with the secret', { header: (one) => ({ ...one, alg: 'HS256' }) }],
  ['that is none', { token: () => 'x' }],
]

test('no ID token is believed but one of the provider itself, for us, now, and for this browser', async () => {
  const { site, state } = await aLiarsSite()
  for (const [what, lies] of tokens) {
    state.lies = lies
    const answer = await signInBy(site)
    const isSaid = answer.text.includes('cannot be believed')
    expect([what, answer.status, isSaid]).toEqual([what, 403, true])
    expect(String(answer.headers['set-cookie'])).not.toMatch(/runhook=/)
  }
  expect(await users(site)).toEqual([])
  expect(await site.audit()).toEqual(tokens.map(() => '? oidc login answer not believed'))
})

describe('the way back', () => {
  const ways: readonly [string, (honest: URLSearchParams) => [string, string][], string][] = [
    ['of another issuer', (all) => [...all, ['iss', 'https://evil.example']], 'cannot be believed'],
    ['that names no issuer', (all) => [...all].filter(([name]) => name !== 'iss'), 'cannot be'],
    ['with another state', (all) => [...all, ['state', 'A'.repeat(43)]], 'did not begin'],
    ['without a state', (all) => [...all].filter(([name]) => name !== 'state'), 'did not begin'],
    ['with a code that was made up', (all) => [...all, ['code', 'x']], 'used already'],
    [
      'with an error',
      (all) => [...all, ['error', 'access_denied']],
      'did not sign you in (access_',
    ],
    ['with an error of strange words', (all) => [...all, ['error', '<b>']], 'it did not say why'],
  ]

  test('is refused that is not the one which the provider and this browser agreed on', async () => {
    const { site, state } = await aLiarsSite()
    for (const [what, back, words] of ways) {
      state.lies = { back: (honest) => new URLSearchParams(Object.fromEntries(back(honest))) }
      const answer = await signInBy(site)
      expect([what, answer.status, answer.text.includes(words)]).toEqual([what, 403, true])
      expect(answer.text).not.toContain('<b>')
    }
    expect(await users(site)).toEqual([])
  })

  test('counts once', async () => {
    const { site } = await aLiarsSite()
    const { flow, back } = await goTo(site)
    expect((await site.ask(back, { cookie: flow })).status).toBe(303)
    const again = await site.ask(back, { cookie: flow })
    expect([again.status, again.text.includes('used already')]).toEqual([403, true])
  })

  test('counts in the browser that began it, and in no other (login CSRF)', async () => {
    const { site } = await aLiarsSite()
    const { back } = await goTo(site)
    const other = await goTo(site)
    for (const cookie of [undefined, other.flow, 'runhook-oidc=', 'runhook-oidc=x.1.', 'x=y'])
      expect(await site.ask(back, { cookie })).toMatchObject({ status: 403 })
    expect(await users(site)).toEqual([])
    expect(await site.audit()).toEqual(Array(5).fill('? oidc login not begun here'))
  })

  test('keeps nobody out when another site has an office send many (images of it)', async () => {
    const { site } = await aLiarsSite()
    const { flow, back } = await goTo(site)
    for (let n = 0; n < 40; n += 1) {
      const path = n % 2 ? '/-/login/oidc/callback?code=x&state=y' : '/-/login/oidc/callback'
      const headers = { 'sec-fetch-site': 'cross-site' }
      expect((await site.ask(path, { headers, cookie: n % 4 ? undefined : flow })).status).toBe(403)
    }
    expect((await site.ask(back, { cookie: flow })).status).toBe(303)
  })

  test('counts for a quarter of an hour, and where it leads cannot be changed', async () => {
    const { site } = await aLiarsSite()
    const { flow, back } = await goTo(site, '/-/runs')
    const [value = '', at = '', next = ''] = flow.split('.')
    const changed = [
      `${value}.${Number(at) - 900_001}.${next}`,
      `${value}.${Number(at) + 60_000}.${next}`,
      `${value}.${at}.${Buffer.from('/-/audit').toString('base64url')}`,
    ]
    for (const cookie of changed) expect((await site.ask(back, { cookie })).status).toBe(403)
    expect((await site.ask(back, { cookie: flow })).headers.location).toBe('/-/runs')
  })

  test('leads to pages of the dashboard alone', async () => {
    const { site } = await aLiarsSite()
    for (const next of [
      'https://evil.example/',
      '//evil.example/-/',
      '/\\evil.example/-/',
      '/-/../x',
      '/hooks/hello',
      'javascript:alert(1)',
      '/-/\r\nset-cookie: x=y',
      '',
    ]) {
      const { headers } = await signInBy(site, next)
      expect([next, String(headers.location)]).toEqual([next, expect.stringMatching(/^\/-\//)])
      expect(String(headers['set-cookie'])).not.toContain('x=y')
    }
  })
})

test('another site can have nobody begin, nor choose where it ends', async () => {
  const { site, state } = await aLiarsSite()
  for (const origin of ['cross-site', 'same-site']) {
    const headers = { 'sec-fetch-site': origin }
    const answer = await site.ask('/-/login/oidc?next=https://evil.example', { headers })
    expect([answer.headers.location, answer.cookie]).toEqual(['/-/login?next=%2F-%2F', undefined])
  }
  expect(state.asked).toEqual([])
})

describe('a session of the provider', () => {
  test('gets a value of its own at each login, and ends the one that was there (fixation)', async () => {
    const { site } = await aLiarsSite()
    const planted = await site.signIn('mallory', 'viewer')
    const { flow, back } = await goTo(site)
    const { cookie } = await site.ask(back, { cookie: `${flow}; ${planted}` })
    expect([await site.whoIs(cookie), await site.whoIs(planted)]).toEqual(['oidc:ada', null])
    expect(cookie).not.toBe(planted)
  })

  test('on https is kept under names that no neighbour can plant', async () => {
    const { issuer } = await aLiar()
    const server = { ...oidcOf(issuer), 'public-url': 'https://runs.example.com' }
    const site = await aSite({ server: { ...server, 'trusted-proxies': '127.0.0.1' } })
    const headers = { host: 'runs.example.com', 'x-forwarded-for': '203.0.113.7' }
    const { flow, back } = await goTo(site, '/-/', headers)
    expect(flow).toMatch(/^__Host-runhook-oidc=/)
    const plain = flow.replace('__Host-', '')
    expect((await site.ask(back, { cookie: plain, headers })).status).toBe(403)
    const answer = await site.ask(back, { cookie: flow, headers })
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-runhook=[\w-]{43}; .*; HttpOnly; Secure; SameSite=Lax$/),
      '__Host-runhook-oidc=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
    ])
    const unsafe = await site.ask('/-/login/oidc', { headers: { host: 'runs.example.com:9000' } })
    expect([unsafe.status, unsafe.cookie]).toEqual([403, undefined])
  })
})

describe('a provider', () => {
  const down: Lies = { broken: (response) => response.destroy() }

  test('that is down stops nothing but signing in by it, and is asked again', async () => {
    const { site, state } = await aLiarsSite(down)
    const { begun } = await goTo(site)
    expect([begun.status, begun.text.includes('Acme cannot be asked just now')]).toEqual([
      502,
      true,
    ])
    expect(begun.text).toContain('name="password"')
    expect(await site.whoIs(await site.signIn('bob'))).toBe('bob')
    const before = state.asked.length
    await Promise.all(Array.from({ length: 8 }, () => goTo(site)))
    expect(state.asked.length - before).toBeLessThan(2) // not more than once a second
    state.lies = {}
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect((await signInBy(site)).status).toBe(303)
    state.lies = down
    expect(await site.whoIs((await site.ask('/-/login')).cookie)).toBeNull()
    const late = await goTo(site).then(
      () => null,
      (error: unknown) => error,
    )
    expect(late).not.toBeNull() // its own page is not there, ours led to it
  })

  test.each<[string, Lies, number]>([
    ['another issuer', { metadata: (all) => ({ ...all, issuer: 'https://evil.example' }) }, 502],
    ['no place to go to', { metadata: ({ authorization_endpoint: _, ...all }) => all }, 502],
    ['a page', { broken: (response) => void response.end('<html>') }, 502],
    ['an error', { broken: (response) => void response.writeHead(500).end() }, 502],
    [
      'another address',
      { broken: (response) => void response.writeHead(302, { location: HOME }).end() },
      502,
    ],
  ])('that tells of %s is not used', async (_, lies, status) => {
    const { site } = await aLiarsSite(lies)
    const { begun } = await goTo(site)
    expect([begun.status, begun.cookie]).toEqual([status, undefined])
    expect(begun.text).toContain('action="/-/login"') // at this address nobody takes a password
    expect(await site.audit()).toEqual(['? oidc login provider unreachable'])
  })

  test.each([
    ['authorization_endpoint', 'javascript:alert(1)'],
    ['authorization_endpoint', 'http://evil.example/authorize'],
    ['authorization_endpoint', 'data:text/html,x'],
    ['authorization_endpoint', '/authorize'],
    ['authorization_endpoint', { toString: 1 }],
    ['token_endpoint', 'http://evil.example/token'],
    ['jwks_uri', 'http://evil.example/keys'],
    ['userinfo_endpoint', 'file:///etc/passwd'],
  ])('whose %s is %j is not used, and nobody sent to it', async (endpoint, address) => {
    const { site, state } = await aLiarsSite({
      metadata: (all) => ({ ...all, [endpoint]: address }),
    })
    const { begun } = await goTo(site)
    expect([begun.status, begun.headers.location, begun.cookie]).toEqual([
      502,
      undefined,
      undefined,
    ])
    expect(await site.audit()).toEqual(['? oidc login provider unreachable'])
    expect(site.warned.join()).toContain(
      `its ${endpoint} is ${JSON.stringify(address)}, which is not`,
    )
    expect(state.asked).toEqual(['/.well-known/openid-configuration'])
  })

  test('whose place to sign out is no address of it is not led to', async () => {
    for (const address of ['javascript:alert(1)', 'http://evil.example/']) {
      const { site } = await aLiarsSite({
        metadata: (all) => ({ ...all, end_session_endpoint: address }),
      })
      expect((await signInBy(site)).status).toBe(303)
      const { status, text } = await site.ask('/-/login?left')
      expect(status).toBe(200)
      expect(text).not.toContain(address)
    }
  })

  const userinfo = { sub: '1', preferred_username: 'ada', groups: ['staff'] }
  const claims: Lies['claims'] = ({ groups: _, ...rest }) => rest
  test.each(['/.well-known/openid-configuration', '/token', '/keys', '/userinfo'])(
    'that answers %s with more than 1 MiB is not listened to',
    async (padded) => {
      const { site, state } = await aLiarsSite({ userinfo, claims, padded })
      const { begun, flow, back } = await goTo(site)
      const answer = back === '' ? begun : await site.ask(back, { cookie: flow })
      expect([answer.status, answer.text.includes('Acme cannot be asked just now')]).toEqual([
        502,
        true,
      ])
      expect(site.warned.join()).toContain(
        'an answer of it cannot be read, it is larger than 1 MiB',
      )
      expect(state.asked).toContain(padded)
    },
  )

  const methods = (...all: string[]): Lies => ({
    inForm: true,
    metadata: (honest) => ({ ...honest, token_endpoint_auth_methods_supported: all }),
  })
  test.each<[string, Lies]>([
    ['that it takes nothing else', methods('client_secret_post')],
    ['both, and takes one', methods('client_secret_basic', 'client_secret_post')],
    [
      'both, and asks for the other',
      { ...methods('client_secret_basic', 'client_secret_post'), challenges: true },
    ],
  ])('that takes the secret in the form is given it there, when it says %s', async (_, lies) => {
    const { site } = await aLiarsSite(lies)
    expect((await signInBy(site)).status).toBe(303)
    expect((await signInBy(site)).status).toBe(303)
  })

  test('that forgot us for a moment is asked as before when it knows us again', async () => {
    const { metadata } = methods('client_secret_basic', 'client_secret_post')
    const { site, state } = await aLiarsSite({ ...(metadata && { metadata }), forgets: true })
    expect((await signInBy(site)).status).toBe(502)
    state.lies = {}
    const all = await Promise.all([signInBy(site), signInBy(site)])
    expect(all.map(({ status }) => status)).toEqual([303, 303])
  })

  test('that does not know us is told of to the operator, and the secret to nobody', async () => {
    const more = { 'client-secret': 'another-canary-0123456789' }
    const { site, state } = await aLiarsSite({}, more)
    for (const lies of [{}, { challenges: true } as const]) {
      state.lies = lies
      const answer = await signInBy(site)
      expect([answer.status, answer.text.includes('finds more in the log')]).toEqual([502, true])
      expect(answer.text).not.toContain('canary')
    }
    expect(site.warned).toEqual([
      expect.stringMatching(/^<-- \[502\] sign-in from 127\.0\.0\.1: .*invalid_client, 401$/),
      expect.stringMatching(/^<-- \[502\] sign-in from 127\.0\.0\.1: .*, 401$/),
    ])
  })

  test('that is asked for what the token lacks answers for him alone', async () => {
    const claims = ({ groups: _, ...rest }: Record<string, unknown>) => rest
    const { site, state } = await aLiarsSite({ claims, userinfo: { sub: '2', groups: ['staff'] } })
    expect((await signInBy(site)).status).toBe(403)
    state.lies = { claims, userinfo: { sub: '1', groups: ['root'], preferred_username: 'eve' } }
    expect(await site.whoIs((await signInBy(site)).cookie)).toBe('oidc:ada')
    expect(await users(site)).toMatchObject([{ role: 'admin' }])
  })
})

test('of many that are wrong at once the provider is asked for no more than of one after the other', async () => {
  const { site, state } = await aLiarsSite()
  const { flow, back } = await goTo(site)
  const wrong = new URL(back, 'http://any')
  wrong.searchParams.set('code', 'canary-code')
  const ask = () => site.ask(`${wrong.pathname}${wrong.search}`, { cookie: flow })
  const statuses = (await Promise.all(Array.from({ length: 80 }, ask))).map(({ status }) => status)
  expect(statuses.filter((status) => status === 403)).toHaveLength(30)
  expect(statuses.filter((status) => status === 429)).toHaveLength(50)
  expect(state.asked.filter((path) => path === '/token')).toHaveLength(30)
})

test('an address that is wrong too often is told to wait, and what it wrote is in no log', async () => {
  const { site } = await aLiarsSite()
  const { flow, back } = await goTo(site)
  const wrong = new URL(back, 'http://any')
  wrong.searchParams.set('code', 'canary-code')
  const ask = () => site.ask(`${wrong.pathname}${wrong.search}`, { cookie: flow })
  for (let n = 0; n < 30; n += 1) expect((await ask()).status).toBe(403)
  expect((await ask()).status).toBe(429)
  expect((await goTo(site)).begun.status).toBe(429)
  expect(site.warned).toHaveLength(30)
  expect(site.warned.join()).not.toContain('canary')
})
