/** What goes on coming, of a page or of the API, ends with the right to see it. */

import { request } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { aDatabase, onPostgres } from '../postgres/database.ts'
import { serveStrangers } from '../show/strangers.ts'
import { aRun, aWorld } from '../show/world.ts'
import { SECRET, until } from '../some.ts'
import { aSite } from './site.ts'

const hooks = { long: { on: 'manual', auth: 'login', run: 'echo begun; exec sleep 30' } }
type Site = Awaited<ReturnType<typeof aSite>>

const streams = [
  '/-/events',
  '/-/runs/1/log',
  '/api/v1/runs/1/events',
  '/api/v1/runs/1/output?follow=true',
]

async function aSiteWithARun(server: object = {}) {
  const site = await aSite({ hooks, server })
  await site.here('POST', '/hooks/long/trigger', {})
  const started = async () => (await site.here('GET', '/runs/1')).json.run?.status === 'running'
  await until(started, 'the run')
  return site
}

/** Something has come when it resolves. `over` says whether it ended, as whoever sent it meant. */
async function opened({ port }: Pick<Site, 'port'>, path: string, headers: Record<string, string>) {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const state = { isOver: false, status: 0 }
  const asking = request({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
    state.status = answer.statusCode ?? 0
    answer.on('data', () => resolve())
    answer.on('end', () => {
      state.isOver = true
      resolve()
    })
  })
  asking.on('error', reject)
  asking.end()
  onTestFinished(() => void asking.destroy())
  await promise
  return { path, state, leave: () => asking.destroy() }
}

type Opened = Awaited<ReturnType<typeof opened>>

const open = async (site: Site, headers: Record<string, string>, paths = streams) => {
  const all = await Promise.all(paths.map((path) => opened(site, path, headers)))
  expect(all.map(({ state }) => state)).toEqual(paths.map(() => ({ isOver: false, status: 200 })))
  return all
}

const ended = (all: readonly Opened[]) =>
  until(async () => all.every(({ state }) => state.isOver), 'the end of all streams', 10_000)

const isOpen = (all: readonly Opened[]) => all.every(({ state }) => !state.isOver)
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('the streams of a session', () => {
  test('end when it is ended, and no others do', async () => {
    const site = await aSiteWithARun()
    const [cookie, other] = [await site.signIn('ada'), await site.signIn('ada')]
    const [mine, others] = [await open(site, { cookie }), await open(site, { cookie: other })]
    await site.ask('/-/logout', { cookie, form: {} })
    await ended(mine)
    await later(1500)
    expect(isOpen(others)).toBe(true)
    const [{ id }] = (await site.here('GET', '/sessions')).json.sessions
    await site.here('DELETE', `/sessions/${id}`)
    await ended(others)
  })

  test('end when its user is disabled, removed, or has another password', async () => {
    const site = await aSiteWithARun()
    const one = await open(site, { cookie: await site.signIn('ada') })
    const two = await open(site, { cookie: await site.signIn('bob') })
    const three = await open(site, { cookie: await site.signIn('cyd') })
    const four = await open(site, { cookie: await site.signIn('dan') })
    await site.here('POST', '/users/ada/disable')
    await site.here('DELETE', '/users/bob')
    await site.here('POST', '/users/cyd/password', { password: 'correct horse battery' })
    await ended([...one, ...two, ...three])
    await site.here('POST', '/users/dan/role', { role: 'operator' })
    await later(1500)
    expect(isOpen(four)).toBe(true)
  })
})

describe('the streams of a token', () => {
  const api = streams.filter((path) => path.startsWith('/api/'))
  const tokenOf = async (site: Site, name: string) => {
    const { value } = (await site.here('POST', '/tokens', { name, role: 'viewer' })).json
    return { authorization: `Bearer ${value}` }
  }

  test('end when it is revoked, and no others do', async () => {
    const site = await aSiteWithARun()
    const one = await open(site, await tokenOf(site, 'one'), api)
    const two = await open(site, await tokenOf(site, 'two'), api)
    await site.here('DELETE', '/tokens/one')
    await ended(one)
    expect(isOpen(two)).toBe(true)
  })

  test('end when it expires', async () => {
    const world = aWorld()
    world.runs.push(aRun({ status: 'running', finishedAt: null }))
    const { port, token } = await serveStrangers(world)
    const value = await token('viewer', { expiresAt: Date.now() + 1500 })
    const headers = { authorization: `Bearer ${value}` }
    await ended([await opened({ port }, '/api/v1/runs/142/events', headers)])
  })
})

