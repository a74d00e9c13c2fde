/**
 * The PostgreSQL schema `runhook`, as numbered steps that only go forward. A step that has been released is
 * never edited: a new one is added below it. pg-boss keeps its own tables in the schema `runhook_boss`, and
 * nothing here refers to them.
 *
 * Columns mean what they mean in SQLite (record/migrations.ts), and values have the same form there: times
 * in milliseconds since 1970 by the clock of who wrote them, structures as JSON text. Only what leases hang
 * on is a timestamptz, by the clock of the database alone.
 */

import { RunhookError } from '../errors.ts'
import type { Postgres } from './connect.ts'
import { tables } from './tables.ts'
import { identityStep } from './tables-people.ts'

const steps: readonly string[] = [
  tables,
  identityStep,
  'CREATE INDEX runs_by_sender ON runhook.runs (sender, id) WHERE sender IS NOT NULL',
]

/** Any number that other programs are unlikely to lock: the ASCII codes of "runhook". */
const LOCK = 0x72756e686f6f6bn

/** How many steps this release knows. */
export const SCHEMA = steps.length

/** The number of steps taken; 0 = there is nothing of ours. */
export async function schemaVersion(database: Pick<Postgres, 'query'>): Promise<number> {
  const [there] = await database.query(`SELECT to_regclass('runhook.schema') IS NOT NULL AS yes`)
  if (there?.yes !== true) return 0
  const [row] = await database.query('SELECT version FROM runhook.schema')
  return Number(row?.version ?? 0)
}

/** Brings the database to this release's schema; resolves with the version that it had before. */
export async function migrate(database: Postgres): Promise<number> {
  return database.transaction(async (session) => {
    await session.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
    const version = await schemaVersion(session)
    refuseNewer(version)
    if (version === 0) {
      await session.query('CREATE SCHEMA IF NOT EXISTS runhook')
      await session.query('CREATE TABLE runhook.schema (version INTEGER NOT NULL)')
      await session.query('INSERT INTO runhook.schema VALUES (0)')
    }
    for (const step of steps.slice(version)) await session.query(step)
    await session.query('UPDATE runhook.schema SET version = $1', [steps.length])
    return version
  })
}

/** Rejects unless the schema is this release's: for processes that may not change it. */
export async function requireSchema(database: Pick<Postgres, 'query'>): Promise<void> {
  const version = await schemaVersion(database)
  refuseNewer(version)
  if (version === steps.length) return
  throw new RunhookError(
    'storage',
    version === 0
      ? 'The database has no tables of runhook yet.'
      : `The database is at schema ${version}, this release needs ${steps.length}.`,
    { hint: 'Run "runhook migrate" once, with a database user who may create tables.' },
  )
}

function refuseNewer(version: number): void {
  if (version <= steps.length) return
  throw new RunhookError(
    'storage',
    `The database is at schema ${version}, this release knows ${steps.length}.`,
    { hint: 'Refusing to start: run the newer release, or restore a backup.' },
  )
}
