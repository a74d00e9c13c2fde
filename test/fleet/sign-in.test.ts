/** Two servers of a fleet on one PostgreSQL: who has signed in at one is signed in at the other. */

import { expect } from 'vitest'
import { aDatabase, onPostgres as test } from '../postgres/database.ts'
import { aRunhook, type Running } from '../running.ts'
import { SECRET } from '../some.ts'

const hooks = { hello: { on: 'manual', secret: SECRET, run: 'true' } }
const OWN = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' }

async function aServer(database: string, name: string, only = 'receive,show'): Promise<Running> {
  const server = { database, name, seal: SECRET }
  return aRunhook({ hooks, file: { server }, args: ['--only', only] })
}

const ask = ({ port }: Running, path: string, cookie: string) =>
  fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie }, redirect: 'manual' })

const send = ({ port }: Running, path: string, form: Record<string, string>, cookie = '') =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { ...OWN, cookie },
    body: new URLSearchParams(form),
    redirect: 'manual',
  })

const linkIn = (output: string) => /\/-\/link\/[A-Za-z0-9_-]{43}/.exec(output)?.[0]

const cookieOf = (answer: Response) => answer.headers.get('set-cookie')?.split(';')[0] ?? ''

test('a session made on one server opens the pages of another, and ends on both', {
  timeout: 60_000,
}, async () => {
  const database = await aDatabase()
  const one = await aServer(database, 'one')
  const link = linkIn(one.output()) ?? ''
  const receiver = await aServer(database, 'receiver', 'receive')
  expect(linkIn(receiver.output())).toBeUndefined() // it would take the other's away

  const cookie = cookieOf(await send(one, link, { name: 'ada' }))
  const two = await aServer(database, 'two')
  expect(linkIn(two.output())).toBeUndefined()
  for (const server of [one, two]) {
    const answer = await ask(server, '/-/account', cookie)
    expect([answer.status, await answer.text()]).toEqual([
      200,
      expect.stringContaining('Signed in as <strong>ada<'),
    ])
  }
  expect((await ask(receiver, '/-/account', cookie)).status).toBe(404)

  const added = await two.cli('user', 'add', 'bob', '--role', 'viewer')
  expect(added).toMatchObject({ code: 0 })
  const ofBob = linkIn(added.stdout) ?? ''
  const used = await Promise.all([one, two].map((server) => send(server, ofBob, {})))
  expect(used.map(({ status }) => status).sort()).toEqual([303, 410])
  const bob = used.map(cookieOf).find((value) => value !== '') ?? ''
  expect((await ask(two, '/-/account', bob)).status).toBe(200)
  expect((await one.cli('user', 'disable', 'bob')).code).toBe(0)
  expect((await ask(two, '/-/account', bob)).status).toBe(303)

  await send(two, '/-/logout', {}, cookie)
  expect((await ask(one, '/-/account', cookie)).status).toBe(303)
  const { stdout } = await one.cli('audit')
  for (const row of ['login', 'user.add', 'user.disable', 'logout']) expect(stdout).toContain(row)
})
