/** What every process of a fleet has: its ways to the database, and what stands on them. */

import { setTimeout as sleep } from 'node:timers/promises'
import { type Current, textsToKeep } from './current.ts'
import { RunhookError } from './errors.ts'
import { Away } from './fleet/away.ts'
import { LostRuns } from './fleet/lost.ts'
import type { Log } from './log.ts'
import { Acceptances } from './postgres/accept.ts'
import { Boss } from './postgres/boss.ts'
import { migrateBoss, requireBossSchema } from './postgres/boss-schema.ts'
import { Postgres } from './postgres/connect.ts'
import { PostgresFleet } from './postgres/fleet.ts'
import { Listener } from './postgres/listen.ts'
import { Notices } from './postgres/notices.ts'
import { PostgresOutputLog } from './postgres/output.ts'
import { Planner } from './postgres/plan.ts'
import { migrate, requireSchema, schemaVersion } from './postgres/schema.ts'
import { PostgresStore } from './postgres/store.ts'

export type Member = ReturnType<typeof memberOf>

const AGAIN_MS = 1000

export function memberOf(database: string, current: Current, log: Log) {
  const { maxWaiting, worker } = current.config.server
  const { name, leaseMs, sealKeys } = worker
  const db = new Postgres(database, { name })
  const away = new Away(log)
  const notices = new Notices(db)
  const boss = new Boss(db, {
    leaseMs,
    supervise: true,
    onTrouble: (message) => away.failed(new Error(`${message.replace(/\.$/, '')}.`)),
  })
  const tell = notices.tell.bind(notices)
  const planner = new Planner({ db, boss, maxWaiting, tell, sealKeys })
  const store = new PostgresStore(db, new Acceptances(planner))
  const listener = new Listener(database, { name, log, database: db })
  const redactor = () => current.redactor
  const output = new PostgresOutputLog(db, { notices, listener, redactor })
  const fleet = new PostgresFleet(planner)
  return { url: database, db, boss, planner, store, notices, listener, output, away, fleet }
}

/** `settlesAll`: see LostParts. */
export function lostRunsOf(
  { fleet, output }: Member,
  current: Current,
  log: Log,
  settlesAll: boolean,
): LostRuns {
  return new LostRuns({
    fleet,
    hook: (name) => current.config.hooks.get(name),
    settlesAll,
    outputSize: (runId) => output.size(runId),
    leaseMs: current.config.server.worker.leaseMs,
    away: new Away(log),
    log,
  })
}

/**
 * Resolves when the database can be used, or `stopped` aborts; it may be away for long at the start of a machine,
 * or wait for its tables. Those of an empty one a server makes by itself, if it may; changing them at an
 * upgrade is for "runhook migrate", because processes of the release before may still be at work.
 */
export async function ready(
  member: Member,
  current: Current,
  stopped: AbortSignal,
  { makesTables }: { readonly makesTables: boolean },
): Promise<void> {
  const { db, boss, store, away } = member
  while (!stopped.aborted) {
    try {
      if (makesTables && (await schemaVersion(db)) === 0) await makeTables(db)
      await requireSchema(db)
      await requireBossSchema(db)
      await boss.start()
      await store.keepConfig(textsToKeep(current))
      return away.worked()
    } catch (error) {
      away.failed(error)
      await sleep(AGAIN_MS, undefined, { signal: stopped }).catch(() => undefined)
    }
  }
}

async function makeTables(db: Postgres): Promise<void> {
  await migrateBoss(db)
  await migrate(db)
}

/** Whatever was to be told or written is, or is lost, when it resolves. */
export async function leave({ listener, notices, boss, store, db }: Member): Promise<void> {
  await listener.close()
  await store.close()
  await notices.close()
  await boss.stop()
  await db.close()
}

export function needsDatabase(database: string | null): string {
  if (database !== null) return database
  throw new RunhookError('config', 'A worker needs "database" of "server" in the hooks file.', {
    hint: `It is where workers and servers meet: "database": "\${DATABASE_URL}".`,
  })
}
