/**
 * Asking a store again until it agrees: what is true of a run must be written, however long the disk is
 * full. A stop gives up after a while; the next start finds what was not written.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'

const RETRY_MS = 1000
/** What seems to be wrong with the question itself is asked so often: what a connection says while it breaks is no proof. */
const HOPELESS_TRIES = 3
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

  /**
   * Null when the server is stopping and the store would not have it. Rejects with what is `hopeless`: a store that is
   * well, but will never agree to this.
   */
  async on<T>(work: () => Promise<T>, hopeless = never): Promise<T | null> {
    for (let tries = 1; performance.now() < this.#giveUpAt; ) {
      try {
        return await work()
      } catch (error) {
        if (!hopeless(error)) tries = 1
        else if (tries++ >= HOPELESS_TRIES) throw error
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

const never = (_error: unknown) => false
