/** Which step wrote what of an output. */

import type { Run, StepRecord } from '../model/run.ts'

/** Where lines end whatever stands there: a step begins with a line of its own. */
export function borders(steps: readonly StepRecord[]): number[] {
  return steps.map((step) => step.outputFrom)
}

/** The number of the step that wrote this byte; 0 where none did. */
export function stepAt(steps: readonly StepRecord[], at: number): number {
  return steps.findLast((step) => step.outputFrom <= at)?.number ?? 0
}

/** Where something went wrong, what went well is folded away. */
export function isOpen(step: StepRecord, run: Run): boolean {
  const wrong = run.status === 'failure' || run.status === 'timed_out'
  return !(wrong && step.status === 'success')
}
