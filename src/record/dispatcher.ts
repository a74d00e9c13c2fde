/**
 * The Dispatcher: what becomes of runs between the delivery that asks for them and their end. This file is the
 * contract in prose. In one process the queue of run/ keeps it; in a fleet fleet/dispatch.ts does, for
 * runs that other machines carry out.
 */

import type { Hook } from '../model/hook.ts'
import type { RunEnd } from '../model/run.ts'
import type { Accept, Accepted } from './store.ts'

/** `stopping`: it was running and has been told to end. `ended`: it was over before anybody asked. */
export type CancelResult = 'cancelled' | 'stopping' | 'ended' | 'unknown'

export interface Dispatcher {
  /** Stores a delivery and takes over its runs: see Store's `accept`. */
  readonly accept: Accept

  /** Queues a new attempt of an ended run: see Store's `rerun`. */
  rerun(runId: number, hook: Hook): Promise<Accepted>

  /**
   * Ends a run, wherever it is: one that waits at once, one that runs as soon as its command has been ended.
   * `by` is who asked, for the reason.
   */
  cancel(runId: number, by: string): Promise<CancelResult>

  /** Resolves when the run has ended, also for one that did so a moment ago. */
  whenEnded(runId: number): Promise<RunEnd>

  /** How many runs wait and run, in all that this server can see; of a fleet as of a moment ago. */
  readonly counts: { readonly waiting: number; readonly running: number }
}
