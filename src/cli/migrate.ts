/** `runhook migrate`: brings the database to this release, with the rights of who may change its tables. */

import { RunhookError } from '../errors.ts'
import { BOSS_SCHEMA, bossSchema, migrateBoss } from '../postgres/boss-schema.ts'
import { migrate, SCHEMA as POSTGRES_SCHEMA, schemaVersion } from '../postgres/schema.ts'
import { folderSchema, migrateFolder } from '../record/folder-schema.ts'
import { SCHEMA as SQLITE_SCHEMA } from '../record/migrations.ts'
import type { PlaceOptions } from './locate.ts'
import { printableJson } from './printable.ts'
import { recordPlace, withDatabase } from './record-place.ts'
import type { Terminal } from './terminal.ts'

export interface MigrateOptions extends PlaceOptions {
  readonly check?: boolean
  readonly json?: boolean
}

/** One thing that has a schema, and how to bring it to this release's. */
interface Migrating {
  readonly what: string
  /** Steps taken; 0 = there is nothing of ours. */
  readonly from: number
  readonly to: number
  readonly go: () => Promise<unknown>
}

export async function migrateRecord(options: MigrateOptions, terminal: Terminal): Promise<number> {
  const place = await recordPlace(options, terminal)
  if (place.kind === 'database') {
    return withDatabase(place.url, 'migrate', async (database) => {
      const from = await schemaVersion(database)
      const own = { what: 'The database', from, to: POSTGRES_SCHEMA, go: () => migrate(database) }
      const queues = {
        what: 'pg-boss in it',
        from: await bossSchema(database),
        to: BOSS_SCHEMA,
        go: () => migrateBoss(database),
      }
      return bring([own, queues], options, terminal)
    })
  }
  const { directory } = place
  const from = folderSchema(directory)
  const go = () => migrateFolder(directory)
  return bring([{ what: directory, from, to: SQLITE_SCHEMA, go }], options, terminal)
}

/** Exit code 1 where it is needed and was only asked for. */
async function bring(
  all: readonly Migrating[],
  { check, json }: MigrateOptions,
  { out, talk }: Terminal,
): Promise<number> {
  for (const { what, from, to } of all) if (from > to) throw newer(what, from, to)
  const needed = all.filter(({ from, to }) => from < to)
  if (!check) for (const one of needed) await one.go()
  const told = all.map(({ what, from, to }) => ({ what, from, to }))
  if (json) await out.write(`${printableJson({ needed: needed.length > 0, schemas: told })}\n`)
  else for (const one of all) await talk.write(`${says(one, check === true)}\n`)
  return check && needed.length > 0 ? 1 : 0
}

function says({ what, from, to }: Migrating, check: boolean): string {
  if (from === to) return `${what} is at schema ${to}, as this release needs it. Nothing to do.`
  const was = from === 0 ? `${what} has no tables yet` : `${what} is at schema ${from}`
  if (check) return `${was}; this release needs ${to}. Run "runhook migrate".`
  return from === 0
    ? `${what} has its tables now, at schema ${to}.`
    : `${what} was at schema ${from}, and is at ${to} now.`
}

function newer(what: string, from: number, to: number): RunhookError {
  return new RunhookError('storage', `${what} is at schema ${from}, this release knows ${to}.`, {
    hint: 'Run the newer release, or restore a backup.',
  })
}
