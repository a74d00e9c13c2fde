/**
 * Writing one run's output to the database: what comes is kept in memory for a moment and written in pieces. The
 * head is written as it comes; of the rest the newest is kept in memory, within its limit, and shown in the
 * database as a window that slides on about once a second, so that a command that prints without end costs a
 * bounded amount there, and a crash loses little. While the database is away nothing is lost but what the
 * limits would cut anyway.
 */

import { messageOf } from '../errors.ts'
import { ending, grouped, headShare, NEWLINE } from '../record/cut.ts'
import { Gathered } from '../record/gathered.ts'
import { Ring } from '../record/ring.ts'
import type { Closed, Limits, OutputWriter } from '../record/writer.ts'
import { CUT, gapsIn, type Piece, placed, placeIn } from './pieces.ts'

const PIECE = 256 * 1024
const PIECE_MS = 250
/** Between writes of much, once it is known that most of it is cut out again. */
const WINDOW_MS = 1000
/** Of one statement, so that it comes to its end also over a slow line. */
const STATEMENT = 2 ** 20
/** Until it has so many bytes the last piece grows, so that a talk of hours is not a row for each of its lines. */
const GROWS = 8 * 1024
const BACK_OFF_MS = { first: 250, most: 1000 }

/** What a statement leaves behind: of the run's rows those to keep, and these. */
export interface Rows {
  readonly keep: readonly number[]
  readonly put: readonly (Piece & { readonly bytes: Uint8Array })[]
}

export interface PieceWriterParts {
  readonly limits: Limits
  /** How long `close` waits for a database that is away. */
  readonly closeMs: number
  /** Either all of it or nothing; after a rejection either may be so, and it is called with more. */
  readonly save: (rows: Rows) => Promise<void>
}

export class PieceWriter implements OutputWriter {
  readonly #parts: PieceWriterParts
  /** Of the head, from this offset on: the rest is stored. */
  readonly #held = new Gathered()
  #heldFrom = 0
  #head = 0
  #lastOfHead = NEWLINE
  #tail: Ring | null = null
  #written = 0
  /** Stored, in order. What a failed statement would have changed is unsure: it may have. */
  #pieces: readonly (Piece & { readonly unsure?: true })[] = []
  #going: Promise<void> | null = null
  #wake = () => {}
  #saved = 0
  #failure: { readonly error: unknown; readonly pauseMs: number } | null = null
  /** Set once nothing more comes: where the tail begins then, and the line before it. */
  #end: { readonly from: number; readonly line: Uint8Array | null } | null = null
  #givenUp = false

  constructor(parts: PieceWriterParts) {
    this.#parts = parts
  }

  get written(): number {
    return this.#written
  }

