/** One start per turn of the event loop: starting holds it up, and deliveries wait to be answered. */
export class Turns {
  #last: Promise<void> = Promise.resolve()

  /** Resolves in a turn that is the caller's alone. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)))
    return this.#last
  }
}
