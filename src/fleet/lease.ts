/**
 * How long a worker may believe that its runs are its own. Every claim is held by lease: the database gives it to
 * nobody else for `ms` after it was renewed there. When that was, only the database knows; but it was not before
 * the renewal was sent, so all that is reckoned here is reckoned from the sending. Pure, but for the clock it is given.
 */

/**
 * `held`: all is well. `ending`: half of it went by without a renewal, runs are asked to end. `over`: two
 * thirds did, and what still runs is killed, so that nothing is left when another may begin.
 */
export type Stage = 'held' | 'ending' | 'over'

export class Lease {
  readonly ms: number
  readonly #now: () => number
  /** The sending of the last renewal that succeeded; null before the first. */
  #good: number | null = null
  /** Of each claim, by its run: it may be younger than the last renewal, or have missed it. */
  readonly #claims = new Map<number, number>()

  /** `now` in milliseconds; it must only ever go forward. */
  constructor(ms: number, now: () => number) {
    this.ms = ms
    this.#now = now
  }

  get stage(): Stage {
    const { age } = this
    if (age < this.ms / 2) return 'held'
    return age < (this.ms * 2) / 3 ? 'ending' : 'over'
  }

  /** What the oldest of the claims has to go by. */
  get since(): number {
    return Math.min(this.#good ?? Number.NEGATIVE_INFINITY, ...this.#claims.values())
  }

  /** Milliseconds. */
  get age(): number {
    return this.#now() - this.since
  }

  /** A claim that was asked for at `askedAt`: the database may have given it at once, and answered late. */
  take(runId: number, askedAt: number): void {
    this.#claims.set(runId, askedAt)
  }

  /** It is over, or was lost. */
  drop(runId: number): void {
    this.#claims.delete(runId)
  }

  /** A renewal of these claims, sent at `sentAt`, has succeeded. Of several under way any may come first. */
  renewed(sentAt: number, runIds: Iterable<number>): void {
    this.#good = Math.max(this.#good ?? Number.NEGATIVE_INFINITY, sentAt)
    for (const id of runIds) {
      const before = this.#claims.get(id)
      if (before !== undefined) this.#claims.set(id, Math.max(before, sentAt))
    }
  }
}
