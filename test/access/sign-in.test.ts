/** Who comes in, by which way, and for how long. A real server, real requests. */

import { describe, expect, test } from 'vitest'
import { ownPath } from '../../src/access/own-path.ts'
import { until } from '../some.ts'
import { aSite, OWN, PASSWORD } from './site.ts'

const dayOf = (cookie: unknown) => /Max-Age=(\d+)/.exec(String(cookie))?.[1]

describe('the first link', () => {
  test('makes an admin of whoever uses it, and nobody else', async () => {
    const site = await aSite()
    const link = site.pathOfLink(site.server.firstLink ?? '')
    expect((await site.ask(link)).text).toContain('There is no admin here yet.')
    const { status, headers, cookie } = await site.ask(link, { form: { name: 'ada' } })
    expect([status, headers.location]).toEqual([303, '/-/'])
    expect(await site.whoIs(cookie)).toBe('ada')
    expect((await site.here('GET', '/users')).json.users).toMatchObject([
      { name: 'ada', role: 'admin', hasPassword: false, createdBy: 'the first link' },
    ])
    expect((await site.ask(link, { form: { name: 'mallory' } })).status).toBe(410)
    expect((await site.here('GET', '/users')).json.users).toHaveLength(1)
  })

  test('of two who use it at once, one comes in', async () => {
    const site = await aSite()
    const link = site.pathOfLink(site.server.firstLink ?? '')
    const answers = await Promise.all(
      ['ada', 'bob'].map((name) => site.ask(link, { form: { name } })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 410])
  })

  test('opens nothing once there is an admin, and says what does', async () => {
    const site = await aSite()
    const link = site.pathOfLink(site.server.firstLink ?? '')
    await site.here('POST', '/users', { name: 'ada', role: 'admin' })
    const { status, text } = await site.ask(link)
    expect(status).toBe(410)
    expect(text).toContain('ends when there is an admin')
    expect(text).toContain('&quot;runhook user add NAME --role admin&quot; makes one')
    expect((await site.ask(link, { form: { name: 'mallory' } })).status).toBe(410)
  })

  test('holds while there are users and none of them is an admin', async () => {
    const site = await aSite()
    const link = site.pathOfLink(site.server.firstLink ?? '')
    await site.here('POST', '/users', { name: 'vic', role: 'viewer' })
    expect((await site.ask(link)).text).toContain('There is no admin here yet.')
    const taken = await site.ask(link, { form: { name: 'Vic' } })
    expect(taken.status).toBe(422)
    expect(taken.text).toContain('There is a user &quot;vic&quot; already. Choose another name.')
    const { status, cookie } = await site.ask(link, { form: { name: 'ada' } })
    expect([status, await site.whoIs(cookie)]).toEqual([303, 'ada'])
  })

  test.each(['', ' ', '-a', 'a b', 'a"', 'x'.repeat(64), '<b>'])(
    'is not used up by the name %j, which nobody can have',
    async (name) => {
      const site = await aSite()
      const link = site.pathOfLink(site.server.firstLink ?? '')
      const { status, text } = await site.ask(link, { form: { name } })
      expect([status, text.includes('begin with a letter')]).toEqual([422, true])
      expect(text).not.toContain('<b>')
      expect((await site.ask(link, { form: { name: 'ada' } })).status).toBe(303)
    },
  )
})

