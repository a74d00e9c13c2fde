/** Whether a run that ended is tried again, and when. Pure. */

import { formatDuration } from '../hooks/duration.ts'
import { type Hook, LONGEST_DELAY_MS } from '../model/hook.ts'
import type { Conclusion, Run } from '../model/run.ts'
import type { RetryPlan } from '../record/store.ts'
import { keptWaiting } from '../record/waiting.ts'

/** A command that ends the server, or the machine, must not do so for ever. */
export const MOST_INTERRUPTIONS = 3

/**
 * The attempt that follows an end of this kind, or null. The wait is `delay`, doubled with each attempt, at
 * most an hour. It is not spread at random: it is this machine alone that tries again.
 */
export function retryAfter(run: Run, hook: Hook, status: Conclusion): RetryPlan | null {
  const { retry } = hook
  if (retry === null || !retry.on.some((one) => one === status)) return null
  const number = (run.retry?.number ?? 0) + 1
  if (number > retry.times) return null
  const interruptions = (run.retry?.interruptions ?? 0) + (status === 'interrupted' ? 1 : 0)
  if (interruptions >= MOST_INTERRUPTIONS) return null
  const delayMs = Math.min(retry.delayMs * 2 ** (number - 1), LONGEST_DELAY_MS)
  return {
    retry: { run: run.id, number, times: retry.times, interruptions },
    delayMs,
    keep: keptWaiting(hook.concurrency),
    says: `retry ${number} of ${retry.times} in ${formatDuration(delayMs)}`,
  }
}

/** Why a run that the end of the server interrupted is not run again, as a clause. */
export function notRunAgain(run: Run): string {
  const before = run.retry?.interruptions ?? 0
  if (before + 1 < MOST_INTERRUPTIONS) return 'it was not run again'
  return `it was not run again, for that was the ${MOST_INTERRUPTIONS}rd time`
}
