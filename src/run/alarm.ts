/** Rings at a time of the clock, for runs that wait for theirs. */

/** The clock is looked at again this soon, for a timer does not notice when it is set. */
const LONGEST_NAP_MS = 60_000

export class Alarm {
  readonly #ring: () => void
  #timer: NodeJS.Timeout | undefined

  /** `ring` may be called too early, and is to set it again then. */
  constructor(ring: () => void) {
    this.#ring = ring
  }

  /** Milliseconds since the epoch; null = never. What was set before does not count any more. */
  set(due: number | null): void {
    clearTimeout(this.#timer)
    if (due === null) return
    const nap = Math.min(Math.max(1, due - Date.now()), LONGEST_NAP_MS)
    this.#timer = setTimeout(this.#ring, nap)
  }
}
