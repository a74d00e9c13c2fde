/**
 * Databases that have this release's tables already. Making those takes longer than most tests do, so each test
 * file makes them once and every test gets a copy. What is about making them asks for an empty database.
 */

import { migrateBoss } from '../../src/postgres/boss-schema.ts'
import { Postgres } from '../../src/postgres/connect.ts'
import { migrate } from '../../src/postgres/schema.ts'
import { databaseOf, sharedServer } from './database.ts'

let template: Promise<string> | null = null

/** The URL of a database without rows, which is gone when the test ends. */
export async function aReadyDatabase(): Promise<string> {
  template ??= aTemplate()
  return databaseOf(await sharedServer(), await template)
}

async function aTemplate(): Promise<string> {
  const url = await (await sharedServer()).createDatabase()
  const database = new Postgres(url, { name: 'test' })
  try {
    await migrate(database)
    await migrateBoss(database)
  } finally {
    await database.close()
  }
  return url
}
