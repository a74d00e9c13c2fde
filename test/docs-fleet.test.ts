/** The grants of docs/fleet.md, given as they stand there to users of a real PostgreSQL. */

import { readFileSync } from 'node:fs'
import { PgBoss } from 'pg-boss'
import { expect, onTestFinished } from 'vitest'
import { accountsIn } from '../src/postgres/accounts.ts'
import { Postgres } from '../src/postgres/connect.ts'
import { migrate, requireSchema } from '../src/postgres/schema.ts'
import type { Accounts } from '../src/record/users.ts'
import { aServer, onPostgres, PASSWORD } from './postgres/database.ts'

const page = readFileSync('docs/fleet.md', 'utf8')
const [, grants = ''] = /```sql\n([\s\S]*?)```/.exec(page) ?? []

function connected(url: string): Postgres {
  const database = new Postgres(url, { name: 'test', connections: 2 })
  onTestFinished(() => database.close())
  return database
}

/** pg-boss as somebody who may not change its tables. */
async function bossAt(url: string, migrate = false): Promise<PgBoss> {
  const options = { schema: 'runhook_boss', migrate, supervise: false, schedule: false }
  const boss = new PgBoss({ connectionString: url, ...options })
  boss.on('error', () => undefined)
  await boss.start()
  onTestFinished(() => boss.stop({ graceful: false }))
  return boss
}

/** All that a server does with people. */
async function comeAndGo({ users, sessions, links, audit }: Accounts): Promise<void> {
  const [hash, at] = [Buffer.alloc(32), Date.now()]
  await links.create({ hash, userId: null, at })
  const ada = await links.use(hash, at, 'ada')
  if (ada === null) throw new Error('The first link opens nothing.')
  const made = { hash, userId: ada.id, at, address: '', userAgent: '' }
  const { id } = await sessions.create(made)
  sessions.seen(id, at + 3_600_000)
  expect(await sessions.list(at)).toMatchObject([{ seenAt: at + 3_600_000 }])
  await sessions.end(id)
  await users.setRole('ada', 'viewer')
  await users.disable('ada', at)
  await users.remove('ada')
  const row = { at, who: 'ada', via: 'link', address: '', what: 'login', object: '', outcome: 'ok' }
  await audit.add(row)
  expect(await audit.list({ limit: 1 })).toMatchObject([row])
}

onPostgres(
  'the users of a fleet may do what they need, and no more',
  { timeout: 60_000 },
  async () => {
    const server = await aServer()
    const owner = await server.createDatabase()
    const as = (user: string) => owner.replace('//runhook:', `//${user}:`)
    await migrate(connected(owner))
    await bossAt(owner, true)
    const admin = connected(as('postgres'))
    for (const user of ['runhook_server', 'runhook_worker'])
      await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD '${PASSWORD}'`)
    await connected(owner).query(grants)

    const [receiver, worker] = [connected(as('runhook_server')), connected(as('runhook_worker'))]
    for (const one of [receiver, worker]) {
      await requireSchema(one)
      await one.query(`SELECT nextval(pg_get_serial_sequence('runhook.runs', 'id'))`)
      await one.query('LISTEN runhook')
      await one.query(`SELECT pg_notify('runhook', 'wake')`)
      await expect(one.query('CREATE TABLE runhook.mine ()')).rejects.toThrow('permission denied')
      await expect(one.query('DELETE FROM runhook.schema')).rejects.toThrow('permission denied')
    }
    const delivery = `INSERT INTO runhook.deliveries (received_at, endpoint, host, event, updates, proof,
    address, headers, verdicts, body) VALUES (0, '/', 'github', 'push', '[]', '', '', '{}', '[]', '') RETURNING id`
    const [{ id } = {}] = await receiver.query(delivery)
    const run = `INSERT INTO runhook.runs (delivery_id, hook, update_index, attempt, status, queued_at, config,
    event, inputs, label, unit) VALUES (${id}, 'a', 0, 1, 'queued', 0, '', 'push', '{}', 'web', 1) RETURNING id`
    await worker.query(run)
    await worker.query('SELECT * FROM runhook.deliveries')
    await worker.query(`UPDATE runhook.runs SET status = 'running'`)
    await receiver.query('SELECT * FROM runhook.tokens')
    await comeAndGo(accountsIn(receiver, []))
    for (const closed of [
      delivery,
      `UPDATE runhook.deliveries SET body = ''`,
      'SELECT * FROM runhook.tokens',
      `INSERT INTO runhook.tokens (hash, name, role, created_at, created_by) VALUES ('', '', 'admin', 0, '')`,
      'SELECT * FROM runhook.refusals',
      ...['users', 'sessions', 'links', 'audit'].map((table) => `SELECT * FROM runhook.${table}`),
      `INSERT INTO runhook.users (name, role, created_at, created_by) VALUES ('x', 'admin', 0, '')`,
      `INSERT INTO runhook.sessions (hash, user_id, created_at, seen_at, address, user_agent)
        VALUES ('', 1, 0, 0, '', '')`,
      `INSERT INTO runhook.links (hash, user_id, created_at) VALUES ('', 1, 0)`,
      `UPDATE runhook.users SET role = 'admin'`,
      'DELETE FROM runhook.audit',
    ])
      await expect(worker.query(closed), closed).rejects.toThrow('permission denied')

    for (const user of ['runhook_server', 'runhook_worker']) {
      const boss = await bossAt(as(user))
      await boss.createQueue(user, { retryLimit: 0, heartbeatSeconds: 10 })
      const job = await boss.send(user, { run: 12 })
      const [taken] = await boss.fetch<{ run: number }>(user)
      expect(taken).toMatchObject({ id: job, data: { run: 12 } })
      await boss.touch(user, String(job))
      await boss.complete(user, String(job))
    }
  },
)
