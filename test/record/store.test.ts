import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { migrate } from '../../src/record/migrations.ts'
import { repeatQueries } from '../../src/record/repeats.ts'
import { openSqlite, type SqliteStore } from '../../src/record/sqlite.ts'
import { aDirectory, aHook, aPush } from '../some.ts'
import { accept, ended, sqlite } from './engine.ts'
import { storeContract } from './store-contract.ts'

function aStore(directory = aDirectory()): SqliteStore {
  const store = openSqlite(directory)
  onTestFinished(() => store.close().catch(() => undefined))
  return store
}

const aDeliveryRow = `INSERT INTO deliveries (id, received_at, endpoint, host, guid, event, updates, proof,
  address, headers, verdicts, body) VALUES (1, 1, '/hooks/deploy-site', 'github', 'Same', 'push', '[]', 'p',
  '', '{}', '[]', x'7b7d')`

/** As a release wrote it whose schema had so many steps. */
function anOldDatabase(directory: string, schema: number): DatabaseSync {
  const database = new DatabaseSync(join(directory, 'runhook.db'))
  onTestFinished(() => database.close())
  database.exec('PRAGMA journal_mode = WAL')
  migrate(database, schema)
  return database
}

storeContract(sqlite)

test('the data directory has the same name for its commands after a restart', async () => {
  const directory = aDirectory()
  const first = aStore(directory)
  await first.close()
  expect(aStore(directory).token).toBe(first.token)
})

test('many deliveries at once are all kept, in order', async () => {
  const store = aStore()
  const hook = aHook({ concurrency: { group: null, cancelInProgress: false, queue: 'max' } })
  const all = await Promise.all(Array.from({ length: 500 }, () => accept({ store }, {}, hook)))
  expect(all.map(({ delivery }) => delivery.id)).toEqual(all.map((_, index) => index + 1))
  expect(await store.unfinished()).toHaveLength(500)
})

test('a delivery that an older release kept is known again, whatever its case was', async () => {
  const directory = aDirectory()
  anOldDatabase(directory, 2).exec(aDeliveryRow)
  expect((await accept({ store: aStore(directory) }, { guid: 'sAME' })).delivery.duplicateOf).toBe(
    1,
  )
})

test('of a delivery that an older release kept it is not known how it was answered', async () => {
  const directory = aDirectory()
  anOldDatabase(directory, 7).exec(aDeliveryRow)
  expect(await aStore(directory).delivery(1)).toMatchObject({ guid: 'Same', answer: null })
})

test('steps that an older release kept say how they ended', async () => {
  const directory = aDirectory()
  anOldDatabase(directory, 3).exec(`${aDeliveryRow};
    INSERT INTO runs (id, delivery_id, hook, update_index, attempt, status, queued_at, config, event, inputs)
      VALUES (1, 1, 'a', 0, 1, 'timed_out', 1, 'c', 'push', '{}');
    INSERT INTO steps VALUES (1, 1, 'git pull', 1, 2, 0, NULL, 0, 3), (1, 2, 'make', 2, 3, NULL, 'SIGTERM', 3, 4)`)
  const store = aStore(directory)
  expect(await store.run(1)).toMatchObject({ status: 'timed_out', retry: null, notBefore: null })
  expect(await store.steps(1)).toMatchObject([
    { phase: 'run', name: null, title: 'git pull', status: 'success', reason: null },
    { phase: 'run', title: 'make', status: 'timed_out' },
  ])
})

test('to know a repeat takes a look at an index, not at the history', async () => {
  const directory = aDirectory()
  await accept({ store: aStore(directory) })
  const database = new DatabaseSync(join(directory, 'runhook.db'))
  for (const [name, sql] of Object.entries(repeatQueries)) {
    const values = [...sql.matchAll(/\?/g)].map(() => 'x')
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values)
    const first = String(plan[0]?.detail)
    expect(first, name).toMatch(/^SEARCH (d|deliveries) USING (COVERING )?INDEX deliveries_by_/)
  }
  database.close()
})

test('the database itself refuses a second running run of one group', async () => {
  const store = aStore()
  await accept({ store })
  await accept({ store }, { updates: [aPush('other')] })
  await store.begin(1, 'c')
  await expect(store.begin(2, 'c')).rejects.toThrow('UNIQUE constraint failed')
  await store.finish(1, ended('success'))
  expect(await store.begin(2, 'c')).toMatchObject({ run: { id: 2, status: 'running' } })
})

test('the end of a run is seen before it is on disk', async () => {
  const store = aStore()
  await accept({ store })
  await store.begin(1, 'c')
  const finished = store.finish(1, ended('success'))
  expect(await store.run(1)).toMatchObject({ status: 'success', exitCode: 0, outputBytes: 5 })
  await finished
})

test('every file of the database is for its owner alone', async () => {
  const directory = aDirectory()
  await accept({ store: aStore(directory) })
  const modes = readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777)
  expect(modes.length).toBeGreaterThan(2)
  expect(new Set(modes)).toEqual(new Set([0o600]))
})

describe('refuses to open', () => {
  test('a directory that another server uses', () => {
    const directory = aDirectory()
    aStore(directory)
    expect(() => openSqlite(directory)).toThrow(
      `Another runhook is using the data directory ${directory}.`,
    )
  })

  test('a database that a newer release wrote', async () => {
    const directory = aDirectory()
    await aStore(directory).close()
    const database = new DatabaseSync(join(directory, 'runhook.db'))
    const known = database.prepare('PRAGMA user_version').get()?.user_version
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(() => openSqlite(directory)).toThrow(
      `The database is at schema 99, this release knows ${known}.`,
    )
  })

  test('a file in place of the directory', () => {
    const directory = '/proc/version'
    expect(() => openSqlite(directory)).toThrow(
      'The data directory /proc/version cannot be used: EEXIST',
    )
  })
})
