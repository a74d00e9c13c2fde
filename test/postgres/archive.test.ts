/** A history moves from a data folder into PostgreSQL, and comes out of it as it went in. */

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished } from 'vitest'
import type { Secret } from '../../src/model/hook.ts'
import { accountsIn } from '../../src/postgres/accounts.ts'
import { readPostgres } from '../../src/postgres/archive.ts'
import { restorePostgres } from '../../src/postgres/archive-restore.ts'
import { Postgres } from '../../src/postgres/connect.ts'
import { migrate } from '../../src/postgres/schema.ts'
import { checkSeal, deliveryDigest, sealedOf, sealFields } from '../../src/postgres/seal.ts'
import { ArchiveReader } from '../../src/record/archive-reader.ts'
import { restoreSqlite } from '../../src/record/archive-restore.ts'
import type { ArchiveRow, Entry } from '../../src/record/archive-tables.ts'
import { deliveryOf, runOf } from '../../src/record/rows.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { aHistory, archiveBytes, bytesOf, valuesOf, WRITTEN_AT } from '../record/history.ts'
import { aDelivery, aDirectory, aHook } from '../some.ts'
import { aDatabase, onPostgres as test } from './database.ts'

async function aFleetDatabase(): Promise<Postgres> {
  const database = new Postgres(await aDatabase(), { name: 'test' })
  onTestFinished(() => database.close())
  await migrate(database)
  return database
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000)
}

const moved = (
  bytes: Buffer,
  database: Postgres,
  label = 'default',
  sealKey: Secret | null = null,
) =>
  restorePostgres(database, new ArchiveReader(inPieces(bytes)), {
    placeOf: () => ({ label, maxParallel: 2 }),
    sealKey,
  })

const exported = (database: Postgres) => readPostgres(database, bytesOf)

async function aClosedHistory() {
  const directory = aDirectory()
  const history = await aHistory(directory)
  await history.close()
  return { ...history, directory, bytes: await archiveBytes(directory) }
}

/** What the move itself adds and changes. */
function expectedOf(bytes: Buffer, running: number) {
  const reason = 'it ran while its history was moved to another database'
  const cutOff = { status: 'interrupted', finished_at: WRITTEN_AT, reason }
  return valuesOf(bytes).map((value) => {
    if (!value.run) return value
    const { id } = value.run
    return {
      run: { ...value.run, label: 'web', unit: id, max_parallel: 2, ...(id === running && cutOff) },
    }
  })
}

async function count(database: Postgres, table: string): Promise<number> {
  const [row] = await database.query(`SELECT count(*) AS count FROM runhook.${table}`)
  return Number(row?.count)
}

