/**
 * The words for how a step ended, and what that makes of its run. Pure. A reason says only what really
 * happened, and names lines as they stand in the hooks file, never a value of the delivery.
 */

import { constants } from 'node:os'
import { formatDuration } from '../hooks/duration.ts'
import { formatSize } from '../hooks/size.ts'
import type { Hook, Step } from '../model/hook.ts'
import type { RunEnd } from '../model/run.ts'
import type { Ended } from './process.ts'

export type Outcome = Pick<RunEnd, 'status' | 'exitCode' | 'signal' | 'reason'>

/** The end of a step, as its run tells it. */
export interface StepOutcome extends Outcome {
  /** The same of the step alone: "failed with exit code 1". */
  readonly says: string | null
  /** No step can follow, whatever this one says of errors: the run itself was to end. */
  readonly final: boolean
}

export interface Circumstances {
  readonly hook: Hook
  readonly step: Step
  /** 1, 2, 3 … */
  readonly number: number
  readonly graceMs: number
  /** The step has a time of its own, which was over before the run's. */
  readonly ownTime: boolean
  /** Of the abort signal: `cancel:<text>`, `interrupt:<text>` or `stop`. */
  readonly abortReason: unknown
}

/** What is known of a failure beside its exit code, see cause.ts and hint.ts. */
export interface Known {
  readonly cause?: string | null
}

/** What the end of a step makes of its run; `success` means: on to the next one. */
export function conclude(ended: Ended & Known, circumstances: Circumstances): StepOutcome {
  const { exitCode, signal } = ended
  if (ended.endedBy === 'timeout') {
    const { ownTime: own } = circumstances
    const says = timeoutReason(ended, circumstances)
    const reason = own ? `${nameOf(circumstances)} ${says}` : says
    return { status: 'timed_out', exitCode, signal, reason, says, final: !own }
  }
  if (ended.endedBy !== null) {
    const { status, reason } = aborted(circumstances.abortReason)
    const killed = `; its processes ignored TERM for ${formatDuration(circumstances.graceMs)} and got KILL`
    const says = ended.killed ? reason + killed : reason
    return { status, exitCode, signal, reason: says, says, final: true }
  }
  const failure = failureOf(ended, circumstances)
  if (failure === null)
    return { status: 'success', exitCode, signal, reason: null, says: null, final: false }
  const reason = nameOf(circumstances) + failure
  const says = failure.replace(/^:? /, '')
  return { status: 'failure', exitCode, signal, reason, says, final: false }
}

/** Steps that succeeded, or failed and let the run go on: then it says so, though it is a success. */
export function allTaken(continued: readonly StepOutcome[]): Outcome {
  const reasons = continued.map(({ reason }) => `${reason}, and the run went on`)
  return { status: 'success', exitCode: 0, signal: null, reason: reasons.join('; ') || null }
}

/** Status and reason of a run that was cancelled, or that the server's stop, or something else, interrupted. */
export function aborted(
  reason: unknown,
  when = 'while it was running',
): { status: 'cancelled' | 'interrupted'; reason: string } {
  const [, kind, text] = /^(cancel|interrupt):(.*)$/s.exec(String(reason)) ?? []
  if (text !== undefined)
    return { status: kind === 'cancel' ? 'cancelled' : 'interrupted', reason: text }
  return { status: 'interrupted', reason: `the server was stopped ${when}` }
}

/** The time was over between two steps: the next one is not even begun. */
export function outOfTime({ timeoutMs }: Hook, number: number): Pick<Outcome, 'status' | 'reason'> {
  const reason = `not finished after ${formatDuration(timeoutMs)}: step ${number} was not started`
  return { status: 'timed_out', reason }
}

/** Of a step that was not even begun. */
export function notBegun(outcome: Pick<Outcome, 'status' | 'reason'>): StepOutcome {
  return { ...outcome, exitCode: null, signal: null, says: outcome.reason, final: true }
}

/** The step as written in the hooks file. */
export function titleOf(step: Step): string {
  if (step.kind === 'shell') return step.line
  if (step.kind === 'command') return step.argv.join(' ')
  return `signal ${step.signal.replace(/^SIG/, '')} to ${step.pidfile}`
}

/** `step 2 (./migrate)`, `step 2, Migrate (./migrate)` */
export function nameOf({ number, step }: Pick<Circumstances, 'number' | 'step'>): string {
  const name = step.name === undefined ? '' : `, ${step.name}`
  return `step ${number}${name} (${shortened(titleOf(step))})`
}

function timeoutReason(ended: Ended, { hook, step, graceMs, ownTime }: Circumstances): string {
  const limit = ownTime ? step.timeoutMs : undefined
  const text = `${ownTime ? 'was ' : ''}still running after ${formatDuration(limit ?? hook.timeoutMs)}`
  if (ended.leftovers !== null && !ended.killed) return `${text}; ${ended.leftovers}`
  const kill = ended.killed ? `, then KILL ${formatDuration(graceMs)} later` : ''
  return `${text}: sent TERM to its processes${kill}`
}

/** The end of a sentence that begins with the step; null when it succeeded. */
function failureOf(ended: Ended & Known, { hook, step }: Circumstances): string | null {
  if (ended.problem !== null) return `: ${ended.problem}`
  if (ended.outOfMemory && ended.exitCode !== 0)
    return ` was ended by the kernel: ${memoryReason(hook)}`
  if (ended.signal === 'SIGKILL')
    return ' was ended by SIGKILL, which runhook did not send; the system does when memory runs out'
  if (ended.signal !== null) return ` was ended by ${ended.signal}`
  if (ended.exitCode === 0) return null
  const told = [step.kind === 'shell' ? signalIn(ended.exitCode ?? 0) : '', ended.cause ?? '']
  const why = told.filter((text) => text !== '').join('; ')
  return ` failed with exit code ${ended.exitCode}${why === '' ? '' : `: ${why}`}`
}

function memoryReason({ terms }: Hook): string {
  const { memory } = terms.limits
  return memory === null
    ? 'the memory of its control group ran out'
    : `it reached its memory limit of ${formatSize(memory)}`
}

/** A shell says so by 128 and the number of the signal. */
function signalIn(code: number): string {
  const [name] = Object.entries(constants.signals).find(([, value]) => value === code - 128) ?? []
  return name === undefined ? '' : `a command in it was ended by ${name}`
}

function shortened(title: string): string {
  const [line = ''] = title.split('\n', 1)
  return line === title && line.length <= 60 ? line : `${line.slice(0, 60)}…`
}
