/**
 * The output log of a fleet: whatever worker writes, every process reads and follows. Offsets mean what they mean
 * with files: in the stored output of a run that has ended, in the whole stream while it runs.
 */

import { gapLine } from '../record/cut.ts'
import type { OutputLog } from '../record/output-log.ts'
import type { Redactor } from '../record/redact.ts'
import { type Limits, type OutputWriter, usualLimits } from '../record/writer.ts'
import type { Session } from './connect.ts'
import { Ear } from './ear.ts'
import { Lanes } from './lanes.ts'
import type { Listener } from './listen.ts'
import type { Notices } from './notices.ts'
import { bytesIn, type Next, nextOf, piecesOf, removeRows, saveRows } from './output-rows.ts'
import { PieceWriter } from './output-writer.ts'
import { headOf, placed, sizeOf } from './pieces.ts'

export interface PostgresOutputLogOptions {
  readonly notices: Pick<Notices, 'tell'>
  readonly listener: Pick<Listener, 'join'>
  readonly limits?: Limits | undefined
  /** Asked for at the beginning of each run; null when there is nothing to hide. */
  readonly redactor?: () => Redactor | null
  /** How long the end of a run waits for a database that is away, to keep the rest of its output. */
  readonly closeMs?: number
}

const CLOSE_MS = 10_000
/** A word that was lost costs a follower no more than this. */
const POLL_MS = 1000
/** So many runs write at the same time; the others' connections are for what cannot wait. */
const LANES = 3
/** The rows of a run that goes on may change between two looks; it soon holds still. */
const TRIES = 5

export class PostgresOutputLog implements OutputLog {
  readonly #database: Pick<Session, 'query'>
  readonly #options: PostgresOutputLogOptions
  readonly #limits: Limits
  readonly #lanes = new Lanes(LANES)

  constructor(database: Pick<Session, 'query'>, options: PostgresOutputLogOptions) {
    this.#database = database
    this.#options = options
    this.#limits = options.limits ?? usualLimits
  }

  /**
   * What is there of an earlier opening goes with the first byte. Nothing is stored before `told` has resolved:
   * whoever reads it knows by then of which step it is.
   */
  open(runId: number, told = async () => {}): OutputWriter {
    const { notices, redactor, closeMs = CLOSE_MS } = this.#options
    const writer = new PieceWriter({
      limits: this.#limits,
      closeMs,
      save: async (rows) => {
        await told()
        await this.#lanes.take(() => saveRows(this.#database, runId, rows))
        notices.tell({ kind: 'output', run: runId })
      },
    })
    return redactor?.()?.writer(writer) ?? writer
  }

  async read(runId: number, from: number, limit: number): Promise<Uint8Array> {
    for (let tries = 1; ; tries++) {
      const all = await this.#stored(runId)
      const to = Math.min(sizeOf(all), from + limit)
      if (to <= from) return new Uint8Array()
      const bytes = await bytesIn(this.#database, runId, all, from, to)
      if (bytes !== null) return bytes
      if (tries === TRIES) return new Uint8Array()
    }
  }

  async size(runId: number): Promise<number> {
    return sizeOf(await this.#stored(runId))
  }

  /** While the database is away it waits. */
  async *follow(runId: number, from: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const ear = new Ear(this.#options.listener, runId, signal)
    try {
      let at = from
      let isFirst = true
      while (!signal?.aborted) {
        ear.listen() // before looking, so that nothing falls between
        const next = await this.#next(runId, at)
        if (next?.over && isFirst) return yield* this.#rest(runId, from, signal)
        if (next?.over && next.pieces.length === 0) return
        for (const { bytes, end } of inOrder(next, at)) {
          yield bytes
          at = end
        }
        if (next !== null) isFirst = false
        if (!next?.pieces.length) await ear.wait(POLL_MS)
      }
    } finally {
      ear.leave()
    }
  }

  async remove(runId: number): Promise<void> {
    await removeRows(this.#database, runId)
  }

  /** What a reader may have by now. */
  async #stored(runId: number) {
    const { over, pieces } = await piecesOf(this.#database, runId)
    return placed(over ? pieces : headOf(pieces, this.#limits.head))
  }

  /** Null when it cannot be known at present. */
  async #next(runId: number, from: number): Promise<Next | null> {
    try {
      return await nextOf(this.#database, runId, from)
    } catch {
      return null
    }
  }

  async *#rest(runId: number, from: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    for (let at = from; !signal?.aborted; ) {
      const bytes = await this.read(runId, at, PIECE)
      if (bytes.length === 0) return
      at += bytes.length
      yield bytes
    }
  }
}

const PIECE = 64 * 1024

/** The pieces from an offset on, a gap before one with the line that stands for it. `end` is where each leads. */
function* inOrder(next: Next | null, from: number) {
  let at = from
  for (const piece of next?.pieces ?? []) {
    const bytes = piece.bytes.subarray(Math.max(0, at - piece.at))
    const end = piece.at + piece.bytes.length
    const gap = piece.at - at
    const line = gap > 0 ? (next?.line ?? gapLine(gap)) : null
    yield { bytes: line ? Buffer.concat([line, bytes]) : bytes, end }
    at = end
  }
}
