/** `runhook export`: the whole record as lines of JSON, to be moved elsewhere with `runhook import`. */

import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { messageOf, RunhookError, systemCode } from '../errors.ts'
import { readPostgres } from '../postgres/archive.ts'
import { readSqlite } from '../record/archive-sqlite.ts'
import type { Entry } from '../record/archive-tables.ts'
import { archiveOf, type Counts } from '../record/archive-writer.ts'
import { countsInWords } from './import.ts'
import type { PlaceOptions } from './locate.ts'
import { recordPlace, withDatabase } from './record-place.ts'
import type { Terminal } from './terminal.ts'

export interface ExportOptions extends PlaceOptions {
  readonly output?: string
}

export async function exportRecord(options: ExportOptions, terminal: Terminal): Promise<number> {
  const { output } = options
  if (output === undefined && terminal.out.columns !== null) {
    throw new RunhookError('usage', 'This would fill your screen; name a file with --output FILE.')
  }
  const place = await recordPlace(options, terminal)
  const take = (entries: AsyncIterable<Entry>) => written(entries, output, terminal)
  const counts =
    place.kind === 'folder'
      ? await readSqlite(place.directory, take)
      : await withDatabase(place.url, 'export', (database) =>
          readPostgres(database, take, place.config.server.worker.sealKeys ?? []),
        )
  await terminal.talk.write(`Exported ${countsInWords(counts)}.\n`)
  return 0
}

async function written(
  entries: AsyncIterable<Entry>,
  output: string | undefined,
  terminal: Terminal,
): Promise<Counts> {
  const blocks = counted(archiveOf(entries, terminal.now()))
  if (output === undefined) for await (const block of blocks) await terminal.out.write(block)
  else await toFile(blocks, resolve(terminal.folder, output))
  return blocks.counts
}

/** Under its name only when it is whole. It holds payloads and the hashes of tokens and passwords: for its owner alone. */
async function toFile(blocks: AsyncIterable<Uint8Array>, file: string): Promise<void> {
  const part = `${file}.part`
  const target = createWriteStream(part, { mode: 0o600, flush: true })
  try {
    const packed = file.endsWith('.gz') ? [createGzip()] : []
    await pipeline([Readable.from(blocks), ...packed, target])
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    if (error instanceof RunhookError) throw error
    const folder = dirname(file)
    const why = systemCode(error) === 'ENOENT' ? `there is no folder ${folder}` : messageOf(error)
    throw new RunhookError('storage', `${file} cannot be written: ${why}.`)
  }
}

/** What a generator returns is lost to `for await`. */
function counted(blocks: AsyncGenerator<Uint8Array, Counts>) {
  const all = {
    counts: {} as Counts,
    async *[Symbol.asyncIterator]() {
      all.counts = yield* blocks
    },
  }
  return all
}
