/** Somebody who can write the database, but has no key, tries to come in. */

import { expect } from 'vitest'
import { accountsIn } from '../../src/postgres/accounts.ts'
import type { Row } from '../../src/postgres/connect.ts'
import { roles } from '../../src/record/tokens.ts'
import { SECRET } from '../some.ts'
import { migrated } from './connected.ts'
import { onPostgres as test } from './database.ts'
import { deceives } from './deceiving.ts'

const key = { name: 'SEAL', value: SECRET }
const newer = { name: 'NEW', value: `new ${SECRET}` }
const hash = (text: string) => Buffer.from(text.padEnd(32))

/** Ada is an admin, eve a viewer; each has a session, and eve a link. */
async function aFleet(keys = [key]) {
  const database = await migrated()
  const people = accountsIn(database, keys)
  const { users, sessions, links } = people
  const ada = await users.create({ name: 'ada', role: 'admin', createdBy: 'root' })
  const eve = await users.create({ name: 'eve', role: 'viewer', createdBy: 'root' })
  const more = { at: 0, address: '', userAgent: '' }
  await sessions.create({ hash: hash('of ada'), userId: ada.id, ...more })
  await sessions.create({ hash: hash('of eve'), userId: eve.id, ...more })
  await links.create({ hash: hash('for eve'), userId: eve.id, at: 0 })
  const write = (sql: string, values: unknown[] = []): Promise<Row[]> => database.query(sql, values)
  const visitor = async (value: string, known = people) => {
    return (await known.sessions.find(hash(value), 1))?.user ?? null
  }
  return { database, people, ada, eve, write, visitor }
}

test('who was made by a server comes in, whatever becomes of his role and password', async () => {
  const { people, visitor, database } = await aFleet()
  const { users, links } = people
  for (const role of roles) {
    await users.setRole('eve', role)
    expect(await visitor('of eve')).toMatchObject({ name: 'eve', role })
  }
  await users.setPassword('ada', 'scrypt$', 1)
  await users.disable('eve', 5)
  await users.enable('eve')
  expect(await visitor('of ada')).toMatchObject({ hasPassword: true })
  expect(await users.passwordOf('ada')).toBe('scrypt$')
  expect(await users.list()).toHaveLength(2)
  await links.create({ hash: hash('again'), userId: 2, at: 0 })
  const other = accountsIn(database, [key])
  expect(await other.links.find(hash('again'), 1)).toMatchObject({ user: { name: 'eve' } })
  expect(await other.links.use(hash('again'), 1, 'x')).toMatchObject({ name: 'eve' })
  expect(await people.renew()).toBeNull()
})

test('nobody becomes an admin by being written down as whom the provider knows', async () => {
  const { people, write } = await aFleet()
  const { users } = people
  const [issuer, mine, yours] = ['https://id.example.com', 'mallory', 'cyd']
  const cyd = { issuer, subject: yours }
  const more = { role: 'admin', createdBy: issuer } as const
  await users.create({ name: 'oidc:cyd', identity: cyd, ...more })
  await write(`UPDATE runhook.users SET issuer = $1, subject = $2 WHERE name = 'ada'`, [
    issuer,
    mine,
  ])
  expect(await users.findBy({ issuer, subject: mine })).toBeNull()
  expect(await users.find('ada')).toBeNull()
  await write('UPDATE runhook.users SET subject = $1 WHERE subject = $2', ['other', yours])
  expect(await users.findBy({ issuer, subject: 'other' })).toBeNull()
  await write('UPDATE runhook.users SET issuer = NULL, subject = NULL')
  expect(await users.find('ada')).toMatchObject({ role: 'admin' }) // as he was sealed
  expect(await users.find('oidc:cyd')).toBeNull()
  await write('UPDATE runhook.users SET issuer = $1, subject = $2 WHERE name = $3', [
    issuer,
    mine,
    'ada',
  ])
  const identity = { issuer, subject: mine }
  const made = await users.create({ name: 'oidc:m', identity, role: 'viewer', createdBy: issuer })
  expect(await users.findBy(identity)).toEqual(made)
})

