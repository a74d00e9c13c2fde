/**
 * What the sender of a delivery is told of what was decided: short lines that read well in GitHub's Response
 * tab and in curl, or the same as JSON. It follows from what is stored and from nothing else, so that what is
 * shown later is what was sent, byte for byte. Pure.
 */

import type { StoredDelivery } from '../model/delivery.ts'
import { verdictLines } from './verdict.ts'

export interface Told {
  readonly status: number
  readonly json: boolean
  /** Ends with a newline. */
  readonly body: string
}

/** `runs` are the ones he is told of; 202 with them, else 200 "ignored" with what decided for each hook. */
export function toldOf(delivery: StoredDelivery, runs: readonly number[], json: boolean): Told {
  if (delivery.problem !== null) return unreadable(delivery, delivery.problem, json)
  const status = runs.length > 0 ? 202 : statusOfRefusedInputs(delivery)
  const { id, duplicateOf, verdicts } = delivery
  if (json) return asJson(status, { delivery: id, duplicateOf, runs, verdicts })
  const head = runs.length > 0 ? 'accepted' : 'ignored'
  const repeat = duplicateOf === null ? '' : ` (repeats delivery ${duplicateOf})`
  const lines = verdictLines(verdicts).map((line) => `  ${line}`)
  const nobody = verdicts.length === 0 ? ['  no hook is configured for this path'] : []
  return asText(status, [`${head}: delivery ${id}${repeat}`, ...lines, ...nobody].join('\n'))
}

/** The delivery was kept but could not be understood; the sender holds the secret, so it may know why. */
function unreadable({ id }: StoredDelivery, problem: string, json: boolean): Told {
  if (json) return asJson(400, { delivery: id, problem })
  return asText(400, `delivery ${id} was kept but cannot be used: ${problem}`)
}

/** A caller who gave wrong inputs has asked for a run and not got it: that is no success. */
function statusOfRefusedInputs({ verdicts }: StoredDelivery): number {
  return verdicts.some((verdict) => verdict.checks.at(-1)?.rule === 'inputs') ? 422 : 200
}

function asText(status: number, text: string): Told {
  return { status, json: false, body: `${text}\n` }
}

function asJson(status: number, value: unknown): Told {
  return { status, json: true, body: `${JSON.stringify(value)}\n` }
}
