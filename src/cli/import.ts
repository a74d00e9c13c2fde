/** `runhook import`: what `runhook export` wrote, into a database or a data folder that has no history. */

import { createReadStream } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { resolve } from 'node:path'
import { messageOf, RunhookError, systemCode } from '../errors.ts'
import type { Config } from '../model/config.ts'
import { DEFAULT_LABEL } from '../model/hook.ts'
import { restorePostgres } from '../postgres/archive-restore.ts'
import { sendLater, sendNow } from '../postgres/archive-send.ts'
import { Boss } from '../postgres/boss.ts'
import { requireBossSchema } from '../postgres/boss-schema.ts'
import type { Postgres } from '../postgres/connect.ts'
import { Planner } from '../postgres/plan.ts'
import { ArchiveReader } from '../record/archive-reader.ts'
import { restoreSqlite } from '../record/archive-restore.ts'
import type { Counts } from '../record/archive-writer.ts'
import type { PlaceOptions } from './locate.ts'
import { recordPlace, withDatabase } from './record-place.ts'
import type { Terminal } from './terminal.ts'

/** `file`: undefined or `-` is standard input. */
export async function importRecord(
  file: string | undefined,
  options: PlaceOptions,
  terminal: Terminal,
): Promise<number> {
  const place = await recordPlace(options, terminal)
  const archive = new ArchiveReader(await sourceOf(file, terminal))
  if (place.kind === 'folder') await restoreSqlite(place.directory, archive)
  else {
    const { url, config } = place
    await withDatabase(url, 'import', (database) => intoDatabase(database, archive, config))
  }
  await terminal.talk.write(`Imported ${countsInWords(archive.counts)}.\n`)
  return 0
}

/** With what waits sent to the workers of its labels. */
async function intoDatabase(
  database: Postgres,
  archive: ArchiveReader,
  { hooks, server }: Config,
): Promise<void> {
  await requireBossSchema(database)
  const { leaseMs, sealKeys } = server.worker
  const boss = new Boss(database, { leaseMs, supervise: false, onTrouble: () => undefined })
  await boss.start()
  try {
    const { maxWaiting } = server
    const planner = new Planner({ db: database, boss, maxWaiting, tell: () => undefined })
    await restorePostgres(database, archive, {
      placeOf(name) {
        const hook = hooks.get(name)
        const label = hook?.placement.label ?? DEFAULT_LABEL
        return { label, maxParallel: hook?.maxParallel ?? null }
      },
      sealKey: sealKeys?.[0] ?? null,
      send: (session) => sendLater(session, planner),
    })
    await sendNow(planner)
  } finally {
    await boss.stop()
  }
}

async function sourceOf(
  file: string | undefined,
  terminal: Terminal,
): Promise<AsyncIterable<Uint8Array>> {
  if (file === undefined || file === '-') return terminal.inputPieces()
  const path = resolve(terminal.folder, file)
  await access(path, constants.R_OK).catch((cause: unknown) => {
    const says =
      systemCode(cause) === 'ENOENT'
        ? `There is no file ${path}.`
        : `${path} cannot be read: ${messageOf(cause)}.`
    throw new RunhookError('not-found', says, { hint: 'Name what "runhook export" wrote.', cause })
  })
  return piecesOf(path)
}

/** Opened when it is read: where nobody comes to that, an error of it would be nobody's, and end this program. */
async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path)
}

const words: readonly (readonly [kind: string, one: string, many: string])[] = [
  ['delivery', 'delivery', 'deliveries'],
  ['run', 'run', 'runs'],
  ['output', 'output', 'outputs'],
  ['token', 'token', 'tokens'],
  ['user', 'user', 'users'],
]

/** What a person counts: "120 deliveries, 98 runs, 97 outputs, 2 tokens, 3 users" */
export function countsInWords(counts: Counts): string {
  const parts = words.map(([kind, one, many]) => {
    const count = counts[kind] ?? 0
    return `${count} ${count === 1 ? one : many}`
  })
  return parts.join(', ')
}
