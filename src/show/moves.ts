/**
 * Who watches which run, and the word that it has moved: it started, a step of it began or ended, it
 * ended. The word carries nothing, and is told after the fact: who gets it looks for himself.
 */

export class Moves {
  readonly #watchers = new Map<number, Set<() => void>>()
  readonly #ofAll = new Set<() => void>()

  tell(runId: number): void {
    for (const wake of this.#ofAll) wake()
    for (const wake of this.#watchers.get(runId) ?? []) wake()
  }

  /** Runs that somebody watches now. */
  get watched(): number[] {
    return [...this.#watchers.keys()]
  }

  /** Words may have been lost: everybody had better look. */
  tellAll(): void {
    for (const runId of this.watched) this.tell(runId)
  }

  /** Calls `wake` at each move from now on, until what it returns is called. */
  watch(runId: number, wake: () => void): () => void {
    const watchers = this.#watchers.get(runId) ?? new Set()
    this.#watchers.set(runId, watchers.add(wake))
    return () => {
      watchers.delete(wake)
      if (watchers.size === 0 && this.#watchers.get(runId) === watchers)
        this.#watchers.delete(runId)
    }
  }

  /** The same for whatever run moves. */
  watchAll(wake: () => void): () => void {
    this.#ofAll.add(wake)
    return () => void this.#ofAll.delete(wake)
  }
}

/** Wakes one sleeper; a ring that nobody has heard yet keeps him awake. */
export class Bell {
  #rung = false
  #nudged = false
  #wake = () => {}

  readonly ring = (): void => {
    this.#rung = true
    this.#wake()
  }

  /** Wakes, once, for another reason than a ring. */
  nudge(): void {
    this.#nudged = true
    this.#wake()
  }

  /** Whether it rang and nobody has heard it yet. */
  get rings(): boolean {
    return this.#rung
  }

  /** Whether it rang since this was asked last. */
  heard(): boolean {
    const rung = this.#rung
    this.#rung = false
    return rung
  }

  /** Until a ring or a nudge, or this many milliseconds are over; does not keep the process alive. */
  async wait(ms: number): Promise<void> {
    if (!this.#rung && !this.#nudged) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      const timer = setTimeout(resolve, ms).unref()
      await promise
      clearTimeout(timer)
    }
    this.#nudged = false
  }
}
