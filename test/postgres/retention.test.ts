/** Retention of a fleet: the contract, and what only several processes on one database can do. */

import { describe, expect, vi } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { PostgresKeptOutputs } from '../../src/postgres/kept-outputs.ts'
import { PostgresPrune } from '../../src/postgres/prune.ts'
import { PostgresRounds } from '../../src/postgres/rounds.ts'
import { Retention } from '../../src/record/retention.ts'
import { DAY, daysAgo, policyOf, retentionContract } from '../record/retention-contract.ts'
import { aHook, aKeep, until } from '../some.ts'
import { anArchive } from './archive.ts'
import { aDeliveryRow, anOutput, aRunRow, connected, migrated } from './connected.ts'
import { aDatabase, onPostgres } from './database.ts'

retentionContract({ test: onPostgres, archive: anArchive })

describe('whose turn it is', () => {
  onPostgres('one process at a time goes round, and once an hour together', async () => {
    const database = await migrated()
    const [one, two] = [new PostgresRounds(database), new PostgresRounds(database)]
    const begun = await Promise.all([one.begin(false), two.begin(true), one.begin(true)])
    const [end, ...more] = begun.filter((turn) => turn !== null)
    expect(more).toEqual([])
    await end?.()
    expect(await one.begin(false)).toBeNull()
    expect(await two.begin(true)).toBeNull()
    const ago = async (minutes: number) => {
      const value = JSON.stringify({ by: 'x', until: 0, ended: Date.now() - minutes * 60_000 })
      await database.query('UPDATE runhook.settings SET value = $1', [value])
    }
    await ago(40)
    expect(await two.begin(false)).toBeNull()
    await (await two.begin(true))?.()
    await ago(55)
    expect(await one.begin(false)).not.toBeNull()
  })

  onPostgres('passes on when who has it is gone', async () => {
    const database = await migrated()
    const [gone, next] = [new PostgresRounds(database), new PostgresRounds(database)]
    const late = await gone.begin(false)
    const value = JSON.stringify({ by: 'gone', until: Date.now() - 1, ended: 0 })
    await database.query('UPDATE runhook.settings SET value = $1', [value])
    expect(await next.begin(false)).not.toBeNull()
    await late?.()
    expect(await gone.begin(true)).toBeNull() // what has lost its turn cannot end that of another
  })

  onPostgres('a second process leaves alone what another one has just looked at', async () => {
    const url = await aDatabase()
    const first = await anArchive({}, url)
    await first.aRun(300)
    await first.aRun(0)
    await first.retention.round(0)
    await first.aRun(300)
    await first.aRun(0)
    await (await anArchive({}, url)).retention.round(0)
    expect(await first.runIds()).toEqual([2, 3, 4])
  })

  onPostgres('a round that cannot reach the database is told of, without its URL', async () => {
    const away = connected('postgres://runhook:away-secret@127.0.0.1:1/runhook')
    const log = silentLog()
    const told = vi.spyOn(log, 'warn')
    await new Retention({
      prune: new PostgresPrune(away),
      files: new PostgresKeptOutputs(away),
      rounds: new PostgresRounds(away),
      policy: () => policyOf(aKeep(), new Map()),
      log,
    }).round(0)
    expect(told.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^nothing old could be removed: The database cannot be used: .*REFUSED/,
        ),
      ],
    ])
    expect(JSON.stringify(told.mock.calls)).not.toContain('away-secret')
  })
})

