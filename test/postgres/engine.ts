/** PostgreSQL as an engine beneath the Store, for the contract suites. */

import { onTestFinished } from 'vitest'
import { accountsIn } from '../../src/postgres/accounts.ts'
import { migrateBoss } from '../../src/postgres/boss-schema.ts'
import type { Postgres } from '../../src/postgres/connect.ts'
import type { Claim } from '../../src/postgres/contract.ts'
import { migrate } from '../../src/postgres/schema.ts'
import { PostgresStore } from '../../src/postgres/store.ts'
import type { Engine, Opened } from '../record/engine.ts'
import { onPostgres } from './database.ts'
import { Member } from './members.ts'
import { aReadyDatabase } from './ready.ts'

/** A store as a process that joins the fleet has it. */
export async function joined(
  url: string,
  options: { maxWaiting?: number } = {},
): Promise<{ store: PostgresStore; database: Postgres; member: Member }> {
  const member = new Member(url, options)
  onTestFinished(async () => {
    await member.boss.stop()
    await member.db.close()
  })
  await migrate(member.db)
  await migrateBoss(member.db)
  await member.boss.start()
  const store = new PostgresStore(member.db, member.accepting)
  onTestFinished(() => store.close())
  return { store, database: member.db, member }
}

/** One worker carries out the runs: it takes whatever it can get, and begins what it is told to. */
export const postgres: Engine = {
  test: onPostgres,
  atOnce: 100,
  async place() {
    const url = await aReadyDatabase()
    return async (options) => {
      const { store, member } = await joined(url, options)
      const worker = (await member.worker('one', { slots: 1000 })).claims
      const taken = new Map<number, Claim>()
      const running = new Map<number, Claim>()
      const of = (id: number): Claim => running.get(id) ?? { runId: id, job: '', queue: '' }
      const opened: Opened = {
        store,
        tokens: store.tokens,
        accounts: accountsIn(member.db, []),
        async begin(runId) {
          for (const claim of await worker.claim(1000)) taken.set(claim.runId, claim)
          const claim = taken.get(runId)
          if (!claim || !taken.delete(runId)) return null
          running.set(runId, claim)
          return worker.begin(claim, () => 'c0ffee000000')
        },
        requeue: (runId) => worker.giveBack(of(runId)),
        finish: (runId, end, retry = null) => worker.finish(of(runId), end, retry),
        cancelWaiting: async (runId, reason) =>
          (await member.fleet.cancel(runId, reason)) === 'cancelled',
        async close() {
          await store.close()
          await member.boss.stop()
          await member.db.close()
        },
      }
      return opened
    }
  },
}
