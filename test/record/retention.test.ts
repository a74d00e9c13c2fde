/** What goes when its time is over, and what never does. Rows are made long ago, the clock is the real one. */

import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { openSqlite } from '../../src/record/sqlite.ts'
import { aDelivery, aHook } from '../some.ts'
import { anArchive, DAY, daysAgo, filled } from './archive.ts'

describe('payloads', () => {
  test('go after their time; the delivery stays and says why it cannot be used again', async () => {
    const { store, retention, aRun } = anArchive()
    await aRun(20, { status: 'failure' })
    await aRun(13)
    await retention.round(0)
    const [, old] = await store.deliveries({ limit: 2 })
    expect(old).toMatchObject({ id: 1, repository: 'acme/site' })
    expect(old?.bodyRemovedAt).toBeGreaterThan(daysAgo(0.01))
    expect((await store.delivery(1))?.body).toHaveLength(0)
    expect((await store.delivery(2))?.body.length).toBeGreaterThan(0)
    await expect(store.rerun(1, aHook())).rejects.toMatchObject({
      message: 'Delivery #1 cannot be used again: its payload was removed after 20 days.',
      code: 'conflict',
      hint: expect.stringContaining('"bodies" of "keep"'),
    })
    expect((await store.rerun(2, aHook())).queued).toHaveLength(1)
  })

  test('of what waits or runs stay, however old', async () => {
    const { store, retention, aRun } = anArchive()
    await aRun(300, { status: 'queued' })
    await aRun(300, { status: 'running' })
    await aRun(0)
    await retention.round(0)
    for (const id of [1, 2]) {
      expect((await store.delivery(id))?.body.length).toBeGreaterThan(0)
      expect(await store.run(id)).not.toBeNull()
    }
  })

  test('of many megabytes go too, some at a time', async () => {
    const { store, retention, aRun } = anArchive()
    for (let i = 0; i < 5; i++) await aRun(20, { body: Buffer.alloc(3 * 2 ** 20, i) })
    await retention.round(0)
    const all = await store.deliveries({ limit: 10 })
    expect(all.filter((one) => one.bodyRemovedAt === null)).toEqual([])
  })
})

describe('output', () => {
  test('goes after its time, but not that of the last five runs of a hook', async () => {
    const { output, store, retention, aRun } = anArchive()
    for (let i = 0; i < 8; i++) await aRun(40)
    const other = await aRun(40, { hook: 'other' })
    await retention.round(0)
    const left = [1, 2, 3, 4, 5, 6, 7, 8, other].filter((id) => output.exists(id))
    expect(left).toEqual([4, 5, 6, 7, 8, other])
    expect(await store.steps(1)).toHaveLength(1)
  })

  test('of all runs together has a size: the oldest goes first, the last five of a hook never', async () => {
    const { output, files, retention, aRun } = anArchive({ outputBytes: 5000 })
    for (let i = 0; i < 3; i++) await aRun(9, { hook: 'rare', bytes: 1000 })
    for (let i = 0; i < 10; i++) await aRun(1, { hook: 'often', bytes: 1000 })
    await retention.round(0)
    const left = Array.from({ length: 13 }, (_, i) => i + 1).filter((id) => output.exists(id))
    expect(left).toEqual([1, 2, 3, 9, 10, 11, 12, 13])
    expect(files.bytes).toBe(8000)
  })

  test('is counted anew from what is there, and files of no run are removed', async () => {
    const { directory, files, output, retention, aRun } = anArchive()
    await aRun(1, { bytes: 700 })
    const folder = join(directory, 'output', '7')
    mkdirSync(folder)
    writeFileSync(join(folder, '7001.log'), 'of nobody')
    writeFileSync(join(folder, 'notes.txt'), 'of somebody else')
    mkdirSync(join(directory, 'output', '3'))
    await retention.round(0)
    expect(readdirSync(folder)).toEqual(['notes.txt'])
    expect(existsSync(join(directory, 'output', '3'))).toBe(false)
    expect(output.exists(1)).toBe(true)
    expect(files.bytes).toBe(700)
  })
})

