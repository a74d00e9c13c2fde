/**
 * What the sender of a delivery was told. It is not stored, because it follows from what was decided; null
 * where it does not: a plain URL may have answered with what its command wrote, and nobody waits for an
 * answer to what a person started or sent again.
 */

import { verdictLines } from '../hooks/verdict.ts'
import type { StoredDelivery } from '../model/delivery.ts'

export interface Told {
  readonly status: number
  readonly says: 'accepted' | 'ignored' | 'cannot be used'
  /** As plain text; who asked for JSON got the same in another form. */
  readonly text: string
}

export function answerTo(delivery: StoredDelivery): Told | null {
  const { id, endpoint, host, proof, problem, verdicts, duplicateOf } = delivery
  if (endpoint === 'cli' || proof.startsWith('redelivered by ')) return null
  if (problem !== null) {
    const text = `delivery ${id} was kept but cannot be used: ${problem}`
    return { status: 400, says: 'cannot be used', text }
  }
  const ran = verdicts.some(({ run }) => run !== null)
  if (ran && host === 'webhook') return null
  const says = ran ? 'accepted' : 'ignored'
  const wrongInputs = verdicts.some(({ checks }) => checks.at(-1)?.rule === 'inputs')
  const repeat = duplicateOf === null ? '' : ` (repeats delivery ${duplicateOf})`
  const lines = verdictLines(verdicts).map((line) => `  ${line}`)
  const text = [`${says}: delivery ${id}${repeat}`, ...lines].join('\n')
  return { status: ran ? 202 : wrongInputs ? 422 : 200, says, text }
}
