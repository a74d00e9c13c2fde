/**
 * Asking a store again until it agrees: what is true of a run must be written, however long the disk is
 * full. A stop gives up after a while; the next start finds what was not written.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'

const RETRY_MS = 1000
/** Of what all runs meet together, the log is told so often. */
const TELL_MS = 60_000

export class Insist {
  readonly #log: Log
  #giveUpAt = Number.POSITIVE_INFINITY
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(log: Log) {
    this.#log = log
  }

  /** From now on nothing is asked for longer than this, in milliseconds. */
  giveUpAfter(ms: number): void {
    this.#giveUpAt = Math.min(this.#giveUpAt, performance.now() + ms)
  }

  /** Null when the server is stopping and the store would not have it. */
  async on<T>(work: () => Promise<T>): Promise<T | null> {
    while (performance.now() < this.#giveUpAt) {
      try {
        return await work()
      } catch (error) {
        this.#tell(error)
        await sleep(RETRY_MS)
      }
    }
    return null
  }

  #tell(error: unknown): void {
    const now = performance.now()
    if (now - this.#toldAt < TELL_MS) return
    this.#toldAt = now
    this.#log.error(`${messageOf(error)} Runs wait for it; trying again each second.`)
  }
}