describe('a history of one machine', () => {
  test('comes out of PostgreSQL as it went in, but for what must differ', async () => {
    const { bytes, running } = await aClosedHistory()
    const database = await aFleetDatabase()
    await moved(bytes, database, 'web')
    const again = valuesOf(await exported(database))
    expect(again.slice(0, -1)).toEqual(expectedOf(bytes, running.run).slice(0, -1))
    expect(again.at(-1)?.end?.counts).toEqual(valuesOf(bytes).at(-1)?.end?.counts)
  })

  test('and once more from one database to the next, to the byte', async () => {
    const { bytes } = await aClosedHistory()
    const [first, second] = [await aFleetDatabase(), await aFleetDatabase()]
    await moved(bytes, first)
    const again = await exported(first)
    await moved(again, second)
    expect((await exported(second)).equals(again)).toBe(true)
  })

  test('numbers go on behind the highest', async () => {
    const { bytes } = await aClosedHistory()
    const database = await aFleetDatabase()
    await moved(bytes, database)
    const next = async (table: string) => {
      const [row] = await database.query(
        `SELECT nextval(pg_get_serial_sequence('runhook.${table}', 'id')) AS id`,
      )
      return row?.id
    }
    // Run 92 is known to have been, though it was removed.
    expect([await next('deliveries'), await next('runs'), await next('tokens')]).toEqual([7, 93, 3])
    expect([await next('users'), await next('audit')]).toEqual([4, 2])
  })

  test('is sealed anew where it waits, and nowhere else', async () => {
    const { bytes, waiting } = await aClosedHistory()
    const database = await aFleetDatabase()
    const key = { name: 'SEAL', value: 'a key to seal runs with' }
    await moved(bytes, database, 'web', key)
    const rows = await database.query('SELECT id FROM runhook.runs WHERE seal IS NOT NULL')
    expect(rows.map(({ id }) => id).sort()).toEqual([3, waiting.run, 6])
    const [row = {}] = await database.query(`SELECT * FROM runhook.runs WHERE id = ${waiting.run}`)
    const [delivery = {}] = await database.query(
      `SELECT * FROM runhook.deliveries WHERE id = ${waiting.delivery}`,
    )
    const fields = sealFields(runOf(row), sealedOf(row), deliveryDigest(deliveryOf(delivery)))
    expect(checkSeal(fields, sealedOf(row).seal, [key])).toBeNull()
  })

  test('its people come along, sealed where runs are, and sign in anew', async () => {
    const { bytes } = await aClosedHistory()
    const key = { name: 'SEAL', value: 'a key to seal runs with' }
    for (const keys of [[], [key]]) {
      const database = await aFleetDatabase()
      await moved(bytes, database, 'web', keys[0] ?? null)
      const { users, sessions, audit } = accountsIn(database, keys)
      expect(await users.list()).toMatchObject([
        { id: 2, name: 'Ada', role: 'admin', disabledAt: null },
        { id: 3, name: 'bob', createdBy: 'Ada', disabledAt: WRITTEN_AT - 1 },
      ])
      expect(await users.passwordOf('ada')).toBe('scrypt$15$c2FsdA$a2V5')
      expect(await sessions.list(Date.now())).toEqual([])
      expect(await count(database, 'links')).toBe(0)
      expect(await audit.list({ limit: 9 })).toMatchObject([{ id: 1, object: 'user bob (viewer)' }])
    }
  })

  test('whom somebody wrote into a sealed database, no move makes a user', async () => {
    const { bytes } = await aClosedHistory()
    const key = { name: 'SEAL', value: 'a key to seal runs with' }
    const [first, second] = [await aFleetDatabase(), await aFleetDatabase()]
    await moved(bytes, first, 'web', key)
    await first.query(`INSERT INTO runhook.users (name, role, created_at, created_by)
      VALUES ('mallory', 'admin', 0, '')`)
    await first.query(`UPDATE runhook.users SET role = 'admin' WHERE name = 'bob'`)
    await moved(await readPostgres(first, bytesOf, [key]), second, 'web', key)
    const { users } = accountsIn(second, [key])
    expect((await users.list()).map(({ name }) => name)).toEqual(['Ada'])
  })

  test('what somebody wrote there to wait in a sealed database, no move makes a run', async () => {
    const { bytes, waiting } = await aClosedHistory()
    const key = { name: 'SEAL', value: 'a key to seal runs with' }
    const [first, second] = [await aFleetDatabase(), await aFleetDatabase()]
    await moved(bytes, first, 'web', key)
    await first.query(`UPDATE runhook.runs SET sender = 'mallory' WHERE id = $1`, [waiting.run])
    await moved(await readPostgres(first, bytesOf, [key]), second, 'web', key)
    const rows = await second.query('SELECT id, status, reason FROM runhook.runs ORDER BY id')
    const reason = expect.stringMatching(/^not moved along: its seal does not fit/)
    expect(rows).toContainEqual({ id: waiting.run, status: 'cancelled', reason })
    const waits = rows.filter(({ status }) => status === 'queued').map(({ id }) => id)
    expect(waits).toEqual([3, 6])
  })

  test('an empty one leaves the numbers where they begin', async () => {
    const directory = aDirectory()
    await openSqlite(directory).close()
    const database = await aFleetDatabase()
    await moved(await archiveBytes(directory), database)
    const [row] = await database.query(
      `SELECT nextval(pg_get_serial_sequence('runhook.runs', 'id')) AS id`,
    )
    expect(row?.id).toBe(1)
  })

  test('comes back to one machine: what waits for a worker is given up there', async () => {
    const { bytes, waiting } = await aClosedHistory()
    const database = await aFleetDatabase()
    await moved(bytes, database)
    await database.query(`UPDATE runhook.runs SET worker = 'web-4', rollout = id WHERE id = $1`, [
      waiting.run,
    ])
    await database.query(`INSERT INTO runhook.rollouts VALUES
      (${waiting.run}, 1, 'slow', 0, 'web', 1, true, false, 5, 'web-3 failed')`)
    const archive = await exported(database)
    expect(valuesOf(archive).filter(({ rollout }) => rollout)).toHaveLength(1)
    const directory = aDirectory()
    await restoreSqlite(directory, new ArchiveReader(inPieces(archive)))
    const store = openSqlite(directory)
    expect(await store.run(waiting.run)).toMatchObject({
      status: 'cancelled',
      reason: 'not run: it was for the worker web-4, and this server is alone',
    })
    expect(await store.steps(1)).toHaveLength(2)
    await store.close()
  })
})

