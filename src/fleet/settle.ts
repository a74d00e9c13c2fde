/**
 * What a new life of a worker finds of the one before in the same data folder: runs that it had begun. Which of
 * them had started a command is known from a file; those may have done part of their work.
 */

import { messageOf } from '../errors.ts'
import type { Hook } from '../model/hook.ts'
import type { Run, RunEnd } from '../model/run.ts'
import { isHopeless } from '../postgres/connect.ts'
import type { Claims } from '../postgres/contract.ts'
import { unstarted } from '../run/ended.ts'
import { notRunAgain, retryAfter } from '../run/retry.ts'

export interface SettleParts {
  /** Of the worker. */
  readonly name: string
  readonly claims: Pick<Claims, 'settle'>
  readonly hook: (name: string) => Hook | undefined
  /** Runs whose command may have started. All that is left of them has been ended. */
  readonly started: ReadonlySet<number>
  /** There is evidence that no command was started. */
  readonly neverStarted: (runId: number) => void
  /** Bytes that it has written. */
  readonly outputSize: (runId: number) => Promise<number>
}

export async function settleFormer(run: Run, parts: SettleParts): Promise<void> {
  const { name, claims, hook, started, outputSize } = parts
  const known = hook(run.hook)
  const plan = known ? retryAfter(run, known, 'interrupted') : null
  const what = `worker ${name} went away while it was running`
  const end: RunEnd = {
    ...unstarted(plan ? what : `${what}; ${notRunAgain(run)}`),
    status: 'interrupted',
    outputBytes: await outputSize(run.id),
  }
  const mayHaveStarted = started.has(run.id)
  if (!mayHaveStarted) parts.neverStarted(run.id) // before it can be claimed again
  await claims.settle(run.id, mayHaveStarted, end, plan).catch((error: unknown) => {
    if (plan === null || !isHopeless(error)) throw error
    return claims.settle(run.id, mayHaveStarted, { ...end, reason: notAgain(what, error) }, null)
  })
}

/** Of a run whose row is spoilt: it is over, but there is nothing that could be tried again. */
export function notAgain(what: string, error: unknown): string {
  return `${what}; it cannot be run again: ${messageOf(error)}`
}