describe('how many there are at once', () => {
  const many = [...Array(60).fill('/-/events'), ...streams]

  test('is limited for a user in all his sessions together, whom another does not hold up', async () => {
    const site = await aSiteWithARun()
    const [cookie, other] = [await site.signIn('ada'), await site.signIn('ada')]
    const all = [
      ...(await open(site, { cookie }, many.slice(0, 40))),
      ...(await open(site, { cookie: other }, many.slice(40))),
    ]
    for (const path of streams) {
      const { status, headers, text } = await site.ask(path, { cookie })
      expect([path, status, headers['retry-after']]).toEqual([path, 429, '10'])
      expect(text).toContain('ada has 64 pages and logs open that are still moving')
      expect((await site.ask(path, { cookie, method: 'HEAD' })).status).toBe(429)
    }
    expect((await site.ask('/-/runs', { cookie })).status).toBe(200)
    await open(site, { cookie: await site.signIn('bob') })
    const { value } = (await site.here('POST', '/tokens', { name: 'ada', role: 'viewer' })).json
    await open(site, { authorization: `Bearer ${value}` }, streams.slice(2))
    all.pop()?.leave()
    const isRoom = async () =>
      (await site.ask('/-/events', { cookie, method: 'HEAD' })).status === 200
    await until(isRoom, 'room for another')
    await open(site, { cookie }, ['/-/events'])
  })

  test('is limited for a token, and for whom a proxy names', async () => {
    const login = { 'proxy-header': 'Remote-User' }
    const site = await aSiteWithARun({ login, 'trusted-proxies': '127.0.0.1' })
    const { value } = (await site.here('POST', '/tokens', { name: 'ci', role: 'viewer' })).json
    const token = { authorization: `Bearer ${value}` }
    await open(site, token, Array(64).fill('/api/v1/runs/1/events'))
    const { status, text } = await site.ask('/api/v1/runs/1/events', { headers: token })
    expect([status, JSON.parse(text).error.code]).toEqual([429, 'too-many'])
    expect(text).toContain('The token ci has 64')
    await open(site, { 'remote-user': 'ada' }, many)
    const headers = { 'remote-user': 'ada' }
    expect((await site.ask('/-/events', { headers })).status).toBe(429)
  })

  test('is left alone by requests that ask for no body', async () => {
    const site = await aSiteWithARun()
    const cookie = await site.signIn('ada')
    for (let n = 0; n < 70; n += 1)
      expect((await site.ask('/-/events', { cookie, method: 'HEAD' })).status).toBe(200)
  })
})

test('the streams of whom a proxy names end when he is disabled', async () => {
  const login = { 'proxy-header': 'Remote-User' }
  const site = await aSiteWithARun({ login, 'trusted-proxies': '127.0.0.1' })
  const all = await open(site, { 'remote-user': 'ada' })
  await site.here('POST', '/users/ada/disable')
  await ended(all)
})

onPostgres('what ends on one server of a fleet ends the streams of another', async () => {
  const fleet = { database: await aDatabase(), seal: SECRET }
  const one = await aSiteWithARun({ ...fleet, name: 'one' })
  const two = await aSite({ hooks, server: { ...fleet, name: 'two' } })
  const session = await open(two, { cookie: await one.signIn('ada') })
  const { value } = (await one.here('POST', '/tokens', { name: 'ci', role: 'viewer' })).json
  const token = await open(two, { authorization: `Bearer ${value}` }, streams.slice(2))
  await one.here('DELETE', '/users/ada')
  await one.here('DELETE', '/tokens/ci')
  await ended([...session, ...token])
})
