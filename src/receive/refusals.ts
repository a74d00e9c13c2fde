/**
 * Refused requests, for the operator. Each is counted in the Store; in the log each kind has a line when
 * it first comes and one more a minute, so that a flood of bad signatures fills nothing.
 */

import type { Log } from '../log.ts'
import type { Refused, Store } from '../record/store.ts'

const MINUTE_MS = 60_000
/** Kinds that are logged in one minute. What comes beyond is counted by the Store, which tells no kinds apart then. */
const KINDS_MAX = 500

export class Refusals {
  readonly #log: Log
  readonly #store: Pick<Store, 'refuse'>
  readonly #more = new Map<string, number>()
  #timer: NodeJS.Timeout | null = null

  constructor(log: Log, store: Pick<Store, 'refuse'>) {
    this.#log = log
    this.#store = store
  }

  add(given: Omit<Refused, 'at'>): void {
    const refused = { ...given, path: shown(given.path), reason: printable(given.reason) }
    const { method, path, address, status, reason } = refused
    this.#store.refuse({ ...refused, at: Date.now() })
    const key = `${method} ${path} from ${address}: ${reason}`
    const seen = this.#more.get(key)
    if (seen !== undefined) {
      this.#more.set(key, seen + 1)
      return
    }
    if (this.#more.size >= KINDS_MAX) return
    this.#more.set(key, 0)
    this.#log.warn(refused, `<-- [${status}] ${key}`)
    this.#timer ??= setTimeout(() => this.#summarise(), MINUTE_MS).unref()
  }

  #summarise(): void {
    this.#timer = null
    for (const [key, count] of this.#more) {
      if (count > 0) this.#log.warn({ refused: count }, `${count} more in the last minute: ${key}`)
    }
    this.#more.clear()
  }
}

/** A path from a stranger, safe on a terminal and not longer than a line. */
function shown(path: string): string {
  return path.replace(/[^\x21-\x7e]/g, '?').slice(0, 100)
}

/** Reasons are our own words, yet some name a path. */
function printable(reason: string): string {
  return reason.replace(/[\p{Cc}\p{Bidi_Control}]/gu, '?').slice(0, 500)
}
