/**
 * What a worker has taken: asks for runs while there is room, and keeps each until the database knows its end.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Claim } from '../postgres/contract.ts'
import type { Away } from './away.ts'
import { Claimed, type ClaimedTools } from './claimed.ts'
import { sinceBoot } from './clock.ts'
import type { Lease } from './lease.ts'

export interface IntakeParts {
  /** Runs at once. */
  readonly slots: number
  readonly lease: Lease
  readonly away: Away
  /** All that stands against taking runs, beside the lease and the room. */
  readonly mayTake: () => boolean
  /** No command runs any more. */
  readonly idle: () => void
  /** Of each run. */
  readonly tools: ClaimedTools
}

/** What a lost word left waiting is found after so long. */
const POLL_MS = 1000

export class Intake {
  readonly #parts: IntakeParts
  /** By run. Those that have been executed are among them until the database knows. */
  readonly #claimed = new Map<number, Claimed>()
  /** Those of which a command may run. */
  readonly #busy = new Set<Claimed>()
  #poll: NodeJS.Timeout | null = null
  #asking = false
  #askAgain = false

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  get running(): readonly number[] {
    return [...this.#busy].map(({ claim }) => claim.runId)
  }

  get claims(): readonly Claim[] {
    return [...this.#claimed.values()].map(({ claim }) => claim)
  }

  get(runId: number): Claimed | undefined {
    return this.#claimed.get(runId)
  }

  open(): void {
    this.#poll = setInterval(() => this.wake(), POLL_MS)
    this.wake()
  }

  /** Takes nothing more; what comes of a question that is under way is given back. */
  close(): void {
    if (this.#poll) clearInterval(this.#poll)
    this.#poll = null
  }

  /** Something may wait. */
  wake(): void {
    this.#askAgain = true
    if (!this.#asking) void this.#ask()
  }

  abortAll(reason: string): void {
    for (const one of this.#busy) one.abort(reason)
  }

  /** Resolves when no command runs. */
  async executed(): Promise<void> {
    while (this.#busy.size > 0 || this.#asking) {
      await Promise.all([...this.#busy].map(({ executed }) => executed))
      await sleep(10)
    }
  }

  /** Resolves when the database knows all. */
  async settled(): Promise<void> {
    await Promise.all([...this.#claimed.values()].map(({ settled }) => settled))
  }

  get #mayTake(): boolean {
    const { slots, lease, mayTake } = this.#parts
    return this.#poll !== null && this.#busy.size < slots && lease.stage === 'held' && mayTake()
  }

  async #ask(): Promise<void> {
    const { slots, away, tools } = this.#parts
    this.#asking = true
    try {
      while (this.#askAgain && this.#mayTake) {
        this.#askAgain = false
        const askedAt = sinceBoot()
        const claims = await tools.claims.claim(slots - this.#busy.size)
        for (const claim of claims) this.#take(claim, askedAt)
        away.worked()
      }
    } catch (error) {
      away.failed(error)
    } finally {
      this.#asking = false
    }
  }

  /**
   * It was given back, and claimed again before we heard of that. Else a hand in the database has made a second job
   * for a run that goes on here, which must not push aside the claim of the first: its lease just ends.
   */
  #second(before: Claimed, claim: Claim, askedAt: number): void {
    void before.settled.then(() => {
      if (sinceBoot() - askedAt < this.#parts.lease.ms / 4) this.#take(claim, askedAt)
    })
  }

  #take(claim: Claim, askedAt: number): void {
    const { lease, idle, tools } = this.#parts
    const { runId } = claim
    const before = this.#claimed.get(runId)
    if (before !== undefined) {
      this.#second(before, claim, askedAt)
      return
    }
    lease.take(runId, askedAt)
    const one = new Claimed(claim, tools)
    this.#claimed.set(runId, one)
    this.#busy.add(one)
    // The answer may have come too late.
    if (this.#poll === null || lease.stage !== 'held') one.abort('interrupt:claimed too late')
    void one.executed.then(() => {
      this.#busy.delete(one)
      if (this.#busy.size === 0) idle()
      this.wake()
    })
    void one.settled.then(() => {
      this.#claimed.delete(runId)
      lease.drop(runId)
      this.wake()
    })
  }
}
