/** The schema of pg-boss' own tables, beside ours in schema.ts. Bringing it to this release's is for Boss.migrate. */

import { createRequire } from 'node:module'
import { RunhookError } from '../errors.ts'
import type { Session } from './connect.ts'

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

/** `pgboss.schema` in its package.json, which its own tools go by as well. */
function schemaOf(manifest: unknown): number {
  const schema = fieldOf(fieldOf(manifest, 'pgboss'), 'schema')
  if (typeof schema === 'number') return schema
  throw new Error('pg-boss does not say which schema it needs.')
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
