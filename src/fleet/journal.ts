/**
 * Which runs this worker has begun, in a file of its own: somebody who can write the database may set a sealed
 * run that has ended back to "queued", and its seal fits. Here it is remembered for as long as a seal is good.
 *
 * A line for each: `+12 1767225600000` when it is about to start, `=12` when it has ended, `-12` when it turned
 * out that its command was never started. Written before the command; not forced to disk, for whoever can cut
 * this machine's power at will needs no database.
 */

import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { RunhookError } from '../errors.ts'

export interface JournalOptions {
  /** What began longer ago is forgotten at the next start: a seal as old is refused anyway. */
  readonly keepMs: number
  readonly now?: () => number
}

interface Entry {
  readonly at: number
  readonly ended: boolean
}

const LINE = /^(?:\+([1-9]\d*) (\d+)|([=-])([1-9]\d*))$/

export class Journal {
  readonly #path: string
  readonly #now: () => number
  readonly #entries: Map<number, Entry>

  /** Throws a RunhookError when it holds what this program did not write: then it proves nothing. */
  constructor(path: string, { keepMs, now = Date.now }: JournalOptions) {
    this.#path = path
    this.#now = now
    const oldest = now() - keepMs
    this.#entries = new Map([...read(path)].filter(([, { at }]) => at >= oldest))
    this.#rewrite()
  }

  has(runId: number): boolean {
    return this.#entries.has(runId)
  }

  /** Throws the system's error when it cannot be written; then nothing may be started. */
  begin(runId: number): void {
    const at = this.#now()
    this.#append(`+${runId} ${at}`)
    this.#entries.set(runId, { at, ended: false })
  }

  ended(runId: number): void {
    const entry = this.#entries.get(runId)
    if (entry === undefined || entry.ended) return
    this.#append(`=${runId}`)
    this.#entries.set(runId, { ...entry, ended: true })
  }

  /**
   * After a crash between `begin` and the command. Not of a run that has ended: the database, which says what
   * this worker had begun, cannot be believed in that.
   */
  forget(runId: number): void {
    if (this.#entries.get(runId)?.ended !== false) return
    this.#append(`-${runId}`)
    this.#entries.delete(runId)
  }

  #append(line: string): void {
    appendFileSync(this.#path, `${line}\n`, { mode: 0o600 })
  }

  /** Also takes away a line that a crash cut short: of that run nothing was started. */
  #rewrite(): void {
    const lines = [...this.#entries].map(
      ([id, { at, ended }]) => `+${id} ${at}\n${ended ? `=${id}\n` : ''}`,
    )
    writeFileSync(`${this.#path}.new`, lines.join(''), { mode: 0o600 })
    renameSync(`${this.#path}.new`, this.#path)
  }
}

function read(path: string): Map<number, Entry> {
  const entries = new Map<number, Entry>()
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  for (const [index, line] of text.split('\n').slice(0, -1).entries()) {
    const [, begun, at, sign, other] = LINE.exec(line) ?? []
    const known = entries.get(Number(other))
    if (begun !== undefined) entries.set(Number(begun), { at: Number(at), ended: false })
    else if (sign === '-') entries.delete(Number(other))
    else if (sign === undefined) throw unreadable(path, index + 1)
    else if (known !== undefined) entries.set(Number(other), { ...known, ended: true })
  }
  return entries
}

function unreadable(path: string, line: number): RunhookError {
  return new RunhookError('storage', `${path} cannot be read: line ${line} is not runhook's.`, {
    hint: 'It says which sealed runs this worker has begun; without it they could begin again. Move it away if you know what happened to it.',
  })
}
