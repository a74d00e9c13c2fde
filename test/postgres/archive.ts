/** A fleet's store with history, for tests of how long things are kept. */

import { silentLog } from '../../src/log.ts'
import type { Keep } from '../../src/model/config.ts'
import type { Postgres } from '../../src/postgres/connect.ts'
import { PostgresKeptOutputs } from '../../src/postgres/kept-outputs.ts'
import { PostgresRounds } from '../../src/postgres/rounds.ts'
import type { PostgresStore } from '../../src/postgres/store.ts'
import { Retention } from '../../src/record/retention.ts'
import { number } from '../../src/record/rows.ts'
import type { Archive, Past } from '../record/retention-contract.ts'
import { daysAgo, policyOf } from '../record/retention-contract.ts'
import { aKeep } from '../some.ts'
import { aDeliveryRow, aRunRow, countOf } from './connected.ts'
import { joined } from './engine.ts'
import { aReadyDatabase } from './ready.ts'

export interface PostgresArchive extends Archive {
  readonly database: Postgres
  readonly store: PostgresStore
  readonly files: PostgresKeptOutputs
}

export async function anArchive(keep: Partial<Keep> = {}, url?: string): Promise<PostgresArchive> {
  const { database, store } = await joined(url ?? (await aReadyDatabase()))
  const hooks: Archive['hooks'] = new Map()
  const policy = policyOf(aKeep(keep), hooks)
  const files = new PostgresKeptOutputs(database)
  const retention = new Retention({
    prune: store.prune,
    files,
    policy: () => policy,
    rounds: new PostgresRounds(database),
    log: silentLog(),
  })
  return {
    database,
    store,
    files,
    hooks,
    retention,
    async aRun(days, { hook, bytes, status, ...delivery }: Past = {}) {
      const at = daysAgo(days)
      const id = await aDeliveryRow(database, { receivedAt: at, ...delivery })
      return aRunRow(database, {
        delivery: id,
        at,
        ...(hook && { hook }),
        ...(bytes && { bytes }),
        ...(status && { status }),
      })
    },
    runIds: async () => (await store.runs({ limit: 30_000 })).map(({ id }) => id).reverse(),
    async withOutput(ids) {
      const rows = await database.query('SELECT DISTINCT run_id FROM runhook.outputs')
      const kept = new Set(rows.map((row) => number(row, 'run_id')))
      return ids.filter((id) => kept.has(id))
    },
    count: (table) => countOf(database, table),
    async configUsed(hash, at) {
      await database.query('UPDATE runhook.configs SET used_at = $2 WHERE hash = $1', [hash, at])
    },
    reopened: async () => store,
  }
}