describe('outputs', () => {
  onPostgres('of no run are removed, and what runs have is known from the runs', async () => {
    const { database, files, retention, aRun, withOutput } = await anArchive()
    const kept = await aRun(1, { bytes: 700 })
    const running = await aRun(1, { status: 'running' })
    await anOutput(database, running, 50)
    await anOutput(database, 7001, 2000)
    await retention.round(0)
    expect(await withOutput([kept, running, 7001])).toEqual([kept, running])
    expect(files.bytes).toBe(700)
  })

  onPostgres('of many pieces go a few hundred at a time', async () => {
    const { database, files, count, withOutput, aRun } = await anArchive()
    const [id, other] = [await aRun(1, { bytes: 1 }), await aRun(1, { bytes: 100 })]
    await database.query(
      `INSERT INTO runhook.outputs SELECT $1, at, 'x' FROM generate_series(1, 1999) AS at`,
      [id],
    )
    await files.remove([id])
    expect(await withOutput([id, other])).toEqual([other])
    expect(await count('outputs')).toBe(4)
  })

  onPostgres('that came from other machines are known before a round', async () => {
    const { files, retention, aRun, withOutput } = await anArchive({ outputBytes: 2500 })
    for (let i = 0; i < 10; i++) await aRun(1, { bytes: 500 })
    expect(files.bytes).toBe(0)
    await retention.round(0)
    expect(files.bytes).toBe(2500)
    expect(await withOutput([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).toEqual([6, 7, 8, 9, 10])
  })
})

describe('rollouts', () => {
  onPostgres('each counts as one among the last runs, and goes with its runs', async () => {
    const { database, store, hooks, retention, count } = await anArchive()
    hooks.set('deploy-site', { runs: 2, ageMs: null })
    for (const rollout of [1, 4, 7, 10]) {
      const delivery = await aDeliveryRow(database)
      for (const worker of ['web-1', 'web-2', 'web-3']) {
        await aRunRow(database, { delivery, worker, rollout })
      }
      await database.query(
        `INSERT INTO runhook.rollouts (id, delivery_id, hook, update_index, label, fail_fast, catch_up,
          created_at) VALUES ($1, $2, 'deploy-site', 0, 'web', false, false, 0)`,
        [rollout, delivery],
      )
    }
    await retention.round(0)
    expect((await store.runs({ limit: 20 })).map(({ id }) => id)).toEqual([12, 11, 10, 9, 8, 7])
    expect([await count('rollouts'), await count('steps')]).toEqual([2, 6])
  })
})

describe('while others are at it', () => {
  onPostgres('a payload that a new run is about to use stays', async () => {
    const { database, store, retention, aRun } = await anArchive()
    await aRun(20, { status: 'failure' })
    await aRun(0)
    await database.transaction(async (session) => {
      await session.query('SELECT 1 FROM runhook.deliveries WHERE id = 1 FOR SHARE')
      await retention.round(0)
      expect((await store.delivery(1))?.bodyRemovedAt).toBeNull()
    })
  })

  onPostgres(
    'a re-run waits for a payload that is being removed, and is told that it is gone',
    async () => {
      const { database, store, aRun } = await anArchive()
      await aRun(20, { status: 'failure' })
      const under = Promise.withResolvers<void>()
      const removing = database.transaction(async (session) => {
        await session.query('SELECT 1 FROM runhook.deliveries WHERE id = 1 FOR UPDATE')
        await under.promise
        const remove = `UPDATE runhook.deliveries SET body = '', body_removed_at = $1 WHERE id = 1`
        await session.query(remove, [Date.now()])
      })
      const rerun = store.rerun(1, aHook()).catch((error: unknown) => error)
      await until(async () => {
        const waits = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`
        return (await database.query(waits)).length > 0
      }, 'the wait')
      under.resolve()
      await removing
      expect(await rerun).toMatchObject({ code: 'conflict' })
      expect(await store.runs({ limit: 9 })).toHaveLength(1)
    },
  )

  onPostgres('the text of a hook stays as long as a run has it, or a machine says so', async () => {
    const { database, store, retention, aRun, configUsed } = await anArchive()
    const hashes = ['c-old', 'c-of-nobody', 'c-said']
    await store.keepConfig(new Map(hashes.map((hash) => [hash, '{}'])))
    await aRun(1)
    for (const hash of hashes) await configUsed(hash, daysAgo(300))
    await store.keepConfig(new Map([['c-said', '{}']]))
    await retention.round(0)
    const left = await database.query('SELECT hash FROM runhook.configs ORDER BY hash')
    expect(left.map(({ hash }) => hash)).toEqual(['c-old', 'c-said'])
  })

  onPostgres(
    'how much output is kept is what ended runs say, however they came and went',
    async () => {
      const { database, aRun } = await anArchive()
      for (const ago of [3, 2, 1, 0]) await aRun(ago)
      const change = (set: string, id: number) =>
        database.query(`UPDATE runhook.runs SET ${set} WHERE id = ${id}`)
      await change('output_bytes = 1000', 1)
      await change('output_bytes = 500, output_cut = 100', 2)
      await change('output_bytes = 30', 3)
      await change(`output_bytes = 7, status = 'queued', finished_at = NULL`, 4)
      const [one, two] = [new PostgresKeptOutputs(database), new PostgresKeptOutputs(database)]
      await Promise.all([one.count(), two.count(), one.count(), two.count()])
      expect([one.bytes, two.bytes]).toEqual([1430, 1430])
      await new PostgresPrune(database).outputRemoved([1])
      await new PostgresPrune(database).runs([2])
      await change(`status = 'failure', finished_at = 5`, 4)
      await one.count()
      expect(one.bytes).toBe(37)
      await change('output_removed_at = 6', 3)
      await change('output_removed_at = 6', 4)
      await one.count()
      expect(one.bytes).toBe(0)
      expect(await database.query('SELECT * FROM runhook.output_changes')).toEqual([])
    },
  )

  onPostgres('of runs for one update what succeeded is remembered', async () => {
    const { database, retention, aRun, hooks } = await anArchive({ historyMs: DAY })
    hooks.set('deploy-site', { runs: 1, ageMs: null })
    const delivery = await aDeliveryRow(database, { receivedAt: daysAgo(2) })
    for (const status of ['failure', 'success', 'cancelled'] as const) {
      await aRunRow(database, { delivery, status, at: daysAgo(2) })
    }
    await aRun(0)
    await retention.round(0)
    const rows = await database.query('SELECT id, status FROM runhook.pruned_runs')
    expect(rows).toEqual([{ id: 2, status: 'success' }])
  })
})
