import { expect } from 'vitest'
import { digestOf, makeSecret } from '../../src/access/secret.ts'
import { accountsIn } from '../../src/postgres/accounts.ts'
import { accountsContract } from '../record/accounts-contract.ts'
import { connected, migrated } from './connected.ts'
import { aDatabase, onPostgres as test } from './database.ts'
import { postgres } from './engine.ts'

accountsContract(postgres)

const hash = (text: string) => Buffer.from(text.padEnd(32))
const root = { role: 'viewer', createdBy: 'root' } as const

/** As several receivers have them. */
async function receivers() {
  const url = await aDatabase()
  await migrated(url)
  return [accountsIn(connected(url), []), accountsIn(connected(url), [])] as const
}

test('what one receiver keeps the others know at once: a session, its end, a role, a ban', async () => {
  const [one, two] = await receivers()
  const { id: userId } = await one.users.create({ name: 'ada', ...root })
  const made = { hash: hash('s'), userId, at: 0, address: '', userAgent: '' }
  const { id } = await one.sessions.create(made)
  expect(await two.sessions.find(hash('s'), 1)).toMatchObject({ user: { role: 'viewer' } })
  await one.users.setRole('ada', 'admin')
  expect(await two.sessions.find(hash('s'), 1)).toMatchObject({ user: { role: 'admin' } })
  await two.sessions.end(id)
  expect(await one.sessions.find(hash('s'), 1)).toBeNull()
  await one.sessions.create({ ...made, hash: hash('t') })
  await two.users.disable('ada', 1)
  expect(await one.sessions.find(hash('t'), 1)).toBeNull()
})

test('a link that is used at several receivers at once lets in once', async () => {
  const [one, two] = await receivers()
  const { id: userId } = await one.users.create({ name: 'ada', ...root })
  for (let round = 0; round < 10; round += 1) {
    const link = hash(`link ${round}`)
    await one.links.create({ hash: link, userId, at: 0 })
    const all = await Promise.all([one, two, one, two].map(({ links }) => links.use(link, 1, 'x')))
    expect(all.filter((user) => user !== null)).toHaveLength(1)
  }
})

test('receivers that start at once leave one first link, and it makes one admin', async () => {
  const [one, two] = await receivers()
  await Promise.all([
    one.links.create({ hash: hash('one'), userId: null, at: 0 }),
    two.links.create({ hash: hash('two'), userId: null, at: 0 }),
  ])
  const used = await Promise.all([
    one.links.use(hash('one'), 1, 'ada'),
    two.links.use(hash('two'), 1, 'bob'),
  ])
  expect(used.filter((user) => user !== null)).toHaveLength(1)
  expect(await one.users.list()).toHaveLength(1)
})

test('nobody is made beside the first admin while he comes in', async () => {
  const [one, two] = await receivers()
  await one.links.create({ hash: hash('first'), userId: null, at: 0 })
  const [admin] = await Promise.all([
    one.links.use(hash('first'), 1, 'ada'),
    two.users.create({ name: 'bob', ...root }),
  ])
  const names = (await one.users.list()).map(({ name }) => name)
  expect(names).toEqual(admin === null ? ['bob'] : ['ada', 'bob'])
})

test('a use that several receivers note is written once a minute', async () => {
  const [one, two] = await receivers()
  const { id: userId } = await one.users.create({ name: 'ada', ...root })
  const made = { hash: hash('s'), userId, at: 0, address: '', userAgent: '' }
  const { id } = await one.sessions.create(made)
  one.sessions.seen(id, 1_000_000)
  expect(await one.sessions.list(0)).toMatchObject([{ seenAt: 1_000_000 }])
  two.sessions.seen(id, 1_050_000)
  expect(await two.sessions.list(0)).toMatchObject([{ seenAt: 1_000_000 }])
  two.sessions.seen(id, 1_110_000)
  expect(await two.sessions.list(0)).toMatchObject([{ seenAt: 1_110_000 }])
})

test('what opens something is nowhere in the database', async () => {
  const database = await migrated()
  const { users, sessions, links } = accountsIn(database, [])
  const { id: userId } = await users.create({ name: 'ada', ...root })
  const [session, link] = [makeSecret(), makeSecret()]
  const digest = (value: string) => digestOf(value) ?? Buffer.alloc(0)
  await sessions.create({ hash: digest(session), userId, at: 0, address: '', userAgent: '' })
  await links.create({ hash: digest(link), userId, at: 0 })
  const [row] =
    await database.query(`SELECT (SELECT string_agg(sessions::text, '') FROM runhook.sessions)
    || (SELECT string_agg(links::text, '') FROM runhook.links) AS all`)
  expect(row?.all).toContain(digest(session).toString('hex'))
  expect(row?.all).toContain(digest(link).toString('hex'))
  expect(row?.all).not.toContain(session.slice(4, 24))
  expect(row?.all).not.toContain(link.slice(4, 24))
})

test('old rows of the audit log go once, also where several receivers add to it', async () => {
  const [one, two] = await receivers()
  const row = { who: 'ada', via: 'socket', address: '', what: 'run.cancel', outcome: 'ok' }
  for (let n = 1; n <= 9; n += 1) await one.audit.add({ ...row, at: n, object: `run #${n}` })
  const later = { ...row, at: Date.now(), object: 'late' }
  await Promise.all([one, two, one, two].map(({ audit }) => audit.add(later)))
  expect((await two.audit.list({ limit: 20 })).map(({ object }) => object)).toEqual([
    'late',
    'late',
    'late',
    'late',
  ])
})
