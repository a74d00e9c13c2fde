/** The ends of runs: of one that never started a command, and how one is told to the log. */

import type { Log } from '../log.ts'
import type { Run, RunEnd } from '../model/run.ts'

/** The end of a run that never started a command. */
export function unstarted(reason: string): RunEnd {
  return {
    status: 'cancelled',
    exitCode: null,
    signal: null,
    reason,
    outputBytes: 0,
    outputCut: 0,
    steps: [],
  }
}

export function tellEnd(log: Log, run: Run, { status, exitCode, reason }: RunEnd): void {
  const took = `${((Date.now() - (run.startedAt ?? run.queuedAt)) / 1000).toFixed(1)}s`
  log[status === 'success' ? 'info' : 'warn'](
    { run: run.id, hook: run.hook, status, exitCode, reason },
    `    ${run.hook} #${run.id} ${status} in ${took}${reason ? `: ${reason}` : ''}`,
  )
}
