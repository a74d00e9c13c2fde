/**
 * Word of how runs ended, for who waits for one. A run may end before its asker comes to ask: superseded by
 * another delivery of the same moment, it has ended when its own caller is told of it. So the latest ends are
 * remembered.
 */

import type { RunEnd } from '../model/run.ts'

/** Many more than begin and end in a moment. */
const REMEMBERED = 1000

export class Ends {
  readonly #recent = new Map<number, RunEnd>()
  readonly #awaited = new Map<number, PromiseWithResolvers<RunEnd>>()

  announce(runId: number, end: RunEnd): void {
    this.#recent.set(runId, end)
    const [oldest] = this.#recent.keys()
    if (this.#recent.size > REMEMBERED && oldest !== undefined) this.#recent.delete(oldest)
    this.#awaited.get(runId)?.resolve(end)
    this.#awaited.delete(runId)
  }

  /** Runs that somebody waits for now. */
  get awaited(): number[] {
    return [...this.#awaited.keys()]
  }

  isAwaited(runId: number): boolean {
    return this.#awaited.has(runId)
  }

  /** Its end will not be known here. */
  giveUp(runId: number, error: Error): void {
    const awaited = this.#awaited.get(runId)
    awaited?.promise.catch(() => undefined) // who waited may have gone
    awaited?.reject(error)
    this.#awaited.delete(runId)
  }

  /** Resolves when the run has ended, or at once if it did so lately. */
  when(runId: number): Promise<RunEnd> {
    const end = this.#recent.get(runId)
    if (end) return Promise.resolve(end)
    const awaited = this.#awaited.get(runId) ?? Promise.withResolvers<RunEnd>()
    this.#awaited.set(runId, awaited)
    return awaited.promise
  }
}
