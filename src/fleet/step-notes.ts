/**
 * Steps of one run under way, told to the database as they come. What is over within a moment is not told on its
 * own: the end of the run brings all of its steps. No step waits for this; what it writes is not stored before it.
 */

import type { StepRecord } from '../model/run.ts'

const MOMENT_MS = 100

export class StepNotes {
  readonly #note: (step: StepRecord) => Promise<void>
  readonly #waiting = new Map<number, StepRecord>()
  /** Numbers of those that were told to have begun, or ended. */
  readonly #known = new Set<number>()
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()
  #closed = false

  constructor(note: (step: StepRecord) => Promise<void>) {
    this.#note = note
  }

  add(step: StepRecord): void {
    if (this.#closed) return
    this.#waiting.delete(step.number) // what was told last is written last
    this.#waiting.set(step.number, step)
    this.#later()
  }

  /**
   * Resolves when each step that has begun is known, or none is: output without any step is held back by its
   * readers until they know one. Rejects while the database is away.
   */
  async told(): Promise<void> {
    await this.#writing
    if (this.#known.size === 0 || this.#closed) return
    const isKnown = (number: number) => this.#known.has(number)
    const begun = [...this.#waiting.keys()]
    if (begun.every(isKnown)) return
    await this.#flush()
    if (!begun.every(isKnown) && !this.#closed) throw new Error('A step could not be noted.')
  }

  /** None is written after it has resolved: it would undo what the end of the run says. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#waiting.clear()
    await this.#writing
  }

  #later(): void {
    if (this.#closed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      void this.#flush()
    }, MOMENT_MS)
  }

  #flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  /** What the database did not take is tried again. */
  async #write(): Promise<void> {
    for (const [number, step] of [...this.#waiting]) {
      if (this.#closed) return
      try {
        await this.#note(step)
      } catch {
        return this.#later()
      }
      this.#known.add(number)
      if (this.#waiting.get(number) === step) this.#waiting.delete(number)
    }
  }
}
