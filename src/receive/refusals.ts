/**
 * Refused requests, for the operator. Each kind is logged when it first comes and then counted, one line
 * a minute, so that a flood of bad signatures fills no log.
 */

import type { Log } from '../log.ts'

const MINUTE_MS = 60_000
/** Kinds told apart in one minute; what comes beyond is counted together. */
const KINDS_MAX = 500

export class Refusals {
  readonly #log: Log
  readonly #more = new Map<string, number>()
  #timer: NodeJS.Timeout | null = null

  constructor(log: Log) {
    this.#log = log
  }

  add(refusal: {
    method: string
    path: string
    address: string
    status: number
    reason: string
  }): void {
    const { method, path, address, status, reason } = refusal
    const key = `${method} ${shown(path)} from ${address}: ${reason}`
    const seen = this.#more.get(key)
    if (seen !== undefined) {
      this.#more.set(key, seen + 1)
      return
    }
    if (this.#more.size >= KINDS_MAX) return
    this.#more.set(key, 0)
    this.#log.warn({ method, path: shown(path), address, status, reason }, `<-- [${status}] ${key}`)
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
