/**
 * A run's three parts: its steps, then those of `on-failure` or of `on-success`. Which comes, and what they
 * make of the run together. Pure.
 */

import type { Hook, Step } from '../model/hook.ts'
import type { Phase, Run, StepRecord } from '../model/run.ts'
import { type Outcome, titleOf } from './conclusion.ts'
import { retryAfter } from './retry.ts'

export function stepsOf(hook: Hook, phase: Phase): readonly Step[] {
  if (phase === 'run') return hook.steps
  return phase === 'on-failure' ? hook.onFailure : hook.onSuccess
}

/** What is known of a step when it begins; its section of the output begins at `outputFrom`. */
export function begunStep(
  step: Step,
  at: Pick<StepRecord, 'number' | 'phase' | 'startedAt' | 'outputFrom'>,
): StepRecord {
  return {
    ...at,
    name: step.name ?? null,
    title: titleOf(step),
    status: null,
    reason: null,
    finishedAt: null,
    exitCode: null,
    signal: null,
    outputTo: null,
  }
}

/**
 * What follows the steps; null = nothing. Not `on-failure` when a retry follows, for to roll back between
 * two attempts undoes what the next one builds on; nor after a cancel or a stop of the server, when somebody
 * wants the run to end now.
 */
export function phaseAfter({ status }: Outcome, hook: Hook, run: Run): Phase | null {
  if (status === 'success') return hook.onSuccess.length > 0 ? 'on-success' : null
  const failed = status === 'failure' || status === 'timed_out'
  if (!failed || hook.onFailure.length === 0 || retryAfter(run, hook, status)) return null
  return 'on-failure'
}

/** The end of the run: of the steps, unless `on-success` failed. */
export function together(steps: Outcome, phase: Phase, after: Outcome): Outcome {
  if (phase === 'on-failure') return { ...steps, reason: `${steps.reason}; ${rollback(after)}` }
  if (after.status !== 'success') return { ...after, reason: `on-success: ${after.reason}` }
  return { ...steps, reason: joined(steps.reason, after.reason) }
}

function rollback({ status, reason }: Outcome): string {
  if (status === 'success') return joined('on-failure succeeded', reason) ?? ''
  if (status === 'failure' || status === 'timed_out') return `on-failure failed too: ${reason}`
  return `on-failure did not end: ${reason}`
}

function joined(...reasons: readonly (string | null)[]): string | null {
  return reasons.filter((text) => text !== null).join('; ') || null
}
