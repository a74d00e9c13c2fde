/** What every engine keeps of people: users, sessions, links that let in once, and the audit log. */

import { expect, onTestFinished } from 'vitest'
import { AUDIT_MS } from '../../src/record/audit.ts'
import { IDLE_MS, LINK_MS, SESSION_MS, SESSIONS_MAX } from '../../src/record/users.ts'
import { type Engine, opened } from './engine.ts'

const MINUTE = 60_000
const hash = (text: string) => Buffer.from(text.padEnd(32))

const peopleOf = async (engine: Engine) => (await opened(engine)).accounts

async function withAda(engine: Engine) {
  const people = await peopleOf(engine)
  const ada = await people.users.create({ name: 'ada', role: 'viewer', createdBy: 'root' })
  const aSession = (value: string, at: number) =>
    people.sessions.create({
      hash: hash(value),
      userId: ada.id,
      at,
      address: '::1',
      userAgent: 'x',
    })
  return { ...people, ada, aSession }
}

export function accountsContract(engine: Engine): void {
  const { test } = engine

  test('a session ends after seven days that nobody uses it, and after thirty whatever happens', async () => {
    const { sessions, aSession } = await withAda(engine)
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
    const { sessions, aSession } = await withAda(engine)
    const { id } = await aSession('one', 0)
    const seenAt = async () => (await sessions.list(0))[0]?.seenAt
    sessions.seen(id, 1_000_000)
    sessions.seen(id, 1_059_999)
    expect(await seenAt()).toBe(1_000_000)
    sessions.seen(id, 1_060_000)
    expect(await seenAt()).toBe(1_060_000)
  })

  test('a user has so many sessions and no more: the one that was not used for longest goes', async () => {
    const { users, sessions, aSession } = await withAda(engine)
    const bob = await users.create({ name: 'bob', role: 'viewer', createdBy: 'root' })
    const more = { at: 1, address: '::1', userAgent: 'x' }
    await sessions.create({ hash: hash('of bob'), userId: bob.id, ...more })
    const made: number[] = []
    for (let n = 0; n < SESSIONS_MAX; n += 1) {
      made.push((await aSession(`n ${n}`, 1_000_000 + n * MINUTE)).id)
    }
    const at = 1_000_000 + SESSIONS_MAX * MINUTE
    sessions.seen(made[0] ?? 0, at)
    expect(await sessions.list(at)).toHaveLength(SESSIONS_MAX + 1)
    const late = [(await aSession('late', at)).id, (await aSession('later', at)).id]
    const left = await sessions.list(at)
    const ofAda = left.filter(({ user }) => user === 'ada').map(({ id }) => id)
    expect(ofAda.sort((a, b) => a - b)).toEqual([made[0], ...made.slice(3), ...late])
    expect(await sessions.find(hash('n 1'), at)).toBeNull()
    expect(await sessions.find(hash('of bob'), at)).not.toBeNull()
  })

  test('a link is over after a quarter of an hour, looked at or not', async () => {
    const { links, ada } = await withAda(engine)
    await links.create({ hash: hash('link'), userId: ada.id, at: 0 })
    expect(await links.find(hash('link'), LINK_MS - 1)).toMatchObject({ user: { name: 'ada' } })
    expect(await links.find(hash('link'), LINK_MS)).toBeNull()
    expect(await links.use(hash('link'), LINK_MS, 'x')).toBeNull()
    expect(await links.use(hash('link'), 0, 'x')).toBeNull() // that was its one use
  })

  test('numbers of sessions are never used again', async () => {
    const { sessions, users, aSession } = await withAda(engine)
    const first = await aSession('one', 0)
    await sessions.end(first.id)
    expect((await aSession('two', 0)).id).toBeGreaterThan(first.id)
    await users.remove('ada')
    expect(await sessions.list(0)).toEqual([])
  })

  test('names differ in more than their case', async () => {
    const { users } = await withAda(engine)
    await expect(
      users.create({ name: 'ADA', role: 'admin', createdBy: 'x' }),
    ).rejects.toMatchObject({
      code: 'conflict',
      message: 'There is a user "ada" already.',
    })
    expect((await users.setRole('Ada', 'operator')).role).toBe('operator')
    await expect(users.setRole('bob', 'admin')).rejects.toMatchObject({
      code: 'not-found',
      message: 'There is no user "bob".',
    })
  })

  test('the audit log comes newest first, by pages, and old rows go as new ones come', async () => {
    const { audit } = await peopleOf(engine)
    const row = { who: 'ada', via: 'socket', address: '', what: 'run.cancel', outcome: 'ok' }
    for (let n = 1; n <= 5; n += 1) await audit.add({ ...row, at: n, object: `run #${n}` })
    const objects = async (filter: { before?: number; limit: number }) =>
      (await audit.list(filter)).map(({ object }) => object)
    expect(await objects({ limit: 2 })).toEqual(['run #5', 'run #4'])
    expect(await objects({ before: 4, limit: 2 })).toEqual(['run #3', 'run #2'])
    await audit.add({ ...row, at: AUDIT_MS + 4, object: 'run #6' })
    expect(await objects({ limit: 9 })).toEqual(['run #6', 'run #5', 'run #4'])
  })

  test("what ends with a password, a ban and a removal: his sessions but one, his links, nobody else's", async () => {
    const { users, sessions, links, ada, aSession } = await withAda(engine)
    const bob = await users.create({ name: 'bob', role: 'viewer', createdBy: 'root' })
    const more = { at: 0, address: '', userAgent: '' }
    await sessions.create({ hash: hash('of bob'), userId: bob.id, ...more })
    await links.create({ hash: hash('for bob'), userId: bob.id, at: 0 })
    const left = async () => (await sessions.list(0)).map(({ user, id }) => `${user} ${id}`)
    const [one, two] = [await aSession('one', 0), await aSession('two', 0)]
    await links.create({ hash: hash('for ada'), userId: ada.id, at: 0 })
    expect(await users.setPassword('ada', 'scrypt$', two.id)).toMatchObject({ hasPassword: true })
    expect(await left()).toEqual([`ada ${two.id}`, `bob ${one.id - 1}`])
    expect(await links.find(hash('for ada'), 0)).toBeNull()
    expect(await users.disable('ada', 5)).toMatchObject({ disabledAt: 5 })
    expect(await left()).toEqual([`bob ${one.id - 1}`])
    await links.create({ hash: hash('again'), userId: ada.id, at: 0 })
    expect(await links.find(hash('again'), 0)).toBeNull()
    expect(await users.enable('ada')).toMatchObject({ disabledAt: null, hasPassword: true })
    expect(await links.find(hash('again'), 0)).toMatchObject({ user: { name: 'ada' } })
    await users.remove('ada')
    expect(await links.find(hash('again'), 0)).toBeNull()
    expect(await links.find(hash('for bob'), 0)).toMatchObject({ user: { name: 'bob' } })
    expect(await users.list()).toMatchObject([{ name: 'bob' }])
  })

  test('the session of somebody who is disabled opens nothing, and a new role counts in it at once', async () => {
    const { users, sessions, aSession } = await withAda(engine)
    await aSession('one', 0)
    await users.setRole('ada', 'admin')
    expect(await sessions.find(hash('one'), 1)).toMatchObject({
      session: { user: 'ada', address: '::1', userAgent: 'x' },
      user: { role: 'admin' },
    })
    await users.disable('ada', 1)
    await aSession('late', 1)
    expect(await sessions.find(hash('late'), 2)).toBeNull()
  })

  test('of many who use one link at once, one gets in', async () => {
    const { links, ada } = await withAda(engine)
    await links.create({ hash: hash('link'), userId: ada.id, at: 0 })
    const all = await Promise.all(
      Array.from({ length: 8 }, () => links.use(hash('link'), 1, 'ada')),
    )
    expect(all.filter((user) => user !== null)).toMatchObject([{ name: 'ada' }])
  })

  test('a new link replaces the one that its user had, and the first link the first one', async () => {
    const { links, ada } = await withAda(engine)
    for (const userId of [ada.id, null]) {
      await links.create({ hash: hash(`old ${userId}`), userId, at: 0 })
      await links.create({ hash: hash(`new ${userId}`), userId, at: 0 })
      expect(await links.use(hash(`old ${userId}`), 0, 'x')).toBeNull()
    }
    expect(await links.use(hash(`new ${ada.id}`), 0, 'x')).toMatchObject({ name: 'ada' })
  })

  test('the first link holds until there is an admin, and is not used up by a name that is taken', async () => {
    const { links, users } = await peopleOf(engine)
    await links.create({ hash: hash('first'), userId: null, at: 0 })
    await users.create({ name: 'vic', role: 'viewer', createdBy: 'root' })
    await users.create({ name: 'olga', role: 'operator', createdBy: 'root' })
    expect(await links.find(hash('first'), 1)).toEqual({ first: true })
    await expect(links.use(hash('first'), 1, 'Vic')).rejects.toMatchObject({ code: 'conflict' })
    await users.setRole('vic', 'admin')
    expect(await links.find(hash('first'), 1)).toBeNull()
    await users.setRole('vic', 'viewer')
    expect(await links.use(hash('first'), 1, 'ada')).toMatchObject({ role: 'admin' })
  })

  test('the first link makes one admin, and opens nothing once there is one', async () => {
    const { links, users } = await peopleOf(engine)
    await links.create({ hash: hash('first'), userId: null, at: 0 })
    expect(await links.find(hash('first'), 1)).toEqual({ first: true })
    const all = await Promise.all(
      ['ada', 'bob', 'cyd'].map((name) => links.use(hash('first'), 1, name)),
    )
    const made = all.filter((user) => user !== null)
    expect(made).toMatchObject([{ role: 'admin', createdBy: 'the first link' }])
    expect(await users.list()).toEqual(made)
    await links.create({ hash: hash('second'), userId: null, at: 0 })
    expect(await links.find(hash('second'), 1)).toBeNull()
    expect(await links.use(hash('second'), 1, 'eve')).toBeNull()
  })

  test('of many who make a user of one name at once, one does', async () => {
    const { users } = await peopleOf(engine)
    const names = ['eve', 'Eve', 'EVE', 'eVe']
    const made = await Promise.allSettled(
      names.map((name) => users.create({ name, role: 'viewer', createdBy: 'x' })),
    )
    const [first] = await users.list()
    const refused = made.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(refused).toHaveLength(3)
    for (const one of refused) {
      expect(one).toMatchObject({ message: `There is a user "${first?.name}" already.` })
    }
  })

  test('whom a provider knows is found by what it calls him, to the letter, and never by a name', async () => {
    const { users } = await withAda(engine)
    const identity = { issuer: 'https://id.example.com', subject: 'a1' }
    const made = await users.create({
      ...{ name: 'oidc:ada', identity, role: 'viewer', createdBy: 'https://id.example.com' },
    })
    expect(made).toMatchObject({ name: 'oidc:ada', identity })
    expect(await users.findBy(identity)).toEqual(made)
    expect(await users.find('ada')).toMatchObject({ identity: null })
    for (const other of [
      { ...identity, subject: 'A1' },
      { ...identity, subject: '' },
      { ...identity, issuer: 'https://id.example.com/' },
    ])
      expect(await users.findBy(other)).toBeNull()
    expect(await users.setRole('OIDC:ADA', 'operator')).toMatchObject({ identity })
    await users.remove('oidc:ada')
    expect(await users.findBy(identity)).toBeNull()
  })

  test('of many who make a user of one identity at once, one does', async () => {
    const { users } = await peopleOf(engine)
    const identity = { issuer: 'https://id.example.com', subject: 'a1' }
    const made = await Promise.allSettled(
      ['one', 'two', 'three', 'four'].map((name) =>
        users.create({ name, identity, role: 'viewer', createdBy: 'x' }),
      ),
    )
    const refused = made.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(refused).toEqual(['conflict', 'conflict', 'conflict'])
    expect(await users.list()).toEqual([await users.findBy(identity)])
  })

  test('who is signed out has no session and no link left, and is who he was', async () => {
    const { users, sessions, links, ada, aSession } = await withAda(engine)
    await aSession('one', 0)
    await links.create({ hash: hash('for ada'), userId: ada.id, at: 0 })
    expect(await users.signOut('ADA')).toEqual(ada)
    expect(await sessions.list(0)).toEqual([])
    expect(await links.find(hash('for ada'), 0)).toBeNull()
    await expect(users.signOut('bob')).rejects.toMatchObject({ code: 'not-found' })
  })

  test('all of it survives a restart', async () => {
    const open = await engine.place()
    const { close, accounts } = await open()
    const ada = await accounts.users.create({ name: 'ada', role: 'operator', createdBy: 'root' })
    await accounts.users.setPassword('ADA', 'scrypt$15$c2FsdA$a2V5')
    const more = { userId: ada.id, at: 0 }
    const made = await accounts.sessions.create({
      hash: hash('s'),
      ...more,
      address: '',
      userAgent: '',
    })
    await accounts.links.create({ hash: hash('link'), ...more })
    await close()
    const again = (await open()).accounts
    expect(await again.users.find('ada')).toEqual({ ...ada, hasPassword: true })
    expect(await again.users.passwordOf('Ada')).toBe('scrypt$15$c2FsdA$a2V5')
    expect(await again.users.passwordOf('bob')).toBeNull()
    expect((await again.sessions.find(hash('s'), 1))?.session).toEqual(made)
    expect(await again.sessions.end(made.id)).toEqual(made)
    expect([await again.sessions.end(made.id), await again.sessions.find(hash('s'), 1)]).toEqual([
      null,
      null,
    ])
    expect(await again.links.use(hash('link'), 1, 'x')).toMatchObject({ name: 'ada' })
  })

  test('a session that can no longer be noted as used disturbs nobody', async () => {
    const { close, accounts } = await opened(engine)
    const unhandled: unknown[] = []
    const listen = (thrown: unknown) => unhandled.push(thrown)
    process.on('unhandledRejection', listen)
    onTestFinished(() => void process.off('unhandledRejection', listen))
    await close()
    accounts.sessions.seen(1, Date.now())
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(unhandled).toEqual([])
  })
}
