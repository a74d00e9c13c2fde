/**
 * Who may call what. The table is the agreement: a route that is not in it, or that lets in somebody else
 * than it says, fails here. Every row is tried over real HTTP with every kind of token.
 */

import { describe, expect, test } from 'vitest'
import { createAttempts } from '../../src/network/attempts.ts'
import { roles } from '../../src/record/tokens.ts'
import { admitLocal } from '../../src/show/admission.ts'
import { createRoutes, type Routes } from '../../src/show/routes.ts'
import { routesOf, table } from './agreement.ts'
import { serveStrangers } from './strangers.ts'
import { apiOf, aRun, aStored, ask, aWorld, serveWorld } from './world.ts'

const parameters: Record<string, string> = { id: '142', name: 'deploy-site', which: 'nobody' }

const calls = Object.entries(table).map(([route, needed]) => {
  const [method = '', pattern = ''] = route.split(' ')
  const path = pattern.replace(/:(\w+)/g, (_, name: string) => parameters[name] ?? `no ${name}`)
  return { route, method, path, needed }
})

async function aWorldOfStrangers() {
  const world = aWorld()
  world.runs.push(aRun())
  world.deliveries.push(aStored({ id: 142 }))
  const started = async () => aRun({ id: 143, status: 'queued' })
  world.control = { cancel: async () => 'stopping', rerun: started, trigger: started }
  const attempts = createAttempts({ max: 1_000_000 })
  return { world, ...(await serveStrangers(world, { attempts })) }
}

test('the table names every route of the router, and nothing else', () => {
  expect(routesOf(apiOf(aWorld(), admitLocal)).sort()).toEqual(Object.keys(table).sort())
})

test('without a good token every route and every other path give one and the same answer', async () => {
  const { world, call, token, tokens } = await aWorldOfStrangers()
  const good = await token('admin')
  const revoked = await token('admin', { name: 'gone' })
  await tokens.revoke('gone')
  const bad: Record<string, Record<string, string>> = {
    none: {},
    wrong: { authorization: `Bearer rh_${'A'.repeat(43)}` },
    'not ours': { authorization: 'Bearer hunter2' },
    'changed in one place': { authorization: `Bearer ${good.slice(0, -1)}!` },
    'two at once': { authorization: `Bearer ${good}, Bearer ${good}` },
    'basic authorisation': { authorization: `Basic ${btoa(`admin:${good}`)}` },
    bare: { authorization: good },
    'in a cookie': { cookie: `token=${good}; authorization=Bearer ${good}` },
    'in another header': { 'x-api-key': good, 'proxy-authorization': `Bearer ${good}` },
    'the name of a local user': { 'runhook-by': 'root' },
    revoked: { authorization: `Bearer ${revoked}` },
    expired: { authorization: `Bearer ${await token('admin', { name: 'old', expiresAt: 1 })}` },
  }
  const others = [
    { method: 'GET', path: '' },
    { method: 'GET', path: '/' },
    { method: 'GET', path: '/rnus' },
    { method: 'DELETE', path: '/runs' },
    { method: 'OPTIONS', path: '/runs' },
    { method: 'POST', path: '/runs/142/cancel?x=1' },
    { method: 'GET', path: `/status?token=${good}&access_token=${good}` },
  ]
  const answers = new Map<string, string[]>()
  for (const { method, path } of [...calls, ...others]) {
    for (const [kind, headers] of Object.entries(bad)) {
      const { status, headers: given, text } = await call(path, { method, headers })
      delete given.date
      const answer = JSON.stringify([status, given, text])
      answers.set(answer, [...(answers.get(answer) ?? []), `${method} ${path} ${kind}`])
    }
  }
  expect([...answers.values()].map((which) => which.length)).toEqual([
    Object.keys(bad).length * (calls.length + others.length),
  ])
  expect(JSON.parse([...answers.keys()][0] ?? '')).toEqual([
    401,
    {
      'cache-control': 'no-store',
      connection: 'close',
      'content-length': '172',
      'content-type': 'application/json',
      'cross-origin-resource-policy': 'same-origin',
      'www-authenticate': 'Bearer',
      'x-content-type-options': 'nosniff',
    },
    '{"error":{"code":"not-allowed","message":"The token is missing, wrong, or no longer valid.",' +
      '"hint":"On the server, \\"runhook token create NAME --role viewer\\" makes one."}}',
  ])
  expect(world.asked).toEqual([])
})

describe.each(calls)('$route', ({ method, path, needed }) => {
  test.each(roles)('is answered as the table says to %s', async (role) => {
    const { world, call, token } = await aWorldOfStrangers()
    const { status, text } = await call(path, { method, token: await token(role) })
    if (roles.indexOf(role) < roles.indexOf(needed)) {
      expect([status, JSON.parse(text)]).toEqual([
        403,
        {
          error: {
            code: 'not-allowed',
            message: `The token "${role}" has the role ${role}; this needs ${needed}.`,
            hint: null,
          },
        },
      ])
      expect(world.asked).toEqual([])
    } else expect([401, 403, 405, 429, 500]).not.toContain(status)
  })

  test('is open to whoever may open the Unix socket', async () => {
    const { world } = await aWorldOfStrangers()
    await serveWorld(world)
    expect([401, 403, 405, 429, 500]).not.toContain((await ask(world, path, method)).status)
  })
})

describe('a route that does not say who may call it cannot be made', () => {
  const route = { summary: 'x', answers: {} }
  type Given = Parameters<Routes['get']>[1]
  const handle = async () => new Response('secret')

  test.each([undefined, '', 'Viewer', 'everybody'])('its role is %s', (role) => {
    const routes = createRoutes(admitLocal)
    const given = { ...route, role } as unknown as Given // as JavaScript would let pass
    expect(() => routes.get('/x', given, handle)).toThrow('GET /x declares no role.')
  })

  test('nor can one be put into the router behind its back', () => {
    const ways: ((app: Routes['app']) => unknown)[] = [
      (app) => app.get('/x', handle),
      (app) => app.get('/declared', handle),
      (app) => app.all('/declared', handle),
      (app) => app.use('/x', handle),
      (app) => app.on('PURGE', '/x', handle),
    ]
    for (const way of ways) {
      const routes = createRoutes(admitLocal)
      way(routes.app)
      routes.get('/declared', { ...route, role: 'admin' }, handle)
      expect(() => routes.close()).toThrow(/^\w+ \/\w+ declares no role\.$/)
    }
  })

  test('and none is declared twice', () => {
    const routes = createRoutes(admitLocal)
    routes.get('/x', { ...route, role: 'admin' }, handle)
    const again = () => routes.get('/x', { ...route, role: 'viewer' }, handle)
    expect(again).toThrow('GET /x is declared twice.')
  })
})
