/** PostgreSQL as an engine beneath the Store, for the contract suites. */

import { onTestFinished } from 'vitest'
import type { Postgres } from '../../src/postgres/connect.ts'
import { PostgresStore } from '../../src/postgres/store.ts'
import type { Engine } from '../record/engine.ts'
import { migrated } from './connected.ts'
import { aDatabase, onPostgres } from './database.ts'

export async function aStore(database: Postgres): Promise<PostgresStore> {
  const unplanned = () => Promise.reject(new Error('nothing is planned'))
  const store = new PostgresStore(database, { accept: unplanned, rerun: unplanned })
  onTestFinished(() => store.close())
  return store
}

export const postgres: Engine = {
  test: onPostgres,
  async place() {
    const url = await aDatabase()
    return async () => {
      const database = await migrated(url)
      const store = await aStore(database)
      return {
        store,
        tokens: store.tokens,
        begin: () => Promise.reject(new Error('nothing is planned')),
        requeue: () => Promise.reject(new Error('nothing is planned')),
        finish: () => Promise.reject(new Error('nothing is planned')),
        cancelWaiting: () => Promise.reject(new Error('nothing is planned')),
        async close() {
          await store.close()
          await database.close()
        },
      }
    }
  },
}
