import { describe, expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/hooks/load.ts'
import { anywhere } from '../../src/hooks/placement.ts'
import { Postgres } from '../../src/postgres/connect.ts'
import type { Facts } from '../../src/postgres/facts.ts'
import { migrate, SCHEMA } from '../../src/postgres/schema.ts'
import { checkDatabase, checkLabels, factFindings } from '../../src/preflight/database.ts'
import { aFolder } from '../hooks/written.ts'
import { aServer, onPostgres, PASSWORD } from '../postgres/database.ts'
import { aHook } from '../some.ts'

function connected(url: string): Postgres {
  const database = new Postgres(url, { name: 'test' })
  onTestFinished(() => database.close())
  return database
}

async function findingsAt(url: string, runsOn = 'web') {
  const hook = { url: '/a', auth: 'none', 'allow-from': '::1', run: 'true', 'runs-on': runsOn }
  const file = { server: { database: `\${DATABASE_URL}` }, hooks: { blog: hook } }
  const folder = aFolder({ 'hooks.json': JSON.stringify(file) })
  const { config } = await loadConfig(`${folder}/hooks.json`, {
    environment: { DATABASE_URL: url },
  })
  if (config === null) throw new Error('it was not loaded')
  const findings = await checkDatabase(config)
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), 'canary'])
    expect(JSON.stringify(findings)).not.toContain(secret)
  return findings.map(({ check, level, found, mend }) => {
    const text = found.replace(/PostgreSQL [\d.]+/, 'PostgreSQL N').replace(/:\d+/g, ':PORT')
    return [`${check} ${level}`, text, ...mend]
  })
}

const label = (found: string) => ['label warning', found, 'runhook worker --labels web']
const nobody = label('hook blog waits for the label "web", and no worker has it')
const fine = ['database ok', `PostgreSQL N answers: fleet_1 at 127.0.0.1:PORT, schema ${SCHEMA}`]

describe('a database', () => {
  onPostgres('is asked whether it can be used', { timeout: 60_000 }, async () => {
    const server = await aServer()
    const url = await server.createDatabase()
    expect(await findingsAt(url)).toEqual([
      [
        'schema error',
        'the database has no tables of runhook yet',
        'runhook migrate   (with a database user who may create tables)',
      ],
      nobody,
    ])
    const database = connected(url)
    await migrate(database)
    expect(await findingsAt(url)).toEqual([fine, nobody])

    await database.query(`INSERT INTO runhook.workers (name, labels, version, host, token, instance,
      slots, lease_ms, seen_at) SELECT name, ARRAY['web', 'eu'], '', '', '', gen_random_uuid(), 1, 30000, seen
      FROM (VALUES ('web-1', now() - interval '1 minute'), ('web-2', now() - interval '2 minutes'))
      AS known (name, seen)`)
    expect(await findingsAt(url)).toEqual([
      fine,
      label('hook blog waits for the label "web", and who has it is away: web-1, web-2'),
    ])
    await database.query(`UPDATE runhook.workers SET seen_at = now() WHERE name = 'web-2'`)
    expect(await findingsAt(url)).toEqual([fine])

    await database.query('UPDATE runhook.schema SET version = version + 1')
    expect(await findingsAt(url)).toEqual([
      [
        'schema error',
        `the database is at schema ${SCHEMA + 1}, and this release has ${SCHEMA}`,
        'update runhook',
      ],
    ])
    await database.query('UPDATE runhook.schema SET version = version - 1')

    const superuser = url.replace('//runhook:', '//postgres:')
    expect(await findingsAt(superuser)).toEqual([
      fine,
      [
        'database warning',
        'postgres is a superuser of the database server, and may do far more than runhook needs',
        'see "Trust" in docs/fleet.md',
      ],
    ])
    const admin = connected(superuser)
    await admin.query(`CREATE ROLE stranger LOGIN PASSWORD '${PASSWORD}'`)
    expect(await findingsAt(url.replace('//runhook:', '//stranger:'))).toEqual([
      [
        'schema error',
        'stranger may not read the tables of runhook',
        'see "Trust" in docs/fleet.md',
      ],
      nobody,
    ])
    await admin.query('ALTER DATABASE fleet_1 SET default_transaction_read_only = on')
    expect(await findingsAt(url)).toEqual([
      [
        'database error',
        'fleet_1 at 127.0.0.1:PORT can only be read: it is a standby, or was made read-only',
      ],
    ])
  })

  onPostgres('that cannot be reached is told without its password', async () => {
    const server = await aServer()
    const url = await server.createDatabase()
    const wrong = new URL(url)
    wrong.password = 'canary'
    const check = 'Check "database" of "server" in the hooks file, and that PostgreSQL runs.'
    expect(await findingsAt(wrong.href)).toEqual([
      [
        'database error',
        'The database cannot be used: password authentication failed for user "runhook" (fleet_1 at 127.0.0.1:PORT)',
        check,
      ],
    ])
    await server.stop()
    expect(await findingsAt(url)).toEqual([
      [
        'database error',
        'The database cannot be used: connect ECONNREFUSED 127.0.0.1:PORT (fleet_1 at 127.0.0.1:PORT)',
        check,
      ],
    ])
  })

  const facts: Facts = {
    version: '15.4',
    versionNumber: 150_004,
    user: 'runhook',
    superuser: false,
    readOnly: false,
    fsync: true,
    schema: SCHEMA,
    skewMs: 20,
    notifies: true,
    workers: [],
  }
  const told = (fields: Partial<Facts>) =>
    factFindings({ ...facts, ...fields }, 'runhook at db').map(({ level, found }) => [level, found])

  test('is told what it lacks', () => {
    expect(told({})).toEqual([['ok', `PostgreSQL 15.4 answers: runhook at db, schema ${SCHEMA}`]])
    expect(told({ version: '12.22', versionNumber: 120_022 })).toEqual([
      ['error', 'PostgreSQL 12.22 is too old; 13 or newer is needed'],
    ])
    expect(told({ fsync: false })).toEqual([
      [
        'error',
        'the database has fsync off: a crash of its machine loses what senders were promised',
      ],
    ])
    expect(told({ notifies: false })[1]).toEqual([
      'warning',
      'no NOTIFY comes back: runs start, and logs move, seconds late',
    ])
    const clocks = (text: string) => [
      'warning',
      `this machine's clock is ${text} that of the database: times of runs will not agree`,
    ]
    expect(told({ skewMs: 7200 })[1]).toEqual(clocks('7 s behind'))
    expect(told({ skewMs: -61_000 })[1]).toEqual(clocks('61 s ahead of'))
  })
})

test('labels that nobody alive has are told of each hook that is switched on', () => {
  const on = (name: string, label: string, fields = {}) =>
    aHook({ name, placement: { ...anywhere, label }, ...fields })
  const hooks = [on('a', 'web'), on('b', 'db'), on('c', 'gpu'), on('d', 'gpu', { enabled: false })]
  const workers = [
    { name: 'w-1', labels: ['web', 'db'], alive: false },
    { name: 'w-2', labels: ['web'], alive: true },
  ]
  expect(checkLabels(hooks, workers).map(({ found }) => found)).toEqual([
    'hook b waits for the label "db", and who has it is away: w-1',
    'hook c waits for the label "gpu", and no worker has it',
  ])
})

test('without a database there is nothing to ask', async () => {
  const folder = aFolder({ 'hooks.json': '{ "hooks": {} }' })
  const { config } = await loadConfig(`${folder}/hooks.json`, { environment: {} })
  expect(config && (await checkDatabase(config))).toEqual([])
})