describe('history', () => {
  test('runs go with steps and output after their time, and deliveries that nothing needs', async () => {
    const { database, output, retention, aRun, runIds } = anArchive()
    await aRun(200)
    await aRun(179)
    await aRun(1)
    await retention.round(0)
    expect(await runIds()).toEqual([2, 3])
    expect(output.exists(1)).toBe(false)
    const count = (table: string) => database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n
    expect([count('steps'), count('deliveries'), count('pruned_runs')]).toEqual([2, 2, 0])
  })

  test('a hook keeps so many runs as it says, and so long', async () => {
    const { hooks, retention, aRun, runIds } = anArchive()
    hooks.set('few', { runs: 2, ageMs: null })
    hooks.set('long', { runs: null, ageMs: 365 * DAY })
    hooks.set('short', { runs: null, ageMs: 2 * DAY })
    for (let i = 0; i < 5; i++) await aRun(1, { hook: 'few' })
    await aRun(300, { hook: 'long' })
    await aRun(400, { hook: 'long' })
    await aRun(3, { hook: 'short' })
    await aRun(1, { hook: 'short' })
    await aRun(300, { hook: 'gone from the file' })
    await aRun(0)
    await retention.round(0)
    expect(await runIds()).toEqual([4, 5, 6, 9, 11])
  })

  test('a delivery is known again for 90 days, also when its run has gone', async () => {
    const { store, hooks, retention, aRun, runIds } = anArchive({ historyMs: DAY, bodiesMs: DAY })
    hooks.set('deploy-site', { runs: 1, ageMs: null })
    await aRun(80, { guid: 'same', body: Buffer.from('{"first":1}') })
    await aRun(100, { guid: 'older' })
    await aRun(0)
    await retention.round(0)
    expect(await runIds()).toEqual([3])
    const wanted = [{ hook: aHook(), update: 0, inputs: {} }]
    const matched = [{ hook: 'deploy-site', update: 0, matched: true, checks: [], run: null }]
    const again = await store.accept(aDelivery({ guid: 'same' }), matched, wanted)
    expect(again.queued).toEqual([])
    expect(again.delivery.verdicts[0]?.checks.at(-1)).toMatchObject({
      rule: 'duplicate',
      says: 'delivery 1 already started run #1 (success)',
    })
    const body = Buffer.from('{"first":1}')
    const replay = await store.accept(aDelivery({ guid: 'new', body }), matched, wanted)
    expect(replay.delivery.verdicts[0]?.checks.at(-1)).toMatchObject({ rule: 'replay' })
    expect((await store.accept(aDelivery({ guid: 'older' }), matched, wanted)).queued).toHaveLength(
      1,
    )
  })

  test('a delivery stays while another one repeats it', async () => {
    const { store, retention, aRun } = anArchive()
    await aRun(300, { guid: 'same' })
    await aRun(10, { guid: 'same', hook: 'other' })
    await aRun(0)
    await retention.round(0)
    expect((await store.deliveries({ limit: 9 })).map(({ id }) => id)).toEqual([3, 2, 1])
  })

  test('no number is given twice, even when all is old', async () => {
    const { directory, store, retention, aRun, runIds } = anArchive()
    for (let i = 0; i < 3; i++) await aRun(400)
    await retention.round(0)
    expect(await runIds()).toEqual([3])
    await store.close()
    const again = openSqlite(directory)
    const wanted = [{ hook: aHook(), update: 0, inputs: {} }]
    const accepted = await again.accept(aDelivery(), [], wanted)
    expect(accepted).toMatchObject({ delivery: { id: 4 }, queued: [{ id: 4 }] })
    await again.close()
  })

  test('the text of a hook goes when no run can have it any more', async () => {
    const { store, database, retention } = anArchive()
    await store.keepConfig(new Map(['c-old', 'c-kept', 'c-now'].map((hash) => [hash, '{}'])))
    const setUsed = database.prepare('UPDATE configs SET used_at = ? WHERE hash = ?')
    for (const hash of ['c-old', 'c-now']) setUsed.run(daysAgo(220), hash)
    setUsed.run(daysAgo(200), 'c-kept')
    await retention.round(0)
    expect(await store.configText('c-old')).toBeNull()
    expect(await store.configText('c-kept')).toBe('{}')
    expect(await store.configText('c-now')).toBe('{}')
  })
})

test('pages that are free are given back to the disk', async () => {
  const { directory, store, retention, aRun } = anArchive()
  for (let i = 0; i < 20; i++) await aRun(20, { body: Buffer.alloc(2 ** 20, i) })
  const size = () => statSync(join(directory, 'runhook.db')).size
  const checkpoint = () => {
    const database = new DatabaseSync(join(directory, 'runhook.db'))
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    database.close()
  }
  checkpoint()
  expect(size()).toBeGreaterThan(20 * 2 ** 20)
  await retention.round(0)
  checkpoint()
  expect(size()).toBeLessThan(12 * 2 ** 20)
  expect(await store.run(20)).not.toBeNull()
})

test('a stop ends a round after the slice it is at', async () => {
  const { store, retention, runIds } = anArchive({}, await filled(350, () => daysAgo(400)))
  const round = retention.round(50)
  await new Promise((resolve) => setTimeout(resolve, 120))
  await retention.stop()
  await round
  expect((await runIds()).length).toBeGreaterThan(1)
  expect(await store.run(350)).not.toBeNull()
})

test('a history of twenty thousand is pruned while deliveries are stored', async () => {
  const directory = await filled(20_000, (id) => daysAgo(id <= 15_000 ? 300 : 20))
  const { store, database, retention, aRun, runIds } = anArchive({}, directory)
  let going = true
  const round = retention.round(0).finally(() => {
    going = false
  })
  let served = 0
  while (going) {
    await aRun(0, { status: 'queued' })
    served += 1
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await round
  expect(served).toBeGreaterThan(20)
  const ids = await runIds()
  expect(ids).toHaveLength(5000 + served)
  expect(ids[0]).toBe(15_001)
  expect((await store.deliveries({ limit: 30_000 })).length).toBe(5000 + served)
  const bodies = 'SELECT count(*) AS n FROM deliveries WHERE body_removed_at IS NULL'
  expect(database.prepare(bodies).get()?.n).toBe(served)
}, 60_000)
