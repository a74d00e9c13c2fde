/** Who may see and do what, and that nobody else's page can press a button. */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { buildPages } from '../../src/pages/app.ts'
import type { PagesParts } from '../../src/pages/parts.ts'
import { reaches, roles } from '../../src/record/tokens.ts'
import { SECRET, until } from '../some.ts'
import { aSite, pushed } from './site.ts'

const doors = buildPages({} as PagesParts).list
const filled = (path: string) =>
  path.replace(':id', '1').replace(':name', 'deploy-site').replace(':file', 'deploy-site.svg')
const running = async (site: Awaited<ReturnType<typeof aSite>>) => {
  await site.push()
  await until(async () => (await site.get('/-/runs/1')).text.includes('success'), 'the run')
}

describe('roles', () => {
  test.each(roles)('as %s each address answers, or refuses, as it declares', async (role) => {
    const site = await aSite({ 'deploy-site': pushed('true') })
    await running(site)
    site.visitor.role = role
    for (const { method, path, role: needed } of doors) {
      const at = `/-${filled(path)}`
      const leaving = new AbortController()
      const answer =
        method === 'GET'
          ? await fetch(site.url + at, { signal: leaving.signal })
          : await site.form(at)
      expect(answer.status === 403, `${method} ${path} as ${role}`).toBe(!reaches(role, needed))
      leaving.abort()
    }
  })

  test('every POST needs more than a viewer', () => {
    expect(doors.filter(({ method, role }) => method === 'POST' && role === 'viewer')).toEqual([])
  })

  test('a dry run is for operators, although it is only looked at', async () => {
    const site = await aSite({ 'deploy-site': pushed('true') })
    await running(site)
    site.visitor.role = 'viewer'
    expect((await site.get('/-/deliveries/1?dry-run=yes')).status).toBe(403)
  })
})

describe('forms of strangers', () => {
  const own = (url: string) => new URL(url).origin
  const cases: [string, (url: string) => Record<string, string>, boolean][] = [
    ['our own page', () => ({ 'sec-fetch-site': 'same-origin' }), true],
    ['another site', () => ({ 'sec-fetch-site': 'cross-site' }), false],
    ['a sibling domain', () => ({ 'sec-fetch-site': 'same-site' }), false],
    ['an address typed in', () => ({ 'sec-fetch-site': 'none' }), false],
    ['an older browser on our page', (url) => ({ origin: own(url) }), true],
    ['an older browser elsewhere', () => ({ origin: 'https://evil.example' }), false],
    ['a page without an origin', () => ({ origin: 'null' }), false],
    ['no browser at all', () => ({}), false],
    [
      'another site that claims our origin',
      (url) => ({ 'sec-fetch-site': 'cross-site', origin: own(url) }),
      false,
    ],
  ]
  test.each(cases)('%s', async (_, headers, may) => {
    const site = await aSite({ 'deploy-site': pushed('true') })
    await running(site)
    const answer = await site.form('/-/runs/1/rerun', {}, headers(site.url))
    expect(answer.status).toBe(may ? 303 : 403)
    expect((await site.get('/-/runs/2')).status).toBe(may ? 200 : 404)
  })

  test('no content type is let through', async () => {
    const site = await aSite({ 'deploy-site': pushed('true') })
    await running(site)
    for (const type of [
      'application/json',
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/octet-stream',
    ]) {
      const headers = { 'content-type': type, 'sec-fetch-site': 'cross-site' }
      const answer = await fetch(`${site.url}/-/runs/1/rerun`, {
        method: 'POST',
        headers,
        body: '{}',
      })
      expect(answer.status, type).toBe(403)
    }
  })
})

test('no form of any page is taken from another site, whoever is signed in', async () => {
  const site = await aSite({ 'deploy-site': pushed('true') })
  await running(site)
  for (const { path } of doors.filter(({ method }) => method === 'POST')) {
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    const answer = await site.form(`/-${filled(path)}`, {}, headers)
    expect([path, answer.status]).toEqual([path, 403])
    expect(await answer.text()).toContain('not sent by a page of runhook')
  }
})

