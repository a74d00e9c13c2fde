/**
 * The Dispatcher of a fleet: what a receiver asks for is done in the database, where all workers see it. Words of it
 * are told from there too, by whoever has written it.
 */

import type { Hook } from '../model/hook.ts'
import type { RunEnd } from '../model/run.ts'
import type { Fleet } from '../postgres/contract.ts'
import type { CancelResult, Dispatcher } from '../record/dispatcher.ts'
import type { Accept, Accepted, Store } from '../record/store.ts'

export interface DispatchParts {
  readonly store: Pick<Store, 'accept' | 'rerun'>
  readonly fleet: Pick<Fleet, 'cancel' | 'counts'>
  readonly ends: { when(runId: number): Promise<RunEnd> }
}

/** Counts are of a moment ago: they are asked for again when they are so old, and somebody wants them. */
const COUNTS_MS = 1000

export class FleetDispatcher implements Dispatcher {
  readonly #parts: DispatchParts
  #counts = { waiting: 0, running: 0 }
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(parts: DispatchParts) {
    this.#parts = parts
  }

  async accept(...asked: Parameters<Accept>): Promise<Accepted> {
    return this.#parts.store.accept(...asked)
  }

  async rerun(runId: number, hook: Hook): Promise<Accepted> {
    return this.#parts.store.rerun(runId, hook)
  }

  async cancel(runId: number, by: string): Promise<CancelResult> {
    return this.#parts.fleet.cancel(runId, `cancelled by ${by}`)
  }

  whenEnded(runId: number): Promise<RunEnd> {
    return this.#parts.ends.when(runId)
  }

  get counts(): { readonly waiting: number; readonly running: number } {
    const now = performance.now()
    if (now - this.#askedAt >= COUNTS_MS) {
      this.#askedAt = now
      this.#count()
    }
    return this.#counts
  }

  /** While the database is away the last ones stay. */
  #count(): void {
    this.#parts.fleet.counts().then(
      (counts) => {
        this.#counts = counts
      },
      () => undefined,
    )
  }
}
