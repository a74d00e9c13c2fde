/**
 * Watching one run: its states and every byte of its output from a place on, until it has ended and
 * all of it was told. A watcher never holds a run up, and one that goes away leaves nothing waiting.
 */

import { RunhookError } from '../errors.ts'
import type { Run } from '../model/run.ts'
import type { Store } from '../record/store.ts'
import type { Control } from './control.ts'
import { Bell } from './moves.ts'

/** What is read of the output log (record/output.ts). */
export interface OutputLogLike {
  read(runId: number, from: number, limit: number): Promise<Uint8Array>
  /** Bytes that are stored by now. */
  size(runId: number): Promise<number>
  follow(runId: number, from: number, signal?: AbortSignal): AsyncIterable<Uint8Array>
}

/** `run`: it stands like this now, told again whenever it moved. `bytes`: output that begins at `at`. */
export type Moment = { readonly run: Run } | { readonly bytes: Uint8Array; readonly at: number }

export interface Watched {
  readonly store: Pick<Store, 'run' | 'steps'>
  readonly output: OutputLogLike
  readonly control: Pick<Control, 'watch'>
}

/** Nothing is asked again but on a word of the server; this is for the word that went astray. */
const LOOK_MS = 10_000
/** A run that has ended while its log stays open: nobody will close it any more. */
const GIVE_UP_MS = 3000
/** How much is read at once. */
const PIECE_BYTES = 64 * 1024

/**
 * Once a `run` moment shows that it ended, only the rest of its output follows. What was followed live is
 * not read again from the stored output: places in the two differ when the middle was cut out.
 */
export async function* watch(
  parts: Watched,
  runId: number,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Moment> {
  const bell = new Bell()
  const leave = parts.control.watch(runId, bell.ring)
  signal.addEventListener('abort', bell.ring, { once: true })
  try {
    let followed = false
    while (!signal.aborted) {
      bell.heard()
      const run = await findRun(parts.store, runId)
      yield { run }
      if (hasEnded(run)) {
        if (!followed) yield* stored(parts.output, runId, from)
        return
      }
      if (run.status === 'running' && !followed)
        followed = yield* follow(parts, runId, from, signal, bell)
      await bell.wait(LOOK_MS)
    }
  } finally {
    leave()
    signal.removeEventListener('abort', bell.ring)
  }
}

export async function findRun(store: Pick<Store, 'run'>, runId: number): Promise<Run> {
  const run = await store.run(runId)
  if (run) return run
  throw new RunhookError('not-found', `There is no run #${runId}.`)
}

export function hasEnded(run: Run): boolean {
  return run.status !== 'queued' && run.status !== 'running'
}

/** Stored output from one place to another, or to its present end. */
export async function* readOn(
  output: OutputLogLike,
  runId: number,
  from: number,
  to = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array> {
  let at = from
  while (at < to) {
    const bytes = await output.read(runId, at, Math.min(PIECE_BYTES, to - at))
    if (bytes.length === 0) return
    yield bytes
    at += bytes.length
  }
}

async function* stored(output: OutputLogLike, runId: number, from: number): AsyncGenerator<Moment> {
  let at = from
  for await (const bytes of readOn(output, runId, from)) {
    yield { bytes, at }
    at += bytes.length
  }
}

/** A live run until its log closes. True when any of its output was told. */
async function* follow(
  parts: Watched,
  runId: number,
  from: number,
  signal: AbortSignal,
  bell: Bell,
): AsyncGenerator<Moment, boolean> {
  const pieces = new Pieces(parts.output.follow(runId, from, signal), bell)
  let at = from
  let ended = false
  try {
    while (!signal.aborted) {
      const piece = await pieces.next(ended ? GIVE_UP_MS : LOOK_MS)
      if (piece === 'over') break
      if (piece instanceof Uint8Array) {
        yield { bytes: piece, at }
        at += piece.length
        continue
      }
      if (ended && piece === null) break
      bell.heard()
      const run = await findRun(parts.store, runId)
      ended = hasEnded(run)
      yield { run }
    }
  } finally {
    pieces.leave()
  }
  if (ended) bell.ring() // that ring was answered here already
  return at > from
}

type Came = IteratorResult<Uint8Array> | { readonly thrown: unknown }

/** The pieces of an output, waited for together with the bell: whichever comes first. */
class Pieces {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #bell: Bell
  #asked = false
  #came: Came | null = null

  constructor(source: AsyncIterable<Uint8Array>, bell: Bell) {
    this.#source = source[Symbol.asyncIterator]()
    this.#bell = bell
  }

  /** `rung`: the bell rings, which comes before any piece. Null when nothing came for this long. */
  async next(ms: number): Promise<Uint8Array | 'over' | 'rung' | null> {
    if (!this.#asked) this.#ask()
    if (this.#came === null) await this.#bell.wait(ms)
    if (this.#bell.rings) return 'rung'
    const came = this.#came
    if (came === null) return null
    if ('thrown' in came) throw came.thrown
    if (came.done) return 'over'
    this.#came = null
    this.#asked = false
    return came.value
  }

  leave(): void {
    this.#source.return?.()?.catch(() => {}) // nobody waits for it any more
  }

  #ask(): void {
    this.#asked = true
    const take = (came: Came) => {
      this.#came = came
      this.#bell.nudge()
    }
    this.#source.next().then(take, (thrown: unknown) => take({ thrown }))
  }
}
