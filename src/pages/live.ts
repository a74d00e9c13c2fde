/**
 * The word that something has moved, for pages that show more than one run: a run moved, a delivery came,
 * something was refused, a worker came or went, somebody did something, the hooks file was changed. It carries a
 * number and nothing else: a page that hears it asks for itself again.
 * Nobody is asked anything while nobody looks.
 */

import { randomBytes } from 'node:crypto'
import { Bell } from '../show/moves.ts'
import type { PagesParts } from './parts.ts'
import type { SseEvent } from './sse.ts'

/** Deliveries, refusals, workers and another hooks file tell nobody that they came: they are looked for. */
const LOOK_MS = 1000
const DAY_MS = 24 * 60 * 60 * 1000

type Watched = Pick<PagesParts, 'store' | 'watchAll' | 'fleet' | 'audit' | 'hooksFile'>

export class Pulse {
  readonly #parts: Watched
  /** Of this process: numbers of one before it mean nothing. */
  readonly #process = randomBytes(4).toString('hex')
  readonly #bells = new Set<Bell>()
  #count = 0
  #seen = ''
  #timer: NodeJS.Timeout | null = null
  #leave = () => {}

  constructor(parts: Watched) {
    this.#parts = parts
  }

  get now(): string {
    return `${this.#process}-${this.#count}`
  }

  /** At once when what the page shows is older than now, and from then on at each move. */
  async *follow(seen: string | undefined, signal: AbortSignal): AsyncGenerator<SseEvent> {
    const bell = new Bell()
    this.#join(bell)
    signal.addEventListener('abort', bell.ring, { once: true })
    let told = seen ?? ''
    try {
      while (!signal.aborted) {
        bell.heard()
        if (told !== this.now) {
          told = this.now
          yield { event: 'moved', id: told, data: null }
        }
        await bell.wait(60_000)
      }
    } finally {
      signal.removeEventListener('abort', bell.ring)
      this.#part(bell)
    }
  }

  #join(bell: Bell): void {
    this.#bells.add(bell)
    if (this.#bells.size > 1) return
    this.#leave = this.#parts.watchAll(() => this.#moved())
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref()
    void this.#look()
  }

  #part(bell: Bell): void {
    this.#bells.delete(bell)
    if (this.#bells.size > 0) return
    this.#leave()
    if (this.#timer) clearInterval(this.#timer)
    this.#count++ // nobody looked from here on: whoever comes back is told that something may have moved
  }

  #moved(): void {
    this.#count++
    for (const bell of this.#bells) bell.ring()
  }

  async #look(): Promise<void> {
    const { store, fleet, audit, hooksFile } = this.#parts
    try {
      const [[delivery], [run], refused, [done], workers = []] = await Promise.all([
        store.deliveries({ limit: 1 }),
        store.runs({ limit: 1 }),
        store.refusals({ since: Date.now() - DAY_MS, limit: 1 }),
        audit.list({ limit: 1 }),
        fleet?.workers(),
      ])
      const latest = refused.refusals[0]
      const fleetIs = workers.map(({ name, state, startedAt }) => `${name} ${state} ${startedAt}`)
      const { problem, mistakes, since } = hooksFile()
      const fileIs = [since, problem, mistakes]
      const newest = [delivery?.id, run?.id, latest?.lastAt, latest?.count, done?.id]
      const found = [...newest, ...fileIs, ...fleetIs].join(' ')
      if (found === this.#seen) return
      this.#seen = found
      this.#moved()
    } catch {
      // A store that cannot be read just now is asked again in a second.
    }
  }
}