test('a user whom somebody wrote there is nobody, and makes room for one of that name', async () => {
  const { people, write, visitor } = await aFleet()
  const { users, sessions, links } = people
  await write(`INSERT INTO runhook.users (name, role, password, created_at, created_by, seal)
    SELECT 'mallory', role, 'scrypt$', created_at, created_by, seal FROM runhook.users WHERE name = 'ada'`)
  const [mallory] = await write(`SELECT * FROM runhook.users WHERE name = 'mallory'`)
  await write(
    `INSERT INTO runhook.sessions (hash, user_id, created_at, seen_at, address, user_agent)
      VALUES ($1, $2, 0, 0, '', '')`,
    [hash('of mallory'), mallory?.id],
  )
  expect(await users.find('mallory')).toBeNull()
  expect(await users.passwordOf('mallory')).toBeNull()
  expect((await users.list()).map(({ name }) => name)).toEqual(['ada', 'eve'])
  expect(await visitor('of mallory')).toBeNull()
  const session = {
    hash: hash('x'),
    userId: Number(mallory?.id),
    at: 0,
    address: '',
    userAgent: '',
  }
  await expect(sessions.create(session)).rejects.toMatchObject({ code: 'not-found' })
  await links.create({ hash: hash('for mallory'), userId: Number(mallory?.id), at: 0 })
  expect(await links.use(hash('for mallory'), 1, 'x')).toBeNull()
  for (const change of [
    () => users.setRole('mallory', 'viewer'),
    () => users.setPassword('mallory', null),
    () => users.enable('mallory'),
    () => users.remove('mallory'),
  ])
    await expect(change()).rejects.toMatchObject({ message: 'There is no user "mallory".' })
  expect(await people.renew()).toBe(
    '1 user in the database cannot sign in: no key of "seal" has sealed them. Make those that you know anew with "runhook user add"',
  )
  const made = await users.create({ name: 'Mallory', role: 'viewer', createdBy: 'ada' })
  expect(made).toMatchObject({ role: 'viewer', hasPassword: false })
  expect(await visitor('of mallory')).toBeNull()
  expect(await people.renew()).toBeNull()
})

const changes = {
  'a role': `role = 'admin'`,
  'a password': `password = 'scrypt$'`,
  'a name': `name = 'root'`,
  'a number': 'id = 77',
  'a ban that is lifted': 'disabled_at = NULL',
  'the seal of another': `seal = (SELECT seal FROM runhook.users WHERE name = 'ada')`,
  'no seal': 'seal = NULL',
}
for (const [what, change] of Object.entries(changes)) {
  test(`${what}, written into a user's row, makes him nobody`, async () => {
    const { people, write, visitor } = await aFleet()
    if (change.startsWith('disabled_at')) await people.users.disable('eve', 5)
    else await write('DELETE FROM runhook.links')
    await write(`ALTER TABLE runhook.sessions DROP CONSTRAINT sessions_user_id_fkey`)
    await write(`UPDATE runhook.users SET ${change} WHERE name = 'eve'`)
    await write(`UPDATE runhook.sessions SET user_id = 77 WHERE hash = $1 AND $2`, [
      hash('of eve'),
      change === 'id = 77',
    ])
    expect(await visitor('of eve')).toBeNull()
    expect((await people.users.list()).map(({ name }) => name)).toEqual(['ada'])
    expect(await visitor('of ada')).toMatchObject({ name: 'ada', role: 'admin' })
  })
}

test('a session that somebody wrote, moved to another user or made younger opens nothing', async () => {
  const { people, write, visitor, ada } = await aFleet()
  await write(
    `INSERT INTO runhook.sessions (hash, user_id, created_at, seen_at, address, user_agent, seal)
      SELECT $1, user_id, created_at, seen_at, '', '', seal FROM runhook.sessions WHERE hash = $2`,
    [hash('mine'), hash('of ada')],
  )
  expect(await visitor('mine')).toBeNull()
  expect(await people.sessions.list(1)).toHaveLength(2)
  await write('UPDATE runhook.sessions SET user_id = $1 WHERE hash = $2', [ada.id, hash('of eve')])
  expect(await visitor('of eve')).toBeNull()
  await write('UPDATE runhook.sessions SET created_at = 1 WHERE hash = $1', [hash('of ada')])
  expect(await visitor('of ada')).toBeNull()
})

test('a session of one who is gone is not that of whoever gets his number', async () => {
  const { people, write, visitor, eve } = await aFleet()
  const [kept] = await write('SELECT * FROM runhook.sessions WHERE hash = $1', [hash('of eve')])
  await write(`DELETE FROM runhook.users WHERE name = 'eve'`)
  await write(`SELECT setval(pg_get_serial_sequence('runhook.users', 'id'), $1, false)`, [eve.id])
  const bob = await people.users.create({ name: 'bob', role: 'admin', createdBy: 'ada' })
  expect(bob.id).toBe(eve.id)
  await write(
    `INSERT INTO runhook.sessions (hash, user_id, created_at, seen_at, address, user_agent, seal)
      VALUES ($1, $2, $3, 0, '', '', $4)`,
    [hash('of eve'), bob.id, kept?.created_at, kept?.seal],
  )
  expect(await visitor('of eve')).toBeNull()
})

