/**
 * docs/fleet.md, taken at its word: its grants are given to users of a real PostgreSQL, its hooks files are read,
 * nginx is asked what it makes of its part, and each command and link is looked for.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PgBoss } from 'pg-boss'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../src/hooks/load.ts'
import { accountsIn } from '../src/postgres/accounts.ts'
import { Postgres } from '../src/postgres/connect.ts'
import { migrate, requireSchema } from '../src/postgres/schema.ts'
import type { Accounts } from '../src/record/users.ts'
import { aShell } from './cli/shell.ts'
import { needs } from './needs.ts'
import { aServer, onPostgres, PASSWORD } from './postgres/database.ts'
import { aDirectory, SECRET } from './some.ts'

const page = readFileSync('docs/fleet.md', 'utf8')

function blocks(language: string): string[] {
  const fenced = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm')
  return [...page.matchAll(fenced)].map(([, text = '']) => text)
}

const sql = (word: string) => blocks('sql').find((text) => text.includes(word)) ?? ''
const grants = sql('GRANT')

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

const environment = {
  DATABASE_URL: 'postgres://runhook:password@db.internal/runhook?sslmode=verify-full',
  BLOG_SECRET: SECRET,
  SITE_SECRET: SECRET,
  RUNHOOK_SEAL: SECRET,
}

test.each(blocks('jsonc').map((text, at) => [at + 1, text] as const))(
  'its hooks file no. %i has no mistake',
  async (_, text) => {
    const file = join(aDirectory(), 'hooks.json')
    writeFileSync(file, text, { mode: 0o600 })
    // As a receiver reads it: files with secrets of commands are on the machine of the page.
    const { config, problems } = await loadConfig(file, { role: 'receiver', environment })
    const mistakes = problems.filter(({ severity }) => severity === 'error')
    expect(mistakes).toEqual([])
    expect(config?.server.database).toBe(environment.DATABASE_URL)
  },
)

needs('nginx')('its configuration of nginx is one', () => {
  const folder = aDirectory()
  const [text = ''] = blocks('nginx')
  expect(text).toContain('non_idempotent')
  const local = text.replace('web-3.internal', '127.0.0.2').replace('listen 80;', 'listen 8080;')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ')
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `pid ${folder}/pid; error_log ${folder}/error.log; events {} http { access_log off; ${temporary}\n${local}}`,
  )
  const { status, stderr } = spawnSync('nginx', ['-t', '-p', folder, '-c', file])
  expect({ status, stderr: String(stderr) }).toMatchObject({ status: 0 })
})

/** Verbs with their options, wherever the page has one typed or named. */
function calls(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  const texts = [...blocks('sh'), ...blocks('console'), ...page.matchAll(/`([^`\n]+)`/g)].map(
    String,
  )
  for (const text of texts)
    for (const [, verb = '', rest = ''] of text.matchAll(
      /\brunhook (?!runhook\b)([a-z]+)([^|\n`,']*)/g,
    )) {
      const options = found.get(verb) ?? new Set()
      for (const [option] of rest.matchAll(/--[a-z-]+/g)) options.add(option)
      found.set(verb, options)
    }
  return found
}

test('every command that it names is there, with its options', async () => {
  const named = calls()
  expect([...named.keys()]).toEqual(
    expect.arrayContaining(['migrate', 'export', 'import', 'worker', 'workers', 'rollouts']),
  )
  for (const [verb, options] of named) {
    const { out } = await aShell().run(verb, '--help')
    expect(out).toContain(`Usage: runhook ${verb} `) // of a verb that is none it is the general help
    for (const option of options) expect(out, `runhook ${verb}`).toContain(option)
  }
})

/** As GitHub makes them of headings. */
function anchors(text: string): string[] {
  const headings = text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)
  return [...headings].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('every link leads somewhere', () => {
  const links = [...page.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
  expect(links.length).toBeGreaterThan(10)
  for (const [, path = '', anchor] of links) {
    const file = path === '' ? 'docs/fleet.md' : join('docs', path)
    expect(existsSync(file), file).toBe(true)
    if (anchor !== undefined) expect(anchors(readFileSync(file, 'utf8')), file).toContain(anchor)
  }
})

onPostgres('what a standby needs is taken by PostgreSQL', async () => {
  const server = await aServer()
  for (const statement of sql('synchronous_standby_names').split('\n').filter(Boolean))
    await server.administer(statement)
  const shown = async () => (await server.administer('SHOW synchronous_standby_names'))[0]
  const synchronous_standby_names = 'ANY 1 (standby_a, standby_b)'
  await expect.poll(shown).toEqual({ synchronous_standby_names })
})
