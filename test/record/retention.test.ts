import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { openSqlite } from '../../src/record/sqlite.ts'
import { anArchive, filled } from './archive.ts'
import { type Archive, daysAgo, retentionContract } from './retention-contract.ts'

retentionContract({
  test,
  archive: async (keep): Promise<Archive> => {
    const { directory, database, store, output, ...archive } = anArchive(keep)
    const setUsed = database.prepare('UPDATE configs SET used_at = ? WHERE hash = ?')
    return {
      ...archive,
      store,
      withOutput: async (ids) => ids.filter((id) => output.exists(id)),
      count: async (table) =>
        Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n),
      configUsed: async (hash, at) => void setUsed.run(at, hash),
      async reopened() {
        await store.close()
        const again = openSqlite(directory)
        onTestFinished(() => again.close())
        return again
      },
    }
  },
})

test('what outputs there are is counted anew, and files of no run are removed', async () => {
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