describe('every answer', () => {
  test('of a page lets nothing in and is kept by nobody', async () => {
    const site = await aSite({ 'deploy-site': pushed('true') })
    for (const path of ['/-/', '/-/runs', '/-/runs/77', '/-/nothing']) {
      const { headers } = await site.get(path)
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      )
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  test('that holds what a command or a sender wrote is a download as text', async () => {
    const site = await aSite({ 'deploy-site': pushed('echo "<script>alert(1)</script>"') })
    await running(site)
    for (const path of ['/-/runs/1/output', '/-/deliveries/1/body']) {
      const { headers } = await site.get(path)
      expect(headers.get('content-type')).toBe('text/plain; charset=utf-8')
      expect(headers.get('content-disposition')).toMatch(/^attachment; filename="[\w.-]+"$/)
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
  })
})

describe('a secret', () => {
  test('is shown to admins, by a POST that is written down, and to nobody else', async () => {
    const site = await aSite({ 'deploy-site': pushed('true') })
    expect((await site.get('/-/hooks/deploy-site/setup')).text).not.toContain(SECRET)
    expect((await site.get('/-/hooks/deploy-site')).text).not.toContain(SECRET)
    const shown = await site.form('/-/hooks/deploy-site/secret')
    expect(await shown.text()).toContain(SECRET)
    const database = new DatabaseSync(join(site.directory, 'data/runhook.db'), { readOnly: true })
    const kept = database.prepare('SELECT who, what, object, outcome FROM audit').all()
    database.close()
    expect(kept).toEqual([
      { who: 'ada', what: 'secret.reveal', object: 'hook deploy-site', outcome: 'ok' },
    ])
    site.visitor.role = 'operator'
    expect(await (await site.form('/-/hooks/deploy-site/secret')).text()).not.toContain(SECRET)
  })
})

describe('badges', () => {
  test('of a hook that says so are for everybody, others for visitors', async () => {
    const site = await aSite({ open: pushed('true', { badge: 'public' }), closed: pushed('true') })
    const open = await site.get('/-/badge/open.svg')
    expect(open.status).toBe(200)
    expect(open.headers.get('content-type')).toContain('image/svg+xml')
    expect(open.text).toContain('no run yet')
    expect(open.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
    expect(open.headers.get('x-content-type-options')).toBe('nosniff')
    // Pages of other sites show it, and GitHub's proxy fetches it anew.
    expect(open.headers.get('cache-control')).toBe('no-cache, max-age=0')
    expect(open.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
    const closed = await site.get('/-/badge/closed.svg')
    expect([closed.status, closed.text.includes('no run yet')]).toEqual([200, true])
    expect(closed.headers.get('cache-control')).toBe('private, no-store')
    expect(closed.headers.get('cross-origin-resource-policy')).toBe('same-origin')
    site.visitor.name = ''
    const nobody = await aSite(
      { open: pushed('true', { badge: 'public' }), closed: pushed('true') },
      {},
      async (c) => c.text('who are you?', 401),
    )
    expect((await nobody.get('/-/badge/open.svg')).status).toBe(200)
    expect((await nobody.get('/-/badge/closed.svg')).status).toBe(401)
    expect((await nobody.get('/-/badge/missing.svg')).status).toBe(401)
    expect((await nobody.get('/-/')).status).toBe(401)
    expect((await nobody.get('/-/nothing')).status).toBe(401)
  })
})

describe('addresses', () => {
  test('the root, and those that runs and deliveries are told by, lead to the pages', async () => {
    const site = await aSite({ 'deploy-site': pushed('true') })
    const to = async (path: string) => (await site.get(path)).headers.get('location')
    expect(await to('/')).toBe('/-/')
    expect(await to('/runs/142')).toBe('/-/runs/142')
    expect(await to('/deliveries/57')).toBe('/-/deliveries/57')
  })

  test('of hooks and of the API are not the pages’', async () => {
    const site = await aSite({
      page: {
        url: '/page',
        on: 'get',
        auth: 'none',
        'allow-from': ['127.0.0.1'],
        command: ['echo', 'hello'],
      },
    })
    expect((await site.post('/page', { method: 'GET' })).text).toBe('hello\n')
    expect((await site.get('/healthz')).text).toBe('ok\n')
    expect((await site.get('/api/v1/runs')).status).toBe(401)
    expect((await site.get('/other')).status).toBe(404)
  })

  test('filters and pages of runs stand in the address', async () => {
    const site = await aSite({ 'deploy-site': pushed('true', { concurrency: { queue: 'max' } }) })
    for (const branch of ['main', 'main', 'other']) await site.push({ ref: `refs/heads/${branch}` })
    await until(
      async () => (await site.get('/-/runs?status=success&branch=other')).text.includes('#3'),
      'three runs',
    )
    const { text } = await site.get('/-/runs?branch=main&event=push')
    expect(text).toContain('/-/runs/2')
    expect(text).not.toContain('/-/runs/3')
    expect((await site.get('/-/runs?before=2')).text).not.toContain('/-/runs/2"')
    expect((await site.get('/-/runs?status=wrong')).status).toBe(422)
    expect((await site.get('/-/runs?event=ping')).text).toContain('No run is like this')
  })
})
