import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { digestOf, makeSecret } from '../../src/access/secret.ts'
import { AUDIT_MS } from '../../src/record/audit.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { IDLE_MS, LINK_MS, SESSION_MS } from '../../src/record/users.ts'
import { aDirectory } from '../some.ts'

const MINUTE = 60_000
const hash = (text: string) => Buffer.from(text.padEnd(32))

async function aStore(directory = aDirectory()) {
  const store = openSqlite(directory)
  onTestFinished(() => store.close().catch(() => undefined)) // a test may have closed it
  return { directory, store, ...store.accounts }
}

async function withAda() {
  const parts = await aStore()
  const ada = await parts.users.create({ name: 'ada', role: 'viewer', createdBy: 'root' })
  const aSession = (value: string, at: number) =>
    parts.sessions.create({ hash: hash(value), userId: ada.id, at, address: '::1', userAgent: 'x' })
  return { ...parts, ada, aSession }
}

test('a session ends after seven days that nobody uses it, and after thirty whatever happens', async () => {
  const { sessions, aSession } = await withAda()
  const begin = 1_000_000
  const { id } = await aSession('one', begin)
  const isThere = async (at: number) => (await sessions.find(hash('one'), at)) !== null
  expect([await isThere(begin + IDLE_MS - 1), await isThere(begin + IDLE_MS)]).toEqual([
    true,
    false,
  ])
  let at = begin
  while (at < begin + SESSION_MS - IDLE_MS) {
    at += IDLE_MS / 2
    sessions.seen(id, at)
  }
  expect(await sessions.list(at)).toMatchObject([{ id, seenAt: at }])
  sessions.seen(id, begin + SESSION_MS - MINUTE)
  await sessions.list(at) // writes what is gathered
  expect(await isThere(begin + SESSION_MS - 1)).toBe(true)
  expect(await isThere(begin + SESSION_MS)).toBe(false)
  expect(await sessions.list(begin + SESSION_MS)).toEqual([])
})

test('its last use is noted at most once a minute', async () => {
  const { sessions, aSession } = await withAda()
  const { id } = await aSession('one', 0)
  const seenAt = async () => (await sessions.list(0))[0]?.seenAt
  sessions.seen(id, 1_000_000)
  sessions.seen(id, 1_059_999)
  expect(await seenAt()).toBe(1_000_000)
  sessions.seen(id, 1_060_000)
  expect(await seenAt()).toBe(1_060_000)
})

test('a link is over after a quarter of an hour, looked at or not', async () => {
  const { links, ada } = await withAda()
  await links.create({ hash: hash('link'), userId: ada.id, at: 0 })
  expect(await links.find(hash('link'), LINK_MS - 1)).toMatchObject({ user: { name: 'ada' } })
  expect(await links.find(hash('link'), LINK_MS)).toBeNull()
  expect(await links.use(hash('link'), LINK_MS, 'x')).toBeNull()
  expect(await links.use(hash('link'), 0, 'x')).toBeNull() // that was its one use
})

test('numbers of sessions are never used again', async () => {
  const { sessions, users, aSession } = await withAda()
  const first = await aSession('one', 0)
  await sessions.end(first.id)
  expect((await aSession('two', 0)).id).toBeGreaterThan(first.id)
  await users.remove('ada')
  expect(await sessions.list(0)).toEqual([])
})

test('names differ in more than their case', async () => {
  const { users } = await withAda()
  await expect(users.create({ name: 'ADA', role: 'admin', createdBy: 'x' })).rejects.toMatchObject({
    code: 'conflict',
    message: 'There is a user "ada" already.',
  })
  expect((await users.setRole('Ada', 'operator')).role).toBe('operator')
  await expect(users.setRole('bob', 'admin')).rejects.toMatchObject({
    code: 'not-found',
    message: 'There is no user "bob".',
  })
})

test('what opens something is nowhere in the data directory, and survives a restart', async () => {
  const { directory, store, users, sessions, links, ada } = await withAda()
  const [session, link] = [makeSecret(), makeSecret()]
  const digest = (value: string) => digestOf(value) ?? Buffer.alloc(0)
  const more = { userId: ada.id, at: 0 }
  await sessions.create({ hash: digest(session), ...more, address: '', userAgent: '' })
  await users.setPassword('ada', 'scrypt$15$c2FsdA$a2V5', 1)
  await links.create({ hash: digest(link), ...more })
  await store.close()
  const bytes = readFileSync(join(directory, 'runhook.db'))
  expect([bytes.includes(digest(session)), bytes.includes(digest(link))]).toEqual([true, true])
  expect([bytes.includes(session.slice(4, 24)), bytes.includes(link.slice(4, 24))]).toEqual([
    false,
    false,
  ])
  const again = await aStore(directory)
  expect(await again.sessions.find(digest(session), 1)).toMatchObject({ user: { name: 'ada' } })
  expect(await again.users.passwordOf('ADA')).toBe('scrypt$15$c2FsdA$a2V5')
})

test('the audit log comes newest first, by pages, and old rows go as new ones come', async () => {
  const { audit } = await aStore()
  const row = { who: 'ada', via: 'socket', address: '', what: 'run.cancel', outcome: 'ok' }
  for (let n = 1; n <= 5; n += 1) await audit.add({ ...row, at: n, object: `run #${n}` })
  const objects = async (filter: { before?: number; limit: number }) =>
    (await audit.list(filter)).map(({ object }) => object)
  expect(await objects({ limit: 2 })).toEqual(['run #5', 'run #4'])
  expect(await objects({ before: 4, limit: 2 })).toEqual(['run #3', 'run #2'])
  await audit.add({ ...row, at: AUDIT_MS + 4, object: 'run #6' })
  expect(await objects({ limit: 9 })).toEqual(['run #6', 'run #5', 'run #4'])
})
