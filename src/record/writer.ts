/**
 * Writing one run's output: the head goes to the file, of the rest the tail is kept in memory and
 * joined at the end. What a command writes can neither fill the memory nor, through an error of the
 * disk, reach the caller: `write` never throws, and `close` says what was lost.
 */

import { closeSync, write, writeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { messageOf } from '../errors.ts'
import { ending, gapLine, grouped, headShare, NEWLINE } from './cut.ts'
import { Gathered } from './gathered.ts'
import { Ring } from './ring.ts'

const writeInThread = promisify(write)
const SMALL = 64 * 1024
const SMALL_OUTPUT = 8 * 1024

export interface Limits {
  /** Bytes that are stored as they come. */
  readonly head: number
  /** Bytes of the end that are kept when there is more. */
  readonly tail: number
}

export const usualLimits: Limits = { head: 2 ** 20, tail: 3 * 2 ** 20 }

export interface OutputWriter {
  /** Takes a copy of the chunk. Never throws. */
  write(chunk: Uint8Array): void
  /** Bytes received so far: the offset of the next one in the whole stream. */
  readonly written: number
  /** A section is over: what was held back for what might follow it is written, and counted, now. */
  settle(): void
  close(): Promise<Closed>
}

export interface Closed {
  /** Bytes received. */
  readonly bytes: number
  /** Bytes received that are not in the file. */
  readonly cut: number
  /** What the disk refused, as a sentence; null when everything meant to be kept was kept. */
  readonly problem: string | null
  /** Offset in the whole stream to offset in the stored file; what was cut maps to the cut's marker. */
  place(offset: number): number
}

export class FileWriter implements OutputWriter {
  readonly #openFile: () => Promise<number>
  #fd: number | null = null
  readonly #limits: Limits
  readonly #onClose: (whole: Uint8Array | null) => void
  /** All of a small output; null once it is more. */
  #whole: Gathered | null = new Gathered()
  readonly #pending = new Gathered()
  #written = 0
  #head = 0
  #lastOfHead = NEWLINE
  #tail: Ring | null = null
  #stored = 0
  #flushing: Promise<void> | null = null
  #problem: string | null = null
  #changed: PromiseWithResolvers<void> | null = null
  #closed: Closed | null = null

  /**
   * `openFile` is called at the first byte: most commands print nothing, and making a file is dear.
   * `onClose` gets all that was stored when that is little.
   */
  constructor(
    openFile: () => Promise<number>,
    limits: Limits,
    onClose: (whole: Uint8Array | null) => void,
  ) {
    this.#openFile = openFile
    this.#limits = limits
    this.#onClose = onClose
  }

  get written(): number {
    return this.#written
  }

  /** Bytes of the head that can be read from the file by now. */
  get readable(): number {
    return Math.min(this.#stored, this.#head)
  }

  get closed(): Closed | null {
    return this.#closed
  }

  /** Resolves when there is more to read, or the writer has closed. */
  get changed(): Promise<void> {
    this.#changed ??= Promise.withResolvers()
    return this.#changed.promise
  }

  write(chunk: Uint8Array): void {
    const share = this.#tail === null ? headShare(chunk, this.#head, this.#limits.head) : 0
    if (share > 0) this.#keepHead(chunk.subarray(0, share))
    if (share < chunk.length) this.#keepTail(chunk.subarray(share))
    this.#written += chunk.length
    if (this.#written > SMALL_OUTPUT || this.#tail !== null) this.#whole = null
    this.#whole?.add(chunk)
  }

  /** It holds nothing back. */
  settle(): void {}

  /** What follows stream offset `at` in the tail kept so far; a gap before it is named. Null = nothing yet. */
  live(at: number, limit: number): { bytes: Uint8Array; next: number } | null {
    if (this.#tail === null || at >= this.#written) return null
    if (at < this.#head && this.#problem === null) return null // the head is on its way to the file
    const from = Math.max(at - this.#head, this.#tail.start)
    const bytes = this.#tail.read(from, limit)
    const next = this.#head + from + bytes.length
    const gap = this.#head + from - Math.max(at, this.#head)
    if (gap === 0) return { bytes, next }
    return { bytes: Buffer.concat([gapLine(gap), bytes]), next }
  }

  async close(): Promise<Closed> {
    while (this.#flushing !== null) await this.#flushing
    const { rest, from } = this.#rest()
    const kept = this.#head + rest.length
    await this.#store(rest)
    this.#closeFile()
    const bytes = this.written
    const [head, stored] = [this.#head, this.#stored]
    // Where stream offset `from` and all after it stand in the file, had the disk taken everything.
    const shift = kept - bytes
    this.#closed = {
      bytes,
      cut: bytes - Math.min(stored, head) - Math.max(0, stored - (from + shift)),
      problem: this.#problem,
      place: (offset) => Math.min(stored, offset >= from ? offset + shift : Math.min(offset, head)),
    }
    this.#tail = null
    this.#onClose(this.#problem === null ? (this.#whole?.take() ?? null) : null)
    this.#notify()
    return this.#closed
  }

  #keepHead(bytes: Uint8Array): void {
    this.#head += bytes.length
    this.#lastOfHead = bytes.at(-1) ?? NEWLINE
    if (this.#problem !== null) return
    this.#pending.add(bytes)
    this.#flushing ??= this.#flush()
  }

  #keepTail(bytes: Uint8Array): void {
    this.#tail ??= new Ring(this.#limits.tail)
    this.#tail.write(bytes)
    this.#notify()
  }

  /** One write at a time, each with all that came since the last: order is kept and the loop stays free. */
  async #flush(): Promise<void> {
    await nextTurn()
    while (this.#pending.length > 0) {
      await this.#store(this.#pending.take())
      this.#notify()
    }
    this.#flushing = null
  }

  async #store(bytes: Uint8Array): Promise<void> {
    try {
      for (let rest = bytes; rest.length > 0 && this.#problem === null; ) {
        this.#fd ??= await this.#openFile()
        const written = await writeSome(this.#fd, rest)
        rest = rest.subarray(written)
        this.#stored += written
      }
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  #closeFile(): void {
    try {
      if (this.#fd !== null) closeSync(this.#fd)
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  #fail(thrown: unknown): void {
    this.#problem ??= `output after its first ${grouped(this.#stored)} bytes was lost: ${messageOf(thrown)}`
  }

  /** What goes to the file after the head, and the stream offset at which its tail begins. */
  #rest(): { rest: Uint8Array; from: number } {
    if (this.#tail === null) return { rest: new Uint8Array(), from: this.#head }
    const { rest, from } = ending(this.#tail, this.#limits, this.#lastOfHead === NEWLINE)
    return { rest, from: this.#head + from }
  }

  #notify(): void {
    this.#changed?.resolve()
    this.#changed = null
  }
}

/** Bytes written. What fits the page cache in a moment is not worth the way to a thread and back. */
async function writeSome(fd: number, bytes: Uint8Array): Promise<number> {
  if (bytes.length <= SMALL) return writeSync(fd, bytes)
  const { bytesWritten } = await writeInThread(fd, bytes)
  return bytesWritten
}
