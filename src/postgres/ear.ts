/** Waits for a word about one run. */

import type { Listener } from './listen.ts'

export class Ear {
  readonly #leave: () => void
  #heard = false
  #wake = () => {}

  /** Wakes also when the signal aborts. */
  constructor(listener: Pick<Listener, 'join'>, runId: number, signal?: AbortSignal) {
    const ring = () => {
      this.#heard = true
      this.#wake()
    }
    const quit = listener.join({
      word: (word) => {
        if ('run' in word && word.run === runId && word.kind !== 'cancel') ring()
      },
      reconnected: ring,
    })
    signal?.addEventListener('abort', ring, { once: true })
    this.#leave = () => {
      quit()
      signal?.removeEventListener('abort', ring)
    }
  }

  /** What is said from now on ends the next wait. */
  listen(): void {
    this.#heard = false
  }

  /** Until a word, or for so long; does not keep the process alive. */
  async wait(ms: number): Promise<void> {
    if (this.#heard) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const timer = setTimeout(resolve, ms).unref()
    await promise
    clearTimeout(timer)
  }

  leave(): void {
    this.#leave()
  }
}
