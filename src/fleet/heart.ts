/**
 * The heartbeat of a worker: renews its lease every sixth of it, and says as soon as too much of it went by.
 * A renewal that hangs holds up neither the next one nor the clock.
 */

import type { Beat, Claim } from '../postgres/contract.ts'
import type { Away } from './away.ts'
import type { Lease, Stage } from './lease.ts'

export interface HeartParts {
  readonly lease: Lease
  readonly now: () => number
  /** Those whose lease is to be renewed. */
  readonly claims: () => readonly Claim[]
  readonly beat: (claims: readonly Claim[]) => Promise<Beat>
  /** A renewal has succeeded, and the lease knows. */
  readonly renewed: (beat: Beat) => void
  /** The lease has come to another stage than it had. */
  readonly turned: (stage: Stage, before: Stage) => void
  readonly away: Away
}

export class Heart {
  readonly #parts: HeartParts
  readonly #timers: NodeJS.Timeout[] = []
  #stage: Stage = 'held'
  #stopped = false

  constructor(parts: HeartParts) {
    this.#parts = parts
  }

  /** The lease has been renewed for the first time. */
  start(): void {
    const { ms } = this.#parts.lease
    this.#timers.push(setInterval(() => void this.beat(), ms / 6))
    this.#timers.push(setInterval(() => this.look(), Math.min(250, ms / 40)))
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
  }

  /** Never rejects. */
  async beat(): Promise<void> {
    const { lease, now, claims, away } = this.#parts
    const sentAt = now()
    const sent = claims()
    try {
      const beat = await this.#parts.beat(sent)
      if (this.#stopped) return
      this.look() // how late it came counts before what it brought: after a freeze all is over first
      for (const id of beat.lost) lease.drop(id)
      lease.renewed(sentAt, ids(sent))
      this.#parts.renewed(beat)
      away.worked()
    } catch (error) {
      if (!this.#stopped) away.failed(error)
    }
    this.look()
  }

  /** Tells of another stage, once. */
  look(): void {
    const before = this.#stage
    const { stage } = this.#parts.lease
    if (this.#stopped || stage === before) return
    this.#stage = stage
    this.#parts.turned(stage, before)
  }
}

function ids(claims: readonly Claim[]): number[] {
  return claims.map(({ runId }) => runId)
}