describe('a history of a fleet', () => {
  test('takes the workers along, who are about to come back for what waits for them', async () => {
    const [first, second] = [await aFleetDatabase(), await aFleetDatabase()]
    await first.query(`INSERT INTO runhook.workers (name, labels, version, host, token, instance, slots,
      lease_ms, seen_at) VALUES ('web-1', '{web,eu}', '0.1.0', 'h', 't', gen_random_uuid(), 4, 30000,
      now() - interval '1 year')`)
    await moved(await exported(first), second)
    const [worker] = await second.query(
      'SELECT *, stopped_at = seen_at AS stopped, now() - seen_at < $1::interval AS lately FROM runhook.workers',
      ['1 minute'],
    )
    expect(worker).toMatchObject({ name: 'web-1', labels: ['web', 'eu'], slots: 4, token: 't' })
    expect(worker).toMatchObject({ stopped: true, lately: true })
    expect((await exported(second)).equals(await exported(first))).toBe(true)
  })

  test('comes out as readers see it: head, line and tail', async () => {
    const database = await aFleetDatabase()
    const { bytes, failing } = await aClosedHistory()
    await moved(bytes, database)
    await database.query('DELETE FROM runhook.outputs WHERE run_id = $1', [failing.run])
    await database.query(
      `INSERT INTO runhook.outputs VALUES ($1, -1, '-cut-'), ($1, 0, 'head'), ($1, 90, 'ta'), ($1, 92, 'il')`,
      [failing.run],
    )
    const pieces = valuesOf(await exported(database)).flatMap(({ output }) =>
      output?.run === failing.run ? [Buffer.from(String(output.bytes), 'base64').toString()] : [],
    )
    expect(pieces).toEqual(['head-cut-tail'])
  })

  test('a run under way counts what it has written, and its open step is cut off with it', async () => {
    const database = await aFleetDatabase()
    const { bytes, running } = await aClosedHistory()
    await moved(bytes, database)
    await database.query(`UPDATE runhook.runs SET status = 'running', finished_at = NULL,
      concurrency_group = NULL WHERE id = ${running.run}`)
    await database.query(`INSERT INTO runhook.steps VALUES
      (${running.run}, 1, 'run', NULL, 'sleep', NULL, NULL, 7, NULL, NULL, NULL, 0, NULL)`)
    const next = await aFleetDatabase()
    await moved(await exported(database), next)
    const [run] = await next.query(`SELECT * FROM runhook.runs WHERE id = ${running.run}`)
    expect(run).toMatchObject({ status: 'interrupted', output_bytes: 6, job: null })
    const [step] = await next.query(`SELECT * FROM runhook.steps WHERE run_id = ${running.run}`)
    expect(step).toMatchObject({ status: 'interrupted', finished_at: WRITTEN_AT })
  })
})

