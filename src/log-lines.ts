/**
 * Lines on their way out. Who reads them may be slow, or gone, and the disk they go to may be full: none of
 * that may hold up or end the server. What waits is bounded, what is lost is counted and told of once lines
 * can be written again. (pino's own destination tries a refused write again until it works, with the event
 * loop standing still.)
 */

import { writeSync } from 'node:fs'
import { messageOf, systemCode } from './errors.ts'

/** Lines are written by themselves when they have become this much. */
const GATHERED_BYTES = 8 * 1024
/** What may wait for a slow reader. */
const WAITING_BYTES = 1024 * 1024
const AGAIN_MS = 100
/** At the end of the process there is no later: so long it waits for a reader. */
const LAST_MS = 1000

const NOTHING = Buffer.alloc(0)
const NEWLINE = 0x0a

export class LogLines {
  readonly #fd: number
  #lines = ''
  /** Was refused, as the reader is slow; may begin within a line. */
  #rest: Buffer = NOTHING
  #lost = 0
  #why = ''
  /** A line that could be written only in part must not run into the next. */
  #broken = false
  #scheduled = false
  #later: NodeJS.Timeout | null = null

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Never throws and never waits. What is written in one turn of the event loop goes out together. */
  write(line: string): void {
    if (this.#rest.length + this.#lines.length > WAITING_BYTES) {
      this.#lose(1, 'nobody reads them')
      return
    }
    this.#lines += line
    if (this.#later !== null) return
    if (this.#lines.length > GATHERED_BYTES) this.#flush()
    else if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(() => this.#flush())
    }
  }

  /** For the end of the process. */
  writeLast(): void {
    const deadline = Date.now() + LAST_MS
    const pause = new Int32Array(new SharedArrayBuffer(4))
    this.#flush()
    while (this.#rest.length > 0 && Date.now() < deadline) {
      Atomics.wait(pause, 0, 0, 10)
      this.#flush()
    }
  }

  #flush(): void {
    this.#scheduled = false
    if (this.#later !== null) clearTimeout(this.#later)
    this.#later = null
    if (this.#rest.length > 0) this.#put(this.#rest, 0)
    if (this.#rest.length > 0) return
    const told = this.#lost
    const bytes = Buffer.from(this.#note() + this.#lines)
    this.#lines = ''
    this.#lost = 0
    this.#put(bytes, told)
  }

  /** `told`: lost lines that the first of these tells of. */
  #put(bytes: Buffer, told: number): void {
    let left = bytes
    this.#rest = NOTHING
    try {
      while (left.length > 0) left = left.subarray(writeSync(this.#fd, left))
    } catch (thrown) {
      if (systemCode(thrown) === 'EAGAIN') {
        this.#rest = left
        this.#later ??= setTimeout(() => this.#flush(), AGAIN_MS).unref()
        return
      }
      const untold = told > 0 && left.length === bytes.length ? told - 1 : 0
      this.#lose(untold + left.toString('latin1').split('\n').length - 1, messageOf(thrown))
      this.#broken = left.length < bytes.length && bytes.at(-left.length - 1) !== NEWLINE
    }
  }

  #lose(lines: number, why: string): void {
    this.#lost += lines
    this.#why = why
  }

  /** In the form of the lines around it; empty when nothing was lost. */
  #note(): string {
    if (this.#lost === 0) return ''
    const msg = `    ${this.#lost} lines of the log were lost: ${this.#why}`
    const line = JSON.stringify({ level: 'warn', time: new Date().toISOString(), msg })
    return `${this.#broken ? '\n' : ''}${line}\n`
  }
}
