import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openSqlite } from '../../src/record/sqlite.ts'
import { lastSuccessQuery } from '../../src/record/transitions.ts'
import { waitingQueries } from '../../src/record/waiting.ts'
import { aDirectory } from '../some.ts'
import { accept, sqlite } from './engine.ts'
import { waitingContract } from './waiting-contract.ts'

waitingContract(sqlite)

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
