import { expect, test } from 'vitest'
import { openSqlite } from '../../src/record/sqlite.ts'
import { anArchive, filled } from '../record/archive.ts'
import { daysAgo } from '../record/retention-contract.ts'

test('a history of a hundred thousand is pruned at its own pace while deliveries are stored', async () => {
  const directory = await filled(100_000, (id) => daysAgo(id <= 90_000 ? 300 : 20))
  const { store, database, retention, aRun } = anArchive({}, directory)
  let going = true
  let served = 0
  const round = retention.round().finally(() => {
    going = false
  })
  while (going) {
    await aRun(0, { status: 'queued' })
    served += 1
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await round
  const count = (table: string) => database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n
  expect(count('runs')).toBe(10_000 + served)
  expect(count('deliveries')).toBe(10_000 + served)
  expect(count('deliveries WHERE body_removed_at IS NULL')).toBe(served)
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  await store.close()
  await openSqlite(directory).close()
})