describe('a link', () => {
  test('is used up by its button, and by nothing that only looks at it', async () => {
    const site = await aSite()
    await site.here('POST', '/users', { name: 'ada', role: 'viewer' })
    const link = await site.linkOf('ada')
    for (const method of ['GET', 'HEAD', 'GET']) {
      const { status, cookie } = await site.ask(link, { method })
      expect([status, cookie]).toEqual([200, undefined])
    }
    expect((await site.ask(link, { form: {} })).status).toBe(303)
    for (const again of [{}, { form: {} }]) {
      expect(await site.ask(link, again)).toMatchObject({ status: 410, cookie: undefined })
    }
  })

  test('works for one of many who have it', async () => {
    const site = await aSite()
    await site.here('POST', '/users', { name: 'ada', role: 'viewer' })
    const link = await site.linkOf('ada')
    const all = await Promise.all(Array.from({ length: 8 }, () => site.ask(link, { form: {} })))
    expect(all.filter(({ cookie }) => cookie !== undefined)).toHaveLength(1)
  })

  test('ends when a newer one is made, when its user is disabled, and when he is removed', async () => {
    const site = await aSite()
    await site.here('POST', '/users', { name: 'ada', role: 'viewer' })
    const first = await site.linkOf('ada')
    const second = await site.linkOf('ada')
    expect((await site.ask(first, { form: {} })).status).toBe(410)
    await site.here('POST', '/users/ada/disable')
    expect((await site.ask(second, { form: {} })).status).toBe(410)
    expect((await site.here('POST', '/users/ada/link')).status).toBe(409)
    await site.here('POST', '/users/ada/enable')
    const third = await site.linkOf('ada')
    await site.here('DELETE', '/users/ada')
    expect((await site.ask(third, { form: {} })).status).toBe(410)
  })

  test.each(['', 'x', 'A'.repeat(43), '%00', '..%2flogin', `${'A'.repeat(43)}%20`])(
    'that is none is told as one that is used up: %j',
    async (value) => {
      const site = await aSite()
      expect([404, 410, 303]).toContain((await site.ask(`/-/link/${value}`)).status)
      const { cookie, status } = await site.ask(`/-/link/${value}`, { form: { name: 'mallory' } })
      expect([cookie, [401, 404, 410].includes(status)]).toEqual([undefined, true])
    },
  )

  test('that a page of another site presses lets nobody in, and stays good', async () => {
    const site = await aSite()
    await site.here('POST', '/users', { name: 'mallory', role: 'viewer' })
    const link = await site.linkOf('mallory')
    const headers = { 'sec-fetch-site': 'cross-site' }
    expect(await site.ask(link, { form: {}, headers })).toMatchObject({
      status: 403,
      cookie: undefined,
    })
    expect((await site.ask(link, { form: {} })).status).toBe(303)
  })
})

describe('name and password', () => {
  test('let in, whatever the case of the name, and lead back to where one was', async () => {
    const site = await aSite()
    await site.setPassword('ada')
    const away = await site.ask('/-/runs?hook=blog', { headers: { accept: 'text/html' } })
    expect(away.headers.location).toBe('/-/login?next=%2F-%2Fruns%3Fhook%3Dblog')
    expect((await site.ask(String(away.headers.location))).text).toContain(
      'value="/-/runs?hook=blog"',
    )
    const form = { name: 'Ada', password: PASSWORD, next: '/-/runs?hook=blog' }
    const { status, headers, cookie } = await site.ask('/-/login', { form })
    expect([status, headers.location]).toEqual([303, '/-/runs?hook=blog'])
    expect(await site.whoIs(cookie)).toBe('ada')
  })

  test('that are wrong get one answer: no such user, no password, a wrong one, a disabled user', async () => {
    const site = await aSite()
    await site.setPassword('ada')
    await site.setPassword('gone')
    await site.here('POST', '/users/gone/disable')
    await site.here('POST', '/users', { name: 'bare', role: 'admin' })
    const tries = [
      ['nobody', PASSWORD],
      ['bare', PASSWORD],
      ['bare', ''],
      ['ada', `${PASSWORD}!`],
      ['ada', ''],
      ['gone', PASSWORD],
    ] as const
    const answers = new Set<string>()
    for (const [name, password] of tries) {
      const { status, headers, text, cookie } = await site.signInByPassword(name, password)
      delete headers.date
      const same = text.replace(`value="${name}"`, '')
      answers.add(JSON.stringify([status, { ...headers, 'content-length': '' }, same, cookie]))
    }
    expect([...answers]).toHaveLength(1)
    expect([...answers][0]).toMatch(/^\[401,.*Name or password is wrong\./)
    expect(await site.audit()).toEqual(
      expect.arrayContaining([
        '? password login unknown user',
        'bare password login wrong password',
        'ada password login wrong password',
        'gone password login disabled',
      ]),
    )
    expect((await site.audit()).join()).not.toContain('nobody')
  })

  test.each([
    'https://evil.example/',
    '//evil.example/-/',
    '/\\evil.example/-/',
    '/-/../api/v1/status',
    '/hooks/x',
    'javascript:alert(1)',
    '-/runs',
    '',
  ])('lead to the dashboard and nowhere else: %j', (next) => {
    expect(ownPath(next)).toBe('/-/')
  })

  test('lead to whatever page of the dashboard was asked for', () => {
    expect(ownPath('/-/runs?hook=blog')).toBe('/-/runs?hook=blog')
    expect(ownPath('/-/\n//evil.example')).toBe('/-///evil.example') // a path, and ours
  })

  test('make no session for a form that another site had sent (login CSRF)', async () => {
    const site = await aSite()
    await site.setPassword('mallory')
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
    ]) {
      const from = { ...headers, ...('origin' in headers ? { 'sec-fetch-site': [] } : {}) }
      const answer = await site.signInByPassword('mallory', PASSWORD, { headers: from })
      expect([answer.status, answer.cookie]).toEqual([403, undefined])
    }
  })
})

