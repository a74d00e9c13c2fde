/** What is done again and again, one at a time, until it is stopped. */

export class Rounds {
  readonly #everyMs: number
  readonly #work: () => Promise<void>
  #timer: NodeJS.Timeout | null = null
  #going: Promise<void> | null = null
  #again = false
  #stopped = false

  /** `work` that fails is done again with the next round: the database may be away. Keeps no process alive. */
  constructor(everyMs: number, work: () => Promise<void>) {
    this.#everyMs = everyMs
    this.#work = work
    this.#wait()
  }

  /** A round now, and another one if one is going already: what has changed meanwhile it may have missed. */
  now(): void {
    if (this.#stopped) return
    this.#again = this.#going !== null
    this.#going ??= this.#go()
  }

  /** Resolves when nothing more is done. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#going
  }

  async #go(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    do {
      this.#again = false
      await this.#work().catch(() => undefined)
    } while (this.#again && !this.#stopped)
    this.#going = null
    if (!this.#stopped) this.#wait()
  }

  #wait(): void {
    this.#timer = setTimeout(() => this.now(), this.#everyMs).unref()
  }
}
