/**
 * Steps of one run under way, told to the database as they come. What is over within a moment is not told on its
 * own: the end of the run brings all of its steps. Nothing waits for this, and what cannot be told is let go.
 */

import type { StepRecord } from '../model/run.ts'

const MOMENT_MS = 100

export class StepNotes {
  readonly #note: (step: StepRecord) => Promise<void>
  readonly #waiting = new Map<number, StepRecord>()
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()
  #closed = false

  constructor(note: (step: StepRecord) => Promise<void>) {
    this.#note = note
  }

  add(step: StepRecord): void {
    if (this.#closed) return
    this.#waiting.set(step.number, step)
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#writing = this.#writing.then(() => this.#write())
    }, MOMENT_MS)
  }

  /** None is written after it has resolved: it would undo what the end of the run says. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#waiting.clear()
    await this.#writing
  }

  async #write(): Promise<void> {
    const steps = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const step of steps) {
      if (this.#closed) return
      await this.#note(step).catch(() => undefined)
    }
  }
}
