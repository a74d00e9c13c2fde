/**
 * How runs ended, for who waits for one here while it runs anywhere: by word, and by a poll of those that are
 * awaited. What is not awaited any more when it comes to its end has nobody to tell.
 */

import { RunhookError } from '../errors.ts'
import type { Run, RunEnd } from '../model/run.ts'
import type { Session } from '../postgres/connect.ts'
import type { Listener } from '../postgres/listen.ts'
import { endedOf } from '../postgres/states.ts'
import type { Store } from '../record/store.ts'
import { Ends } from '../run/ends.ts'
import { Rounds } from './rounds.ts'

const POLL_MS = 1000

export interface EndParts {
  readonly store: Pick<Store, 'run' | 'steps'>
  readonly listener: Pick<Listener, 'join'>
  readonly database: Pick<Session, 'query'>
  readonly pollMs?: number
}

export class FleetEnds {
  readonly #parts: EndParts
  readonly #ends = new Ends()
  readonly #rounds: Rounds
  readonly #leave: () => void

  constructor(parts: EndParts) {
    this.#parts = parts
    this.#rounds = new Rounds(parts.pollMs ?? POLL_MS, () => this.#look())
    this.#leave = parts.listener.join({
      word: (word) => {
        if (word.kind === 'move' && this.#ends.isAwaited(word.run)) this.#rounds.now()
      },
      reconnected: () => this.#rounds.now(),
    })
  }

  /** Resolves when the run has ended, also for one that did long ago; rejects with `not-found`, or when told to stop. */
  whenEnded(runId: number): Promise<RunEnd> {
    const ended = this.#ends.when(runId)
    this.#rounds.now()
    return ended
  }

  /** Whoever still waits is told so. */
  async stop(error: RunhookError): Promise<void> {
    this.#leave()
    await this.#rounds.stop()
    for (const runId of this.#ends.awaited) this.#ends.giveUp(runId, error)
  }

  /** All that are awaited, with one statement however many they are. */
  async #look(): Promise<void> {
    const { database, store } = this.#parts
    for (const { id, refused } of await endedOf(database, this.#ends.awaited)) {
      const [run, steps] = await Promise.all([store.run(id), store.steps(id)])
      if (run === null) this.#ends.giveUp(id, gone(id))
      else this.#ends.announce(id, { ...endOf(run, steps), ...(refused && { refused }) })
    }
  }
}

function endOf(run: Run, steps: RunEnd['steps']): RunEnd {
  const { id, status, exitCode, signal, reason, outputBytes, outputCut } = run
  if (status === 'queued' || status === 'running') throw new Error(`Run #${id} goes on.`)
  return { status, exitCode, signal, reason, outputBytes, outputCut, steps }
}

function gone(runId: number): RunhookError {
  return new RunhookError('not-found', `There is no run #${runId}.`)
}