describe('who is signed in already', () => {
  test('is not asked again, but led on, or out', async () => {
    const site = await aSite()
    const cookie = await site.signIn('ada', 'operator')
    const { status, text } = await site.ask('/-/login?next=%2F-%2Fruns%3Fhook%3Dhello', { cookie })
    expect(status).toBe(200)
    expect(text).toContain('You are signed in as <strong>ada</strong>, operator.')
    expect(text).toContain('href="/-/runs?hook=hello">Go on</a>')
    expect(text).toContain('action="/-/logout"')
    expect(text).not.toContain('name="password"')
    expect((await site.ask('/-/login?next=https://evil.example', { cookie })).text).toContain(
      'href="/-/">Go on</a>',
    )
  })
})

describe('a form that comes after the session has ended', () => {
  test.each([
    ['/-/runs/7?tab=log', '%2F-%2Fruns%2F7%3Ftab%3Dlog'],
    ['//evil.example/-/', '%2F-%2F'],
    ['', '%2F-%2F'],
  ])('from %j says that nothing was done, and leads back there', async (from, next) => {
    const site = await aSite()
    const cookie = await site.signIn('ada', 'operator')
    await site.ask('/-/logout', { cookie, form: {} })
    const referer = from === '' ? {} : { referer: `http://127.0.0.1:${site.port}${from}` }
    for (const path of ['/-/runs/7/rerun', '/-/account/password']) {
      const { status, text } = await site.ask(path, {
        cookie,
        form: {},
        headers: { ...OWN, ...referer },
      })
      expect(status).toBe(401)
      expect(text).toContain('Nothing was done.')
      expect(text).toContain(`href="/-/login?next=${next}">Sign in</a>`)
    }
  })

  test('that names a page of another site leads to none', async () => {
    const site = await aSite()
    const headers = { ...OWN, referer: 'https://evil.example/-/login' }
    const { text } = await site.ask('/-/runs/7/rerun', { form: {}, headers })
    expect(text).toContain('href="/-/login?next=%2F-%2Flogin">Sign in</a>')
  })
})

