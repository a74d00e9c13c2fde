/** The schema of pg-boss' own tables, beside ours in schema.ts. */

import { createRequire } from 'node:module'
import { RunhookError } from '../errors.ts'
import { Boss } from './boss.ts'
import { isTaken, type Postgres, type Session } from './connect.ts'

/** Which one the pg-boss that came along needs. */
export const BOSS_SCHEMA = schemaOf(createRequire(import.meta.url)('pg-boss/package.json'))

/** 0 = its tables are not there. */
export async function bossSchema(database: Session): Promise<number> {
  const [there] = await database.query(
    `SELECT to_regclass('runhook_boss.version') IS NOT NULL AS yes`,
  )
  if (there?.yes !== true) return 0
  const [row] = await database.query('SELECT version FROM runhook_boss.version')
  return Number(row?.version ?? 0)
}

/** Rejects unless it is what this release needs: for processes that may not change it. */
export async function requireBossSchema(database: Session): Promise<void> {
  const version = await bossSchema(database)
  if (version === BOSS_SCHEMA) return
  throw new RunhookError(
    'storage',
    version === 0
      ? 'The database has no tables of pg-boss yet.'
      : `pg-boss in the database is at schema ${version}, this release needs ${BOSS_SCHEMA}.`,
    {
      hint:
        version < BOSS_SCHEMA
          ? 'Run "runhook migrate" once, with a database user who may create tables.'
          : 'Run the newer release, or restore a backup.',
    },
  )
}

/**
 * Creates or changes the tables, and lets go of them. Of several processes that create them at the same moment one
 * may have looked for the schema before it had to wait for the other, and not look again.
 */
export async function migrateBoss(database: Postgres): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await migrateOnce(database)
    } catch (error) {
      if (tries === TRIES || !(error instanceof RunhookError && isTaken(error.cause))) throw error
    }
  }
}

const TRIES = 3

async function migrateOnce(database: Postgres): Promise<void> {
  const onTrouble = () => undefined
  const boss = new Boss(database, { leaseMs: 0, supervise: false, migrate: true, onTrouble })
  try {
    await boss.start()
  } finally {
    await boss.stop()
  }
}

/** `pgboss.schema` in its package.json, which its own tools go by as well. */
function schemaOf(manifest: unknown): number {
  const schema = fieldOf(fieldOf(manifest, 'pgboss'), 'schema')
  if (typeof schema === 'number') return schema
  throw new Error('pg-boss does not say which schema it needs.')
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
