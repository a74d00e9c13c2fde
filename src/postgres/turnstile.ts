/**
 * Who would wait for the same locks of the database waits here first, one behind the other, without a connection:
 * a burst for one group would take all that there are, and whoever wants another group would stand behind it.
 */

export class Turnstile {
  readonly #last = new Map<string, Promise<void>>()

  /** When all who came before with one of these names are done. */
  async pass<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const { promise: done, resolve } = Promise.withResolvers<void>()
    const before = names.map((name) => this.#last.get(name))
    for (const name of names) this.#last.set(name, done) // at once for all, so no two wait for each other
    await Promise.all(before)
    try {
      return await work()
    } finally {
      resolve()
      for (const name of names) if (this.#last.get(name) === done) this.#last.delete(name)
    }
  }
}