describe('brute force', () => {
  test('an account takes ten wrong passwords in a quarter of an hour, and then not even the right one', async () => {
    const site = await aSite({ server: { 'trusted-proxies': '127.0.0.1' } })
    await site.setPassword('ada')
    const from = (n: number) => ({ headers: { ...OWN, 'x-forwarded-for': `203.0.113.${n}` } })
    // Behind a proxy nobody signs in over plain http, so the way is https here.
    const https = await aSite({
      server: { 'trusted-proxies': '127.0.0.1', 'public-url': 'https://runs.example.com' },
    })
    await https.setPassword('ada')
    for (let n = 1; n <= 10; n += 1) {
      expect((await https.signInByPassword('ada', `wrong ${n}`, from(n))).status).toBe(401)
    }
    const { status, headers, text, cookie } = await https.signInByPassword(
      'ada',
      PASSWORD,
      from(99),
    )
    expect([status, cookie]).toEqual([429, undefined])
    expect(Number(headers['retry-after'])).toBeGreaterThan(800)
    expect(text).toContain('Too many tries. Try again in 15 minutes, or use a link')
    expect(await https.whoIs(await https.signIn('ada'))).toBe('ada') // the link is another way
    expect((await site.signInByPassword('ada', PASSWORD, from(1))).status).toBe(403)
  })

  test('an address gets twenty tries, whosever the accounts; another address is not held up', async () => {
    const site = await aSite({
      server: { 'trusted-proxies': '127.0.0.1', 'public-url': 'https://runs.example.com' },
    })
    await site.setPassword('ada')
    const from = (address: string) => ({ headers: { ...OWN, 'x-forwarded-for': address } })
    const spray = Array.from({ length: 30 }, (_, n) =>
      site.signInByPassword(`user${n}`, PASSWORD, from('203.0.113.7')),
    )
    const statuses = (await Promise.all(spray)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 429)).toHaveLength(10)
    expect((await site.signInByPassword('ada', PASSWORD, from('203.0.113.7'))).status).toBe(429)
    expect((await site.signInByPassword('ada', PASSWORD, from('203.0.113.8'))).status).toBe(303)
  })

  test('who is right is never counted', async () => {
    const site = await aSite()
    await site.setPassword('ada')
    for (let n = 0; n < 12; n += 1) {
      expect((await site.signInByPassword('ada', PASSWORD)).status).toBe(303)
    }
  })
})

