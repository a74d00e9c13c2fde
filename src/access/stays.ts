/**
 * Who stays to see more of something: a page that follows a log, a program that follows a run. What comes to him ends
 * with his right to see it, a moment after his session or token did. That is looked for, once a second for each
 * session or token however many streams it has, because what ends it may be said to another server of the fleet.
 *
 * Nobody stays at more than some at once: each holds a connection, and looks at a run or at all of them. Those of a
 * user count together, for he may sign in as often as he likes.
 */

import { RunhookError } from '../errors.ts'
import { type Role, reaches } from '../record/tokens.ts'

export interface Stay {
  /** The same for all that end together: `session 7`. */
  readonly key: string
  /** As the sentence that tells him names him, and the same for all that count together: `ada`, `The token ci`. */
  readonly whose: string
  /** What is shown needs it. */
  readonly needed: Role
  /** The role that he has now; null when he has no right to anything any more. */
  readonly roleNow: () => Promise<Role | null>
}

/** More than there are pages in front of anybody: tabs in the background give theirs up. */
export const STREAMS_MAX = 64
const LOOK_MS = 1000
/** So often nothing could be found out before he is taken to have gone. */
const IN_VAIN_MAX = 10

interface Stayer {
  readonly stay: Stay
  readonly leave: AbortController
}

export class Stays {
  readonly #stayers = new Map<string, Set<Stayer>>()
  /** How many, by whose they are. */
  readonly #open = new Map<string, number>()
  readonly #inVain = new Map<string, number>()
  #timer: NodeJS.Timeout | null = null
  #looking = false

  /** Throws `too-many` when he has as many as he may. For before the answer begins, which can then say so. */
  admit(stay: Stay | null): void {
    if (stay && (this.#open.get(stay.whose) ?? 0) >= STREAMS_MAX) throw tooMany(stay)
  }

  /**
   * What comes of the source, until he leaves (`signal`) or may not see it any more. Nothing comes after that,
   * whatever the source waits for; the signal that it gets tells it to let go. A null `stay` is for who cannot be
   * sent away, as whoever holds the server's own socket. Counted from the first value that is asked for, because
   * answers to HEAD never come so far; so it too throws what `admit` does, for many who were admitted at once.
   */
  async *during<Value>(
    stay: Stay | null,
    signal: AbortSignal,
    source: (signal: AbortSignal) => AsyncIterable<Value>,
  ): AsyncGenerator<Value> {
    const leave = new AbortController()
    const stayer = stay && { stay, leave }
    const either = AbortSignal.any([signal, leave.signal])
    if (stayer) this.#join(stayer)
    try {
      yield* until(either, source(either))
    } finally {
      if (stayer) this.#part(stayer)
      leave.abort()
    }
  }

  #join(stayer: Stayer): void {
    this.admit(stayer.stay)
    const { key, whose } = stayer.stay
    this.#open.set(whose, (this.#open.get(whose) ?? 0) + 1)
    this.#stayers.set(key, (this.#stayers.get(key) ?? new Set()).add(stayer))
    this.#timer ??= setInterval(() => void this.#look(), LOOK_MS).unref()
  }

  #part(stayer: Stayer): void {
    const { key, whose } = stayer.stay
    const left = (this.#open.get(whose) ?? 0) - 1
    if (left > 0) this.#open.set(whose, left)
    else this.#open.delete(whose)
    const all = this.#stayers.get(key)
    all?.delete(stayer)
    if (all?.size === 0) {
      this.#stayers.delete(key)
      this.#inVain.delete(key)
    }
    if (this.#stayers.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  async #look(): Promise<void> {
    if (this.#looking) return // a slow database is not asked twice at once
    this.#looking = true
    await Promise.all([...this.#stayers].map(([key, all]) => this.#lookAfter(key, all)))
    this.#looking = false
  }

  async #lookAfter(key: string, all: ReadonlySet<Stayer>): Promise<void> {
    const [first] = all
    if (!first) return
    try {
      const role = await first.stay.roleNow()
      this.#inVain.delete(key)
      for (const { stay, leave } of all)
        if (role === null || !reaches(role, stay.needed)) leave.abort()
    } catch {
      // A database that is away for a moment sends nobody away; one that stays away says nothing for anybody.
      const inVain = (this.#inVain.get(key) ?? 0) + 1
      this.#inVain.set(key, inVain)
      if (inVain >= IN_VAIN_MAX) for (const { leave } of all) leave.abort()
    }
  }
}

function tooMany({ whose }: Stay): RunhookError {
  return new RunhookError(
    'too-many',
    `${whose} has ${STREAMS_MAX} pages and logs open that are still moving, which is the most.`,
    { hint: 'Close some, and try again.' },
  )
}

/** The same as the source until the signal aborts, and nothing after. */
async function* until<Value>(
  signal: AbortSignal,
  source: AsyncIterable<Value>,
): AsyncGenerator<Value> {
  const iterator = source[Symbol.asyncIterator]()
  let stop = () => {}
  const stopped = () => stop()
  signal.addEventListener('abort', stopped, { once: true })
  try {
    while (!signal.aborted) {
      // A promise for each: one for all would keep what came until the end.
      const came = await new Promise<IteratorResult<Value> | null>((resolve, reject) => {
        stop = () => resolve(null)
        iterator.next().then(resolve, reject)
      })
      if (came === null || came.done || signal.aborted) return
      yield came.value
    }
  } finally {
    signal.removeEventListener('abort', stopped)
    iterator.return?.()?.catch(() => {}) // nobody waits for it any more
  }
}