  write(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    const { limits } = this.#parts
    const share = this.#tail === null ? headShare(chunk, this.#head, limits.head) : 0
    if (share > 0) this.#keepHead(chunk.subarray(0, share))
    if (share < chunk.length) {
      this.#tail ??= new Ring(limits.tail)
      this.#tail.write(chunk.subarray(share))
    }
    this.#written += chunk.length
    this.#going ??= this.#keepOn()
    const isPiece = this.#tail === null && this.#written - this.#safe >= PIECE
    if (isPiece && this.#failure === null) this.#wake()
  }

  /** It holds nothing back. */
  settle(): void {}

  async close(): Promise<Closed> {
    this.#end = this.#ending()
    this.#going ??= this.#keepOn()
    this.#wake()
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#parts.closeMs)
    await Promise.race([this.#going, promise])
    clearTimeout(timer)
    this.#givenUp = true
    this.#wake()
    return this.#closed()
  }

  /** Up to this offset all is stored that is to be. */
  get #safe(): number {
    const last = this.#pieces.at(-1)
    return last ? last.at + last.length : 0
  }

  #keepHead(bytes: Uint8Array): void {
    this.#head += bytes.length
    this.#lastOfHead = bytes.at(-1) ?? NEWLINE
    this.#held.add(bytes)
  }

  /** While there is something to write. Never two of it, so that statements keep their order. */
  async #keepOn(): Promise<void> {
    while (!this.#givenUp && !this.#isDone()) {
      await this.#pause()
      const upTo = this.#written
      this.#saved = 0
      while (!this.#givenUp && !this.#isDone(upTo)) if (!(await this.#save())) break
    }
    this.#going = null
  }

  #isDone(upTo = this.#written): boolean {
    if (this.#safe < upTo) return false
    return !this.#end?.line || this.#pieces.some(({ at }) => at === CUT)
  }

  async #pause(): Promise<void> {
    if (this.#end !== null && this.#failure === null) return
    const usual = this.#tail !== null && this.#saved > PIECE ? WINDOW_MS : PIECE_MS
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#failure?.pauseMs ?? usual).unref()
    this.#wake = resolve
    await promise
    clearTimeout(timer)
  }

  /** One statement's worth. False when the database did not take it. */
  async #save(): Promise<boolean> {
    const sure = this.#staying()
    const put = this.#missing(sure)
    try {
      await this.#parts.save({ keep: sure.map(({ at }) => at), put })
    } catch (error) {
      const touched = (piece: Piece) => !sure.includes(piece)
      this.#pieces = this.#pieces.map((one) => (touched(one) ? { ...one, unsure: true } : one))
      const pauseMs = Math.min(BACK_OFF_MS.most, (this.#failure?.pauseMs ?? 0) * 2)
      this.#failure = { error, pauseMs: Math.max(BACK_OFF_MS.first, pauseMs) }
      return false
    }
    this.#failure = null
    this.#pieces = [...sure, ...put.map(({ at, length }) => ({ at, length }))].sort(byOffset)
    this.#saved += put.reduce((sum, { length }) => sum + length, 0)
    this.#release()
    return true
  }

  /** Pieces that are to stay as they are. */
  #staying(): Piece[] {
    const from = this.#tailFrom
    const isIn = ({ at, length }: Piece) =>
      at < this.#head || (this.#end ? at >= from : at + length > from)
    const sure = this.#pieces.filter((piece) => !piece.unsure && isIn(piece))
    const last = sure.at(-1)
    if (last && this.#grows(last)) sure.pop()
    return sure
  }

  #grows({ at, length }: Piece): boolean {
    if (at === CUT || length >= GROWS || at + length >= this.#written) return false
    if (at >= this.#head) return at >= this.#tailFrom
    return at >= this.#heldFrom && at + length < this.#head
  }

  /** The oldest offset of the tail that is kept by now, or for good. */
  get #tailFrom(): number {
    return this.#end?.from ?? this.#head + (this.#tail?.start ?? 0)
  }

  #missing(sure: readonly Piece[]): Rows['put'] {
    const put: (Piece & { bytes: Uint8Array })[] = []
    const line = this.#end?.line
    if (line && !sure.some(({ at }) => at === CUT)) {
      put.push({ at: CUT, length: line.length, bytes: line })
    }
    let room = STATEMENT
    const gaps = [
      ...gapsIn(sure, 0, this.#head),
      ...(this.#tail ? gapsIn(sure, this.#tailFrom, this.#written) : []),
    ]
    for (const gap of gaps) {
      for (let at = gap.at; at < gap.at + gap.length && room > 0; ) {
        const length = Math.min(PIECE, gap.at + gap.length - at, room)
        put.push({ at, length, bytes: this.#read(at, length) })
        at += length
        room -= length
      }
    }
    return put
  }

  #read(at: number, length: number): Uint8Array {
    if (this.#tail !== null && at >= this.#head) return this.#tail.read(at - this.#head, length)
    return this.#held.copy(at - this.#heldFrom, at - this.#heldFrom + length)
  }

  /** Lets go what is stored of the head, but for a piece that may grow. */
  #release(): void {
    const last = this.#pieces.findLast(({ at }) => at !== CUT && at < this.#head)
    if (!last) return
    const mayGrow = last.length < GROWS && this.#tail === null
    const from = mayGrow ? last.at : last.at + last.length
    if (from <= this.#heldFrom) return
    this.#held.drop(from - this.#heldFrom)
    this.#heldFrom = from
  }

  #ending(): { from: number; line: Uint8Array | null } {
    if (this.#tail === null || this.#tail.start === 0) return { from: this.#head, line: null }
    const { rest, from } = ending(this.#tail, this.#parts.limits, this.#lastOfHead === NEWLINE)
    const tail = this.#tail.end - from
    return { from: this.#head + from, line: Buffer.from(rest.subarray(0, rest.length - tail)) }
  }

  #closed(): Closed {
    const bytes = this.#written
    const all = placed(this.#pieces)
    const stored = this.#pieces.reduce((sum, { at, length }) => sum + (at === CUT ? 0 : length), 0)
    const why = this.#failure ? messageOf(this.#failure.error) : 'The database took too long.'
    const problem = `output after its first ${grouped(this.#safe)} bytes was lost: ${why}`
    return {
      bytes,
      cut: bytes - stored,
      problem: this.#safe < bytes ? problem : null,
      place: (offset) => placeIn(all, offset),
    }
  }
}

function byOffset(one: Piece, other: Piece): number {
  return one.at - other.at
}
