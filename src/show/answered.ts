/**
 * What the sender of a delivery was answered with, for whoever looks later. Words that follow from what was
 * decided are made again by what made them when they were sent; an output is told by its run's number.
 */

import { toldOf } from '../hooks/told.ts'
import type { OutputForm, StoredDelivery } from '../model/delivery.ts'

export interface AnswerView {
  /** Null while he waits for an output, or where it was not written down before the server went away. */
  readonly status: number | null
  /** What was sent, byte for byte; empty = nothing; null = the output below. */
  readonly body: string | null
  /** The run whose output was sent, and in which form: as it is, in JSON, as a page, or as it came. */
  readonly output: { readonly run: number; readonly form: OutputForm } | null
  /** A release that did not keep it has written this: as it tells it in text, which he may have had as JSON. */
  readonly rebuilt: boolean
}

/** Null where nobody was answered, or nothing is known of it. */
export function answerOf(delivery: StoredDelivery): AnswerView | null {
  const { answer } = delivery
  if (answer === null) return rebuilt(delivery)
  const { output: form, runs, json, status, says } = answer
  const [run] = runs
  if (form !== null && run !== undefined)
    return { status, body: says, output: says === null ? { run, form } : null, rebuilt: false }
  const told = toldOf(delivery, runs, json)
  return { status: told.status, body: told.body, output: null, rebuilt: false }
}

/** A plain URL whose run was started may have answered with what that wrote: of such nothing is said. */
function rebuilt(delivery: StoredDelivery): AnswerView | null {
  const { endpoint, host, proof, verdicts } = delivery
  if (endpoint === 'cli' || proof.startsWith('redelivered by ')) return null
  const runs = verdicts.flatMap(({ run }) => run ?? [])
  if (host === 'webhook' && runs.length > 0) return null
  const { status, body } = toldOf(delivery, runs, false)
  return { status, body, output: null, rebuilt: true }
}
