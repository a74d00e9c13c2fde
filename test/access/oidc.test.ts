/** Signing in by OpenID Connect, at a real provider: who comes in, as what, and who does not. */

import { describe, expect, test } from 'vitest'
import { aProvider, CLIENT, goTo, HOME, oidcOf, type Person, signInBy } from './provider.ts'
import { aSite, PASSWORD } from './site.ts'

const staff = (name: string, ...groups: string[]): Person => ({
  preferred_username: name,
  groups: ['staff', ...groups],
})

async function aSiteWith(people: Record<string, Person>, more: object = {}) {
  const provider = await aProvider(people)
  const site = await aSite({ server: oidcOf(provider.issuer, more) })
  return { site, ...provider }
}

describe('who comes by the provider', () => {
  test('has the highest role that fits, and is led to where he wanted to go', async () => {
    const { site, now, issuer } = await aSiteWith({
      '1': staff('ada', 'ops'),
      '2': staff('grace', 'root', 'ops'),
      '3': staff('bob'),
    })
    const { status, headers, cookie } = await signInBy(site, '/-/runs?status=failure')
    expect([status, headers.location]).toEqual([303, '/-/runs?status=failure'])
    expect(await site.whoIs(cookie)).toBe('oidc:ada')
    for (const as of ['2', '3', '1']) {
      now.as = as
      await signInBy(site)
    }
    expect((await site.here('GET', '/users')).json.users).toMatchObject([
      { name: 'oidc:ada', role: 'operator', hasPassword: false, createdBy: 'Acme' },
      { name: 'oidc:bob', role: 'viewer', identity: { issuer: `${issuer}/`, subject: '3' } },
      { name: 'oidc:grace', role: 'admin' },
    ])
    expect((await site.audit()).slice(0, 2)).toEqual([
      'oidc:ada oidc user.add user oidc:ada (operator) ok',
      'oidc:ada oidc login ok',
    ])
  })

  test('is asked for with PKCE, a state and a nonce, and sent back to where the file says', async () => {
    const { site } = await aSiteWith({ '1': staff('ada') })
    const headers = { host: 'localhost:1234', 'x-forwarded-host': 'evil.example' }
    const { begun } = await goTo(site, '/-/').then(() => goTo(site, '/-/'))
    expect(begun.status).toBe(303)
    const asked = new URL(
      String(
        (await site.ask('/-/login/oidc', { headers: { host: headers.host } })).headers.location,
      ),
    ).searchParams
    expect(Object.fromEntries(asked)).toEqual({
      client_id: CLIENT.id,
      response_type: 'code',
      redirect_uri: `${HOME}/-/login/oidc/callback`,
      scope: 'openid profile email groups',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(String(begun.headers['set-cookie'])).toMatch(
      /^runhook-oidc=[\w.-]+; Path=\/; Max-Age=900; HttpOnly; SameSite=Lax$/,
    )
  })

  test('has from the next time on the role that he has then, also where he is signed in', async () => {
    const { site, people } = await aSiteWith({ '1': staff('ada', 'root') })
    const { cookie } = await signInBy(site)
    expect((await site.ask('/api/v1/users', { cookie })).status).toBe(200)
    people['1'] = staff('ada')
    await signInBy(site)
    expect((await site.ask('/api/v1/users', { cookie })).status).toBe(403)
    people['1'] = { preferred_username: 'ada', groups: [] }
    expect((await signInBy(site)).status).toBe(403)
    expect(await site.whoIs(cookie)).toBeNull()
    expect((await site.audit()).slice(2)).toEqual([
      'oidc:ada oidc user.role user oidc:ada (viewer) ok',
      'oidc:ada oidc login ok',
      'oidc:ada oidc login no role',
    ])
  })

  test('and fits no rule gets no access, and reads why', async () => {
    const { site, people } = await aSiteWith({ '1': { groups: ['guests', '<b>'], email: 'a@x' } })
    const refused = await signInBy(site)
    expect(refused.status).toBe(403)
    expect(refused.text).toContain('It was asked for: groups: guests, &lt;b&gt;.')
    expect(String(refused.headers['set-cookie'])).toMatch(/^runhook-oidc=; .*Max-Age=0/)
    expect((await site.here('GET', '/users')).json.users).toEqual([])
    expect(await site.audit()).toEqual(['? oidc login no role'])
    people['1'] = staff('ada')
    expect((await signInBy(site)).status).toBe(303)
  })

  test('is never taken for a user of this server who is called the same, nor for another of the provider', async () => {
    const { site, now } = await aSiteWith({ '1': staff('ada'), '2': staff('ada', 'root') })
    await site.setPassword('ada', 'admin')
    const first = await signInBy(site)
    now.as = '2'
    const second = await signInBy(site)
    expect(await site.whoIs(first.cookie)).toBe('oidc:ada')
    expect(await site.whoIs(second.cookie)).toBe('oidc:ada-2')
    expect((await site.ask('/api/v1/users', { cookie: first.cookie })).status).toBe(403)
    expect((await site.signInByPassword('ada', PASSWORD)).status).toBe(303)
    expect((await site.signInByPassword('oidc:ada', '')).status).toBe(401)
  })

  test('stays who he is when he is called otherwise, and his name is nobody else’s then', async () => {
    const { site, people, now } = await aSiteWith({ '1': staff('ada'), '2': staff('bob') })
    await signInBy(site)
    people['1'] = staff('lovelace')
    people['2'] = staff('ada', 'root')
    const { cookie } = await signInBy(site)
    expect(await site.whoIs(cookie)).toBe('oidc:ada')
    now.as = '2'
    expect(await site.whoIs((await signInBy(site)).cookie)).toBe('oidc:ada-2')
  })

  test('and is disabled stays out, and comes back when he is enabled', async () => {
    const { site } = await aSiteWith({ '1': staff('ada') })
    const { cookie } = await signInBy(site)
    await site.here('POST', '/users/oidc:ada/disable')
    expect(await site.whoIs(cookie)).toBeNull()
    const refused = await signInBy(site)
    expect([refused.status, refused.text.includes('is disabled')]).toEqual([403, true])
    await site.here('POST', '/users/oidc:ada/enable')
    expect((await signInBy(site)).status).toBe(303)
  })

  test('has no password, link or role but what the provider gives him', async () => {
    const { site } = await aSiteWith({ '1': staff('ada') })
    const { cookie } = await signInBy(site)
    expect((await site.ask('/-/account', { cookie })).text).not.toContain('New password')
    const form = { password: PASSWORD }
    expect((await site.ask('/-/account/password', { cookie, form })).status).toBe(409)
    for (const [what, body] of Object.entries({
      link: undefined,
      password: form,
      role: { role: 'admin' },
    }))
      expect((await site.here('POST', `/users/oidc:ada/${what}`, body)).status).toBe(409)
    expect((await site.here('POST', '/users', { name: 'oidc:eve', role: 'admin' })).status).toBe(
      422,
    )
    expect((await site.here('GET', '/users')).json.users).toMatchObject([{ role: 'viewer' }])
  })
})

describe('an email address', () => {
  const roles = { admin: { email: '*@example.com' }, viewer: { groups: 'staff' } }
  const as = async (person: Person) => {
    const { site } = await aSiteWith({ '1': person }, { roles })
    const { status, text } = await signInBy(site)
    const [user] = (await site.here('GET', '/users')).json.users
    return user?.role ?? (status === 403 ? text : status)
  }

  test('counts when the provider has verified it, whatever its case', async () => {
    expect(await as({ email: 'Ada@Example.COM', email_verified: true })).toBe('admin')
    expect(await as({ email: 'ada@example.com.evil.example', email_verified: true })).toContain(
      'email: ada@example.com.evil.example;',
    )
  })

  test('that it has not verified is nobody’s', async () => {
    expect(await as({ email: 'ada@example.com', groups: ['staff'] })).toBe('viewer')
    expect(await as({ email: 'ada@example.com', email_verified: false })).toContain(
      'email: ada@example.com (not verified);',
    )
  })
})

describe('signing out', () => {
  test('ends the session here, and leads to where the provider ends its own', async () => {
    const { site, issuer } = await aSiteWith({ '1': staff('ada') })
    const { cookie } = await signInBy(site)
    const out = await site.ask('/-/logout', { cookie, form: {} })
    expect(out.headers.location).toBe('/-/login?left')
    expect(await site.whoIs(cookie)).toBeNull()
    const { text } = await site.ask('/-/login?left')
    expect(text).toContain(`href="${issuer}/session/end?client_id=runhook"`)
    expect((await fetch(`${issuer}/session/end?client_id=runhook`)).status).toBe(200)
    expect((await site.ask('/-/login')).text).not.toContain('session/end')
  })

  test('of whoever came otherwise leads to the login page alone', async () => {
    const { site } = await aSiteWith({ '1': staff('ada') })
    const cookie = await site.signIn('ada')
    expect((await site.ask('/-/logout', { cookie, form: {} })).headers.location).toBe('/-/login')
  })
})

test('nothing of it is there where no provider is written down', async () => {
  const site = await aSite()
  expect((await site.ask('/-/login')).text).not.toContain('oidc')
  for (const path of ['/-/login/oidc', '/-/login/oidc/callback?code=x&state=y'])
    expect((await site.ask(path)).headers.location).toContain('/-/login?next=')
})
