import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { openSqlite } from '../../src/record/sqlite.ts'
import { lastSuccessQuery } from '../../src/record/transitions.ts'
import { waitingQueries } from '../../src/record/waiting.ts'
import { aDirectory, aPush } from '../some.ts'
import { accept, sqlite } from './engine.ts'
import { waitingContract } from './waiting-contract.ts'

waitingContract(sqlite)

test('what there was no room for leaves no gap in the numbers', async () => {
  const store = openSqlite(aDirectory(), { maxWaiting: 1 })
  onTestFinished(() => store.close())
  await accept({ store })
  await expect(accept({ store }, { updates: [aPush('other')] })).rejects.toThrow('wait as may')
  expect((await accept({ store })).queued).toMatchObject([{ id: 2, deliveryId: 2 }])
})

test('none of these questions takes a walk through the history', async () => {
  const directory = aDirectory()
  const store = openSqlite(directory)
  await accept({ store })
  await store.close()
  const database = new DatabaseSync(join(directory, 'runhook.db'))
  const firstStep = (sql: string) => {
    const values = [...sql.matchAll(/\?/g)].map(() => 'x')
    return String(database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values)[0]?.detail)
  }
  const unfinished = /^SEARCH runs USING (COVERING )?INDEX runs_unfinished \(status=\?/
  expect(firstStep(waitingQueries.alike)).toMatch(
    /INDEX runs_unfinished \(status=\? AND concurrency_group=\? AND hook=\? AND ref_name=\?/,
  )
  expect(firstStep(waitingQueries.count)).toMatch(unfinished)
  expect(firstStep(lastSuccessQuery)).toMatch(/INDEX runs_by_success \(hook=\? AND ref_name=\?/)
  database.close()
})
