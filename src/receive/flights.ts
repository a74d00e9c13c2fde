/**
 * One run for many callers: those who ask for the same while it goes on, and those who come soon after. And
 * a limit to those who wait, because a caller who is told to come back is better off than one in a pile.
 */

import type { Log } from '../log.ts'
import type { Hook } from '../model/hook.ts'
import type { Answer } from './answer.ts'
import { pageBytes } from './page.ts'
import type { Ran } from './reply.ts'

/** How a call came out; an answer where no run was started. */
export type Outcome = { readonly ran: Ran } | { readonly answer: Answer }

interface Flight {
  readonly id: string
  readonly hook: Hook
  readonly landed: Promise<Outcome>
  ran: Ran | null
  endedAt: number
  /** Callers beside the one who started it. */
  others: number
}

/** Outputs kept for later callers. What strangers can vary (inputs) must not fill the memory. */
const MOST_KEPT = 500
const MOST_BYTES = 64 * 1024 * 1024

export class Flights {
  readonly #log: Log
  /** In the order they began. */
  readonly #flights = new Map<string, Flight>()

  constructor(log: Log) {
    this.#log = log
  }

  /**
   * The outcome of a run that is under way or fresh, else of the one that `start` starts. `key` says what
   * was asked; the hook is compared too, so that a new config never answers with what the old one ran.
   * `ageMs` is how long ago the run ended.
   */
  async join(
    hook: Hook,
    key: string,
    start: () => Promise<Outcome>,
  ): Promise<{ outcome: Outcome; ageMs: number }> {
    const id = `${hook.name} ${key}`
    const found = this.#flights.get(id)
    if (found && found.hook === hook) {
      found.others += 1
      const outcome = await found.landed
      return { outcome, ageMs: Math.max(0, performance.now() - found.endedAt) }
    }
    if (found) this.#forget(found)
    const flight: Flight = { id, hook, landed: start(), ran: null, endedAt: Infinity, others: 0 }
    this.#flights.set(id, flight)
    try {
      const outcome = await flight.landed
      this.#keep(flight, outcome)
      return { outcome, ageMs: 0 }
    } catch (error) {
      this.#forget(flight)
      throw error
    }
  }

  /** A failure serves those who waited for it and nobody else: the next caller may find it mended. */
  #keep(flight: Flight, outcome: Outcome): void {
    const ran = 'ran' in outcome ? outcome.ran : null
    const { cacheMs } = flight.hook.reply
    flight.endedAt = performance.now()
    flight.ran = ran
    if (ran?.end.status === 'success' && cacheMs) {
      setTimeout(() => this.#forget(flight), cacheMs).unref()
      this.trim()
    } else this.#forget(flight)
  }

  #forget(flight: Flight): void {
    if (this.#flights.get(flight.id) !== flight) return
    this.#flights.delete(flight.id)
    const { ran, others } = flight
    if (!ran || others === 0) return
    const callers = others === 1 ? 'one more caller' : `${others} more callers`
    this.#log.info(
      { run: ran.run.id, hook: ran.run.hook, callers: others },
      `    ${ran.run.hook} #${ran.run.id} answered ${callers}`,
    )
  }

  /** Forgets the oldest while too much is kept. Also to be called when a page has been made of one. */
  trim(): void {
    const kept = [...this.#flights.values()].flatMap((flight) =>
      flight.ran ? [{ flight, bytes: flight.ran.output.length + pageBytes(flight.ran) }] : [],
    )
    let count = kept.length
    let bytes = kept.reduce((sum, one) => sum + one.bytes, 0)
    for (const oldest of kept) {
      if (count <= MOST_KEPT && bytes <= MOST_BYTES) return
      count -= 1
      bytes -= oldest.bytes
      this.#forget(oldest.flight)
    }
  }
}

/** For each run that may go on at once, so many callers more may wait for theirs. */
const WAITING_PER_RUN = 15

/** Callers of each hook who wait for a run of their own, the ones whose run goes on included. */
export class Waiting {
  readonly #maxParallel: number
  readonly #counts = new Map<string, number>()

  constructor(maxParallel: number) {
    this.#maxParallel = maxParallel
  }

  /** Call what it returns when the wait is over. Null when there are too many. */
  enter({ name, concurrency, maxParallel }: Hook): (() => void) | null {
    const sideBySide = Math.min(maxParallel ?? this.#maxParallel, this.#maxParallel)
    const parallel = concurrency.group === null ? sideBySide : 1
    const count = this.#counts.get(name) ?? 0
    if (count >= parallel * (1 + WAITING_PER_RUN)) return null
    this.#counts.set(name, count + 1)
    return () => {
      const left = (this.#counts.get(name) ?? 1) - 1
      if (left === 0) this.#counts.delete(name)
      else this.#counts.set(name, left)
    }
  }
}
