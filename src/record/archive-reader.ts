/**
 * The one door for a history that was written elsewhere; archive-writer.ts has the form. Whoever reads must
 * keep nothing before `entries` has come to its end: only the last line proves that all of it is there.
 */

import { createHash } from 'node:crypto'
import { messageOf, RunhookError, systemCode } from '../errors.ts'
import { userOf } from './account-rows.ts'
import { linesOf } from './archive-lines.ts'
import { bytesOf, type Entry, readRow, type TableName, tableNames } from './archive-tables.ts'
import { type Counts, FORMAT, FORMAT_VERSION, isCounted } from './archive-writer.ts'
import { deliveryOf, runOf, stepOf } from './rows.ts'

/** Larger than any body that a server takes. */
const LARGEST_BODY = 128 * 1024 * 1024

type Fields = Readonly<Record<string, unknown>>

export class ArchiveReader {
  readonly #lines: AsyncGenerator<Buffer>
  readonly #hash = createHash('sha256')
  readonly #counts: Record<string, number> = {}
  /** Of the line that was read last. */
  #line = 0
  #ended = false
  /** The run whose output was read last, and how much of it. */
  #output = { run: 0, at: 0 }

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#lines = linesOf(source)
  }

  get line(): number {
    return this.#line
  }

  get counts(): Counts {
    return this.#counts
  }

  /** Of the first line: when it was written. To be asked before `entries`. */
  async header(): Promise<{ at: number }> {
    const said = fieldsOf((await this.#next())?.runhook)
    if (said?.format !== FORMAT || !Number.isSafeInteger(said.at)) {
      throw new RunhookError('invalid', 'This is no history that "runhook export" wrote.')
    }
    if (said.version !== FORMAT_VERSION) {
      throw new RunhookError('invalid', `It was written by a newer runhook (${said.release}).`, {
        hint: 'Import it with that release.',
      })
    }
    return { at: Number(said.at) }
  }

  /** Throws a RunhookError that names the line for what is damaged or cut off. */
  async *entries(): AsyncGenerator<Entry> {
    let place = 0
    for (;;) {
      const value = await this.#next()
      if (value === null) return
      const [kind = '', more] = Object.keys(value)
      const entry = isTable(kind) ? await this.#row(kind, value[kind]) : this.#piece(value)
      const now = isTable(kind) ? tableNames.indexOf(kind) : tableNames.length
      if (more !== undefined || entry === null || now < place) throw this.#damaged()
      place = now
      if (isCounted(entry)) this.#counts[entry.kind] = (this.#counts[entry.kind] ?? 0) + 1
      yield entry
    }
  }

  async #row(kind: TableName, found: unknown): Promise<Entry | null> {
    if (kind === 'delivery') return this.#delivery(found)
    const row = readRow(kind, found)
    if (row === null) return null
    if (kind === 'run') this.#must(() => runOf(row))
    if (kind === 'user') this.#must(() => userOf(row))
    if (kind === 'step') this.#must(() => stepOf(row))
    if (kind === 'worker' && !isListOfTexts(this.#must(() => JSON.parse(`${row.labels}`))))
      return null
    return { kind, row }
  }

  async #delivery(found: unknown): Promise<Entry | null> {
    const { body_bytes: size, ...rest } = fieldsOf(found) ?? {}
    const row = readRow('delivery', rest)
    if (row === null || typeof size !== 'number' || !(size >= 0 && size <= LARGEST_BODY))
      return null
    this.#must(() => deliveryOf(row))
    const body = Buffer.alloc(size)
    for (let at = 0; at < size; ) {
      const piece = fieldsOf((await this.#next())?.body)
      const bytes = bytesOf(piece?.bytes) ?? null
      if (piece?.at !== at || bytes === null || bytes.length === 0 || at + bytes.length > size) {
        throw this.#damaged()
      }
      body.set(bytes, at)
      at += bytes.length
    }
    return { kind: 'delivery', row, body }
  }

  #piece(value: Fields): Entry | null {
    const { run, at, bytes: written } = fieldsOf(value.output) ?? {}
    const bytes = bytesOf(written) ?? null
    if (typeof run !== 'number' || typeof at !== 'number' || bytes === null) return null
    const expected = run === this.#output.run ? this.#output.at : 0
    if (run < this.#output.run || at !== expected || bytes.length === 0) return null
    this.#output = { run, at: at + bytes.length }
    return { kind: 'output', run, at, bytes }
  }

  /** What the next line holds that is no check; null after the last one. */
  async #next(): Promise<Fields | null> {
    for (;;) {
      const line = await this.#read()
      if (this.#ended) {
        if (line === null) return null
        this.#line += 1
        throw this.#damaged('something follows what should be the last line')
      }
      if (line === null || line.at(-1) !== 0x0a) throw this.#cutOff()
      this.#line += 1
      const before = this.#hash.copy()
      this.#hash.update(line)
      const value = this.#must(() => fieldsOf(JSON.parse(line.toString('utf8')))) ?? null
      if (value === null) throw this.#damaged()
      if ('end' in value) this.#end(fieldsOf(value.end), before.digest('hex'))
      else if (!('check' in value)) return value
      else if (value.check !== before.digest('hex')) {
        throw this.#damaged('what stands before it is not what was written')
      }
    }
  }

  async #read(): Promise<Buffer | null> {
    try {
      const { done, value } = await this.#lines.next()
      return done ? null : value
    } catch (error) {
      if (error instanceof RunhookError) throw error
      const code = systemCode(error) ?? ''
      if (code === 'Z_BUF_ERROR') return null
      if (code.startsWith('Z_')) throw this.#damaged('what follows it cannot be unpacked')
      const message = `The history cannot be read on after line ${this.#line}: ${messageOf(error)}.`
      throw new RunhookError('invalid', message, { hint: 'Nothing was imported.', cause: error })
    }
  }

  #end(said: Fields | null, sha256: string): void {
    this.#ended = true
    const counts = fieldsOf(said?.counts) ?? {}
    const kinds = new Set([...Object.keys(counts), ...Object.keys(this.#counts)])
    for (const kind of kinds) {
      if (counts[kind] === this.#counts[kind]) continue
      throw this.#damaged(
        `it tells of ${counts[kind]} × ${kind}, and there are ${this.#counts[kind]}`,
      )
    }
    if (said?.sha256 !== sha256) {
      throw this.#damaged('what stands before it is not what was written')
    }
  }

  #must<T>(read: () => T): T {
    try {
      return read()
    } catch {
      throw this.#damaged()
    }
  }

  #damaged(how = 'it is not what was written'): RunhookError {
    return new RunhookError('invalid', `The history is damaged at line ${this.#line}: ${how}.`, {
      hint: 'Nothing was imported. Export it once more, or copy the file again.',
    })
  }

  #cutOff(): RunhookError {
    return new RunhookError('invalid', `The history was cut off after line ${this.#line}.`, {
      hint: 'Nothing was imported. Export it once more, or copy the file again.',
    })
  }
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function isTable(kind: string): kind is TableName {
  return tableNames.some((name) => name === kind)
}

function fieldsOf(value: unknown): Fields | null {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Fields) : null // an object has fields, of which nothing is known
}