describe('a session', () => {
  test('gets a value of its own at each login, and what was there before is worth nothing (fixation)', async () => {
    const site = await aSite()
    await site.setPassword('ada')
    const planted = `runhook=${'A'.repeat(43)}`
    const first = await site.signInByPassword('ada', PASSWORD, { cookie: planted })
    expect(first.cookie).toMatch(/^runhook=[\w-]{43}$/)
    expect(first.cookie).not.toBe(planted)
    expect(await site.whoIs(planted)).toBeNull()
    const mallorys = await site.signIn('mallory')
    const second = await site.signInByPassword('ada', PASSWORD, { cookie: mallorys })
    expect(await site.whoIs(second.cookie)).toBe('ada')
    expect(await site.whoIs(mallorys)).toBeNull()
  })

  test('ends with the logout, also for who has a copy of the cookie', async () => {
    const site = await aSite()
    const cookie = await site.signIn('ada')
    const { status, headers } = await site.ask('/-/logout', { form: {}, cookie })
    expect([status, dayOf(headers['set-cookie'])]).toEqual([303, '0'])
    expect(await site.whoIs(cookie)).toBeNull()
  })

  test('that is ended, or whose user is disabled or removed, opens nothing from then on', async () => {
    const site = await aSite()
    const ends = [
      async (name: string) => {
        const { sessions } = (await site.here('GET', '/sessions')).json
        const own = sessions.find((one: { user: string }) => one.user === name)
        return site.here('DELETE', `/sessions/${own.id}`)
      },
      (name: string) => site.here('POST', `/users/${name}/disable`),
      (name: string) => site.here('DELETE', `/users/${name}`),
      (name: string) => site.here('POST', `/users/${name}/password`, { password: PASSWORD }),
    ]
    for (const [n, end] of ends.entries()) {
      const cookie = await site.signIn(`user${n}`, 'admin')
      expect((await site.ask('/api/v1/status', { cookie })).status).toBe(200)
      expect((await end(`user${n}`)).status).toBe(200)
      expect(await site.whoIs(cookie)).toBeNull()
      expect((await site.ask('/api/v1/status', { cookie })).status).toBe(401)
    }
  })

  test('does not come back when its user does', async () => {
    const site = await aSite()
    const cookie = await site.signIn('ada')
    await site.here('POST', '/users/ada/disable')
    await site.here('POST', '/users/ada/enable')
    expect(await site.whoIs(cookie)).toBeNull()
  })

  test('has the role that its user has now', async () => {
    const site = await aSite()
    const cookie = await site.signIn('ada', 'admin')
    expect((await site.ask('/api/v1/users', { cookie })).status).toBe(200)
    await site.here('POST', '/users/ada/role', { role: 'viewer' })
    expect((await site.ask('/api/v1/users', { cookie })).status).toBe(403)
  })

  test('is one cookie and nothing else: no header, no address, no other name', async () => {
    const site = await aSite()
    const value = (await site.signIn('ada')).split('=')[1] ?? ''
    const elsewhere = [
      { headers: { authorization: `Bearer ${value}` } },
      { headers: { 'x-session': value } },
      { cookie: `session=${value}` },
      { cookie: `RUNHOOK=${value}` },
      { cookie: `runhook=${value}x` },
      { cookie: `runhook="${value}"` },
      { cookie: `runhook=x; runhook=${value}` },
    ]
    for (const asking of elsewhere) {
      expect((await site.ask('/api/v1/status', asking)).status).toBe(401)
    }
    expect((await site.ask(`/api/v1/status?session=${value}`)).status).toBe(401)
  })

  test('is shown and ended by its owner; another viewer does not even learn that it is there', async () => {
    const site = await aSite()
    const ada = await site.signIn('ada', 'viewer', { 'user-agent': '<b>Browser</b>' })
    const bob = await site.signIn('bob')
    const root = await site.signIn('grace', 'admin')
    const page = async (cookie: string) => (await site.ask('/-/account', { cookie })).text
    expect(await page(ada)).toContain('&lt;b&gt;Browser&lt;/b&gt;')
    expect(await page(ada)).not.toContain('bob')
    expect(await page(root)).toContain('End session 1 of ada')
    const end = (cookie: string, id: number | string) =>
      site.ask(`/-/sessions/${id}/end`, { form: {}, cookie })
    const [foreign, none] = [await end(bob, 1), await end(bob, 99)]
    expect([foreign.status, foreign.text]).toEqual([404, none.text])
    expect((await end(bob, '1x')).status).toBe(404)
    expect(await site.whoIs(ada)).toBe('ada')
    expect((await end(root, 1)).status).toBe(303)
    expect(await site.whoIs(ada)).toBeNull()
    expect((await end(bob, 2)).status).toBe(303)
    expect(await site.whoIs(bob)).toBeNull()
  })
})

describe('a new password', () => {
  test('wants the one before it, and signs out everybody else', async () => {
    const site = await aSite()
    await site.setPassword('ada')
    const own = (await site.signInByPassword('ada', PASSWORD)).cookie
    const stolen = (await site.signInByPassword('ada', PASSWORD)).cookie
    const change = (fields: Record<string, string>) =>
      site.ask('/-/account/password', { form: fields, cookie: own })
    const next = 'another long password'
    expect((await change({ password: next })).status).toBe(403)
    expect((await change({ current: 'wrong', password: next })).status).toBe(403)
    expect((await change({ current: PASSWORD, password: 'short' })).text).toContain(
      'The new password has 5 characters; take at least 12.',
    )
    expect(await site.whoIs(stolen)).toBe('ada')
    expect((await change({ current: PASSWORD, password: next })).status).toBe(303)
    expect([await site.whoIs(own), await site.whoIs(stolen)]).toEqual(['ada', null])
    expect((await site.signInByPassword('ada', PASSWORD)).status).toBe(401)
    expect((await site.signInByPassword('ada', next)).status).toBe(303)
  })
})

