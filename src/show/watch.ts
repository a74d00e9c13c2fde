/**
 * Watching one run: its states and every byte of its output from a place on, until it has ended and
 * all of it was told. A watcher never holds a run up, and one that goes away leaves nothing waiting.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { RunhookError } from '../errors.ts'
import type { Run } from '../model.ts'
import type { Store } from '../record/store.ts'

/** What is read of the output log (record/output.ts). */
export interface OutputLogLike {
  read(runId: number, from: number, limit: number): Promise<Uint8Array>
  /** Bytes that are stored by now. */
  size(runId: number): Promise<number>
  follow(runId: number, from: number, signal?: AbortSignal): AsyncIterable<Uint8Array>
}

/** `run`: it stands like this now, told again from time to time. `bytes`: output that begins at `at`. */
export type Moment = { readonly run: Run } | { readonly bytes: Uint8Array; readonly at: number }

export interface Watched {
  readonly store: Store
  readonly output: OutputLogLike
}

/** How often a run is looked at again while nothing comes; and once its log has closed. */
const TICK_MS = 100
const CLOSED_MS = 10
/** A run has ended and its log says nothing for this long: nobody will close it any more. */
const GIVE_UP_TICKS = 10
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
  let at = from
  while (!signal.aborted) {
    const run = await findRun(parts.store, runId)
    yield { run }
    for await (const moment of at === from ? outputOf(parts, run, from, signal) : []) {
      yield moment
      if ('bytes' in moment) at += moment.bytes.length
    }
    if (hasEnded(run)) return
    await pause(run.status === 'queued' ? TICK_MS : CLOSED_MS)
  }
}

export async function findRun(store: Store, runId: number): Promise<Run> {
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

async function* outputOf(
  parts: Watched,
  run: Run,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Moment> {
  if (run.status === 'queued') return
  let at = from
  let endedFor = 0
  const live = run.status === 'running'
  for await (const bytes of live
    ? follow(parts, run.id, from, signal)
    : readOn(parts.output, run.id, from)) {
    if (bytes.length > 0) yield { bytes, at }
    at += bytes.length
    if (bytes.length > 0) continue
    const now = await findRun(parts.store, run.id)
    if (hasEnded(now) && ++endedFor >= GIVE_UP_TICKS) return
    yield { run: now }
  }
}

const SILENCE = new Uint8Array(0)

/** Follows a live run, and yields an empty piece whenever a while passed in silence. */
async function* follow(
  { output }: Watched,
  runId: number,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const pieces = output.follow(runId, from, signal)[Symbol.asyncIterator]()
  try {
    let next = pieces.next()
    let tick = pause(TICK_MS)
    while (!signal.aborted) {
      const piece = await Promise.race([next, tick])
      if (piece?.done) return
      yield piece?.value ?? SILENCE
      if (piece) next = pieces.next()
      else tick = pause(TICK_MS)
      next.catch(() => {}) // the race tells of it; once nobody waits any more it is nobody's concern
    }
  } finally {
    pieces.return?.()?.catch(() => {})
  }
}

/** Does not keep the process alive: a server that stops need not wait for its watchers. */
function pause(milliseconds: number): Promise<null> {
  return delay(milliseconds, null, { ref: false })
}
