/**
 * What the API may ask of a running server beyond reading the Store. The server implements it; here
 * stands only the agreement. Refusals are RunhookErrors of code not-found, conflict or invalid.
 */

import type { StoredDelivery } from '../model/delivery.ts'
import type { Run, StepRecord } from '../model/run.ts'
import type { CancelResult } from '../record/dispatcher.ts'

/** Of a dry run the delivery is the stored one, with the verdicts that it would get today. */
export interface Redelivered {
  readonly delivery: StoredDelivery
  readonly runs: readonly Run[]
}

export interface ServerStatus {
  readonly version: string
  readonly startedAt: number
  /** Where deliveries are to be sent, without a trailing slash. */
  readonly url: string
  /** Where people look at runs (`<pages>/runs/142`). Left out while the server has no pages. */
  readonly pages?: string
  readonly hooks: number
  readonly running: number
  readonly waiting: number
  /** Of the waiting: a delivery that asks for more is turned away. */
  readonly maxWaiting: number
  /** Why the hooks file on disk is not the one in use, else null. */
  readonly configProblem: string | null
}

/** How a caller from the network proved who he is, and where he was, for the record. */
export interface Origin {
  readonly proof: string
  readonly address: string
}

export interface Control {
  cancel(runId: number, by: string): Promise<CancelResult>
  rerun(runId: number, by: string): Promise<Run>
  /** Judges a stored delivery by the hooks as they are now; runs what matches, unless it is a dry run. */
  redeliver(
    deliveryId: number,
    options: { readonly dryRun: boolean },
    by: string,
  ): Promise<Redelivered>
  /** Without an origin it was asked for on this machine. */
  trigger(
    hook: string,
    inputs: Record<string, string>,
    by: string,
    origin?: Origin | undefined,
  ): Promise<Run>
  status(): ServerStatus
  /**
   * Steps of a run that is under way, as far as it has come: the Store knows them only at the end.
   * A server without it shows the output of a live run in one piece.
   */
  steps?(runId: number): readonly StepRecord[] | Promise<readonly StepRecord[]>
  /**
   * Calls `wake` whenever the run has moved (it started, a step of it began or ended, it ended), until
   * what it returns is called. So nobody who follows a run has to ask the Store again and again.
   */
  watch(runId: number, wake: () => void): () => void
}