test('a link that somebody wrote, kept for longer or turned to another user opens nothing', async () => {
  const { people, write, ada } = await aFleet()
  const { links, users } = people
  await write('UPDATE runhook.links SET created_at = 5')
  expect(await links.find(hash('for eve'), 6)).toBeNull()
  await write('UPDATE runhook.links SET created_at = 0, user_id = $1', [ada.id])
  expect(await links.find(hash('for eve'), 1)).toBeNull()
  expect(await links.use(hash('for eve'), 1, 'x')).toBeNull()
  await write('INSERT INTO runhook.links (hash, user_id, created_at) VALUES ($1, NULL, 0)', [
    hash('first'),
  ])
  await write('DELETE FROM runhook.users')
  expect(await links.find(hash('first'), 1)).toBeNull()
  expect(await links.use(hash('first'), 1, 'mallory')).toBeNull()
  expect(await users.list()).toEqual([])
})

test('where only strangers stand in the database the first link of a server still makes an admin', async () => {
  const { people, write } = await aFleet()
  const { links, users } = people
  await write('UPDATE runhook.users SET seal = NULL')
  await links.create({ hash: hash('first'), userId: null, at: 0 })
  expect(await links.find(hash('first'), 1)).toEqual({ first: true })
  expect(await links.use(hash('first'), 1, 'ADA')).toMatchObject({ name: 'ADA', role: 'admin' })
  expect((await users.list()).map(({ name }) => name)).toEqual(['ADA'])
})

test('while a key is replaced both count, and users are sealed anew for the time after', async () => {
  const { database, people, visitor } = await aFleet()
  const both = accountsIn(database, [newer, key])
  expect(await visitor('of ada', both)).toMatchObject({ name: 'ada' })
  expect(await both.renew()).toBeNull()
  const after = accountsIn(database, [newer])
  expect(await after.users.list()).toHaveLength(2)
  expect(await after.renew()).toBeNull()
  expect(await visitor('of ada', after)).toBeNull() // he signs in once more
  expect(await people.users.list()).toEqual([]) // who has the old one only
})

test('what was made before there was a key counts no more, and without one all does', async () => {
  const { database, visitor } = await aFleet([])
  expect(await visitor('of eve')).toMatchObject({ name: 'eve' })
  const sealed = accountsIn(database, [key])
  expect(await visitor('of eve', sealed)).toBeNull()
  expect(await sealed.users.list()).toEqual([])
  expect(await sealed.links.find(hash('for eve'), 1)).toBeNull()
})

test('a view that gives the session of an admin for any that is asked for signs nobody in', async () => {
  const { database, visitor } = await aFleet()
  await database.query('DELETE FROM runhook.sessions WHERE hash = $1', [hash('of eve')])
  await deceives(database, 'sessions', 'hash', hash('made up'))
  expect(await visitor('made up')).toBeNull()
})

test('a view that gives the link of somebody for any that is asked for opens nothing', async () => {
  const { database, people } = await aFleet()
  await deceives(database, 'links', 'hash', hash('made up'))
  expect(await people.links.find(hash('made up'), 1)).toBeNull()
})

test('nobody signs in with the name of an admin and a password of his own', async () => {
  const { database, people, write } = await aFleet()
  await people.users.setPassword('eve', 'scrypt$')
  await write(`DELETE FROM runhook.users WHERE name = 'ada'`)
  await deceives(database, 'users', 'name', 'Ada')
  expect(await people.users.passwordOf('Ada')).toBeNull()
})

test('nobody whom the provider signs in is taken for another', async () => {
  const { database, people, write } = await aFleet()
  const issuer = 'https://id.example.com'
  const identity = { issuer, subject: 'cyd' }
  await people.users.create({ name: 'oidc:cyd', identity, role: 'admin', createdBy: issuer })
  await write(`DELETE FROM runhook.users WHERE name <> 'oidc:cyd'`)
  await deceives(database, 'users', 'subject', 'mallory')
  expect(await people.users.findBy({ issuer, subject: 'mallory' })).toBeNull()
})

test('who signs in gets no session of another whose row the database gives for his', async () => {
  const { database, people, write, eve } = await aFleet()
  await write(`DELETE FROM runhook.users WHERE name = 'eve'`)
  await deceives(database, 'users', 'id', eve.id)
  const more = { at: 0, address: '', userAgent: '' }
  const made = people.sessions.create({ hash: hash('new'), userId: eve.id, ...more })
  await expect(made).rejects.toMatchObject({ code: 'not-found' })
})

test('a trigger makes nobody an admin whom a server writes down as a viewer', async () => {
  const { people, write } = await aFleet()
  await write(`CREATE FUNCTION runhook.raise() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN NEW.role := 'admin'; RETURN NEW; END $$;
    CREATE TRIGGER raise BEFORE INSERT OR UPDATE ON runhook.users FOR EACH ROW EXECUTE FUNCTION runhook.raise()`)
  const told = { message: 'The database has stored another user than it was told.' }
  const made = people.users.create({ name: 'bob', role: 'viewer', createdBy: 'ada' })
  await expect(made).rejects.toMatchObject(told)
  await expect(people.users.setRole('eve', 'operator')).rejects.toMatchObject(told)
  expect((await people.users.list()).map(({ name }) => name)).toEqual(['ada', 'eve'])
})