test('the audit log tells of all of it, and of no secret', async () => {
  const hello = { on: ['manual', 'post'], auth: 'login', run: 'true' }
  const site = await aSite({ hooks: { hello } })
  const link = site.pathOfLink(site.server.firstLink ?? '')
  const { cookie } = await site.ask(link, { form: { name: 'ada' } })
  await site.setPassword('bob', 'operator')
  await site.signInByPassword('bob', `${PASSWORD}x`)
  const bob = (await site.signInByPassword('bob', PASSWORD)).cookie
  const json = { 'content-type': 'application/json', ...OWN }
  const post = (path: string, body: string, cookie: string | undefined) =>
    site.ask(`/api/v1${path}`, { method: 'POST', headers: json, body, cookie })
  expect((await post('/hooks/hello/trigger', '{}', bob)).status).toBe(202)
  await until(async () => (await site.here('GET', '/runs/1')).json.run.status === 'success')
  expect((await post('/runs/1/rerun', '', bob)).status).toBe(202)
  expect((await post('/runs/99/cancel', '', bob)).status).toBe(404)
  expect(
    (await site.ask('/hooks/hello', { method: 'POST', headers: OWN, cookie: bob })).status,
  ).toBe(202)
  const { deliveries } = (await site.here('GET', '/deliveries')).json
  const again = `/deliveries/${deliveries[0].id}/redeliver`
  expect((await post(again, '{"dryRun":true}', bob)).status).toBe(200)
  expect((await post(again, '', bob)).status).toBe(202)
  expect((await post('/tokens', '{"name":"ci","role":"viewer"}', bob)).status).toBe(403)
  const given = { 'input:unknown': 'x' }
  expect((await site.ask('/-/hooks/hello/run', { form: given, cookie: bob })).status).toBe(422)
  expect((await site.ask('/-/workers/web-9/remove', { form: {}, cookie })).status).toBe(404)
  expect((await post('/tokens', '{"name":"ci","role":"viewer"}', cookie)).status).toBe(201)
  await post('/users/bob/role', '{"role":"viewer"}', cookie)
  await site.ask('/-/logout', { form: {}, cookie: bob })
  await site.here('DELETE', '/tokens/ci')
  await site.here('DELETE', '/users/bob')
  expect(await site.audit()).toEqual([
    'ada link login ok',
    'root socket user.add user bob (operator) ok',
    'root socket user.password user bob ok',
    'bob password login wrong password',
    'bob password login ok',
    'bob session hook.trigger hook hello ok',
    'bob session run.rerun run #1 ok',
    'bob session run.cancel run #99 not-found',
    `bob session delivery.redeliver delivery #${deliveries[0].id} ok`,
    'bob session hook.trigger hook hello invalid',
    'ada session worker.remove worker web-9 not-found',
    'ada session token.add token ci (viewer) ok',
    'ada session user.role user bob (viewer) ok',
    'bob session logout ok',
    'root socket token.revoke token ci ok',
    'root socket user.remove user bob ok',
  ])
  const { rows } = (await site.here('GET', '/audit?limit=1')).json
  expect(rows).toHaveLength(1)
  expect(rows[0]).toMatchObject({ who: 'root', address: '' })
})

test('the sheet of these pages is kept by browsers, and one of another release is not', async () => {
  const site = await aSite()
  const [, address = ''] =
    (await site.ask('/-/login')).text.match(/href="(.-.access\.css[^"]*)"/) ?? []
  const kept = async (path: string) => (await site.ask(path)).headers['cache-control']
  expect(await kept(address)).toBe('public, max-age=31536000, immutable')
  for (const path of ['/-/access.css', '/-/access.css?0123456789ab'])
    expect(await kept(path)).toBe('no-store')
})
