/**
 * What the API may ask of a running server beyond reading the Store. The server implements it; here
 * stands only the agreement. Refusals are RunhookErrors of code not-found, conflict or invalid.
 */

import type { Run, StepRecord } from '../model.ts'

/** `stopping`: it was running and has been told to end. `ended`: it was over before anybody asked. */
export type CancelResult = 'cancelled' | 'stopping' | 'ended' | 'unknown'

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
  /** Why the hooks file on disk is not the one in use, else null. */
  readonly configProblem: string | null
}

export interface Control {
  cancel(runId: number, by: string): Promise<CancelResult>
  rerun(runId: number, by: string): Promise<Run>
  trigger(hook: string, inputs: Record<string, string>, by: string): Promise<Run>
  status(): ServerStatus
  /**
   * Steps of a run that is under way, as far as it has come: the Store knows them only at the end.
   * A server without it shows the output of a live run in one piece.
   */
  steps?(runId: number): readonly StepRecord[]
}
