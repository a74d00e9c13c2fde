/**
 * Work of which only so much goes on at once, whoever asks for it; the rest waits its turn, and not for ever. What it
 * reads may be large, and to judge that holds up everybody: so between two turns whatever else was asked has its own.
 */

import { RunhookError } from '../errors.ts'

interface Limits {
  readonly atOnce: number
  /** Ms; who waited for so long is told `busy`. */
  readonly patience: number
  /** Of the work, for that sentence: `dry runs`. */
  readonly called: string
}

export type Turns = <Value>(work: () => Promise<Value>) => Promise<Value>

export function createTurns({ atOnce, patience, called }: Limits): Turns {
  const waiting = new Set<() => void>()
  let going = 0

  const turn = () =>
    new Promise<void>((resolve, reject) => {
      const mine = () => {
        clearTimeout(late)
        waiting.delete(mine)
        resolve()
      }
      const late = setTimeout(() => {
        waiting.delete(mine)
        reject(busy(called))
      }, patience)
      waiting.add(mine)
    })
  const over = () => {
    const [next] = waiting
    if (next) next()
    else going -= 1
  }

  return async (work) => {
    if (going >= atOnce) await turn()
    else going += 1
    try {
      return await work()
    } finally {
      setImmediate(over)
    }
  }
}

function busy(called: string): RunhookError {
  return new RunhookError('busy', `Too many ${called} at once; nothing was done.`, {
    hint: 'Try again in a moment.',
  })
}
