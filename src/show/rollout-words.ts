/** What a rollout does, and how far it has come, in words. Names and reasons in them are as they were stored. */

import type { Run, RunStatus } from '../model/run.ts'
import type { Rollout } from '../postgres/contract.ts'

/** `1 at a time; stops at the first failure` */
export function strategyOf({
  maxParallel,
  failFast,
  catchUp,
}: Pick<Rollout, 'maxParallel' | 'failFast' | 'catchUp'>): string {
  const parts = [
    maxParallel === null ? 'all at once' : `${maxParallel} at a time`,
    ...(failFast ? ['stops at the first failure'] : []),
    ...(catchUp ? ['who was away catches up'] : []),
  ]
  return parts.join('; ')
}

/** `not run: web-3 failed (fail-fast)` of a run that ended without having begun; null of any other. */
export function notRun(run: Run): string | null {
  if (!isUntouched(run)) return null
  const reason = run.reason ?? ''
  return reason.startsWith('not run') ? reason : `not run: ${reason}`
}

/** Its worker has what it had before. */
function isUntouched(run: Run): boolean {
  return run.startedAt === null && run.finishedAt !== null
}

/** `2 success, 1 failure, 2 not run` */
export function summaryOf({ runs }: Pick<Rollout, 'runs'>): string {
  const counts = new Map<string, number>()
  for (const run of runs) {
    const word = isUntouched(run) ? 'not run' : run.status === 'queued' ? 'waiting' : run.status
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ')
}

/** That of the worst: a failure shows also while the others go on. */
export function statusOfRollout({ runs }: Pick<Rollout, 'runs'>): RunStatus {
  const order = ['failure', 'timed_out', 'interrupted', 'running', 'queued', 'cancelled'] as const
  return order.find((status) => runs.some((run) => run.status === status)) ?? 'success'
}

/** Whether any of its runs still waits or runs. */
export function isUnderWay({ runs }: Pick<Rollout, 'runs'>): boolean {
  return runs.some((run) => run.finishedAt === null)
}

/** Every worker has run it, the last attempt on each counts. */
export function isWhole({ runs }: Pick<Rollout, 'runs'>): boolean {
  return runs.length > 0 && runs.every(({ status }) => status === 'success')
}

/**
 * `stopped: web-3 failed`; null where nothing stopped it. That it was stopped stays stored: what was run again by hand
 * since may have made it whole, which is then what a person has to know.
 */
export function stopOf(rollout: Pick<Rollout, 'stopped' | 'runs'>): string | null {
  const { stopped } = rollout
  if (stopped === null) return null
  if (!isWhole(rollout)) return `stopped: ${stopped}`
  return `was stopped: ${stopped}; it has been run again since, and every worker has it now`
}