describe('all or nothing', () => {
  test('a history that is cut off, or damaged at its end, leaves no row', async () => {
    const { bytes } = await aClosedHistory()
    const database = await aFleetDatabase()
    const damaged = Buffer.from(bytes.toString().replace('"sha256":"', '"sha256":"0'))
    for (const broken of [bytes.subarray(0, -2), damaged, bytes.subarray(0, bytes.length >> 1)]) {
      await expect(moved(broken, database)).rejects.toMatchObject({ code: 'invalid' })
      for (const table of ['deliveries', 'runs', 'steps', 'tokens', 'configs', 'outputs']) {
        expect(await count(database, table)).toBe(0)
      }
    }
    await moved(bytes, database)
    expect(await count(database, 'runs')).toBe(6)
  })

  test('rows that contradict each other are refused with where they stand', async () => {
    const { bytes } = await aClosedHistory()
    /** Runs without their deliveries. */
    async function* lost(): AsyncGenerator<Entry> {
      for (const { run } of valuesOf(bytes)) if (run) yield { kind: 'run', row: run as ArchiveRow }
    }
    const database = await aFleetDatabase()
    await expect(moved(await bytesOf(lost()), database)).rejects.toThrow(
      /^Something up to line \d+ cannot be kept: .*foreign key/,
    )
  })

  test('a database with a history takes no other', async () => {
    const { bytes } = await aClosedHistory()
    const database = await aFleetDatabase()
    await moved(bytes, database)
    await expect(moved(bytes, database)).rejects.toMatchObject({
      code: 'conflict',
      message: 'The database has a history already: there are deliveries.',
    })
    expect(await count(database, 'deliveries')).toBe(6)
  })

  test('nor one that somebody has signed in to', async () => {
    const { bytes } = await aClosedHistory()
    const database = await aFleetDatabase()
    const root = { role: 'admin', createdBy: 'root' } as const
    await accountsIn(database, []).users.create({ name: 'ada', ...root })
    await expect(moved(bytes, database)).rejects.toMatchObject({
      message: 'The database has a history already: there are users.',
    })
  })

  test('a database without tables says what to do first', async () => {
    const { bytes } = await aClosedHistory()
    const database = new Postgres(await aDatabase(), { name: 'test' })
    onTestFinished(() => database.close())
    await expect(moved(bytes, database)).rejects.toMatchObject({
      hint: expect.stringContaining('runhook migrate'),
    })
    await expect(exported(database)).rejects.toMatchObject({ code: 'storage' })
  })
})

describe('an export', () => {
  test('is of one moment, however slowly it is read', async () => {
    const { bytes } = await aClosedHistory()
    const database = await aFleetDatabase()
    await moved(bytes, database)
    const before = await exported(database)
    const during = await readPostgres(database, async (entries) => {
      return bytesOf(
        (async function* () {
          for await (const entry of entries) {
            if (entry.kind === 'config') {
              await database.query('UPDATE runhook.runs SET reason = $1', ['changed'])
              await sleep(50)
            }
            yield entry
          }
        })(),
      )
    })
    expect(during.equals(before)).toBe(true)
  })

  test('that its reader gives up rejects with what he said', async () => {
    const { bytes } = await aClosedHistory()
    const database = await aFleetDatabase()
    await moved(bytes, database)
    const giveUp = readPostgres(database, async (entries) => {
      for await (const _ of entries) throw new Error('no room left')
    })
    await expect(giveUp).rejects.toThrow(/^no room left$/)
    expect((await exported(database)).length).toBeGreaterThan(1000)
  })

  test('holds bodies of any size to the byte', async () => {
    const directory = aDirectory()
    const store = openSqlite(directory)
    const sizes = [0, 1, 64 * 1024, 64 * 1024 + 1, 3 * 2 ** 20 + 7]
    for (const size of sizes) {
      const body = Buffer.from(Array.from({ length: size }, (_, index) => (index * 7) % 251))
      await store.accept(aDelivery({ body }), [], [{ hook: aHook(), update: 0, inputs: {} }])
    }
    await store.close()
    const bytes = await archiveBytes(directory)
    const database = await aFleetDatabase()
    await moved(bytes, database)
    const bodiesOf = (all: Buffer) => valuesOf(all).filter(({ body }) => body)
    expect(bodiesOf(await exported(database))).toEqual(bodiesOf(bytes))
  })
})
