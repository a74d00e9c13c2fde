/**
 * A database that is away is asked again and again by several loops; the log is told once that it is, and once that
 * it is back.
 */

import { messageOf, RunhookError } from '../errors.ts'
import type { Log } from '../log.ts'

/** What lasts is told again so often. */
const TELL_MS = 600_000

export class Away {
  readonly #log: Pick<Log, 'error' | 'info'>
  #toldAt: number | null = null

  constructor(log: Pick<Log, 'error' | 'info'>) {
    this.#log = log
  }

  failed(thrown: unknown): void {
    const now = performance.now()
    if (this.#toldAt !== null && now - this.#toldAt < TELL_MS) return
    this.#toldAt = now
    const hint = thrown instanceof RunhookError && thrown.hint !== null ? ` ${thrown.hint}` : ''
    this.#log.error(`${messageOf(thrown)}${hint} It is asked again until it answers.`)
  }

  worked(): void {
    if (this.#toldAt === null) return
    this.#toldAt = null
    this.#log.info('    the database answers again')
  }
}
