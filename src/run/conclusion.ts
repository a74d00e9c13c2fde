/**
 * The words for how a step ended, and what that makes of its run. Pure. A reason says only what really
 * happened, and names lines as they stand in the hooks file, never a value of the delivery.
 */

import { constants } from 'node:os'
import { formatDuration } from '../hooks/duration.ts'
import type { Hook, RunEnd, Step } from '../model.ts'
import { DEFAULT_PATH } from './command.ts'
import type { Ended } from './process.ts'

export type Outcome = Pick<RunEnd, 'status' | 'exitCode' | 'signal' | 'reason'>

export interface Circumstances {
  readonly hook: Hook
  readonly step: Step
  /** 1, 2, 3 … */
  readonly number: number
  readonly graceMs: number
  /** Of the abort signal: `cancel:<text>` or `stop`. */
  readonly abortReason: unknown
}

/** What the end of a step makes of its run; `success` means: on to the next one. */
export function conclude(ended: Ended, circumstances: Circumstances): Outcome {
  const { exitCode, signal } = ended
  if (ended.endedBy === 'timeout')
    return { status: 'timed_out', exitCode, signal, reason: timeoutReason(ended, circumstances) }
  if (ended.endedBy !== null) {
    const { status, reason } = aborted(circumstances.abortReason)
    const killed = `; its processes ignored TERM for ${formatDuration(circumstances.graceMs)} and got KILL`
    return { status, exitCode, signal, reason: ended.killed ? reason + killed : reason }
  }
  const failure = failureOf(ended, circumstances)
  if (failure === null) return { status: 'success', exitCode, signal, reason: null }
  const name = `step ${circumstances.number} (${shortened(titleOf(circumstances.step))})`
  return { status: 'failure', exitCode, signal, reason: name + failure }
}

/** Status and reason of a run that was cancelled, or that the server's stop interrupted. */
export function aborted(
  reason: unknown,
  when = 'while it was running',
): { status: 'cancelled' | 'interrupted'; reason: string } {
  const [, text] = /^cancel:(.*)$/s.exec(String(reason)) ?? []
  if (text !== undefined) return { status: 'cancelled', reason: text }
  return { status: 'interrupted', reason: `the server was stopped ${when}` }
}

/** The time was over between two steps: the next one is not even begun. */
export function outOfTime({ timeoutMs }: Hook, number: number): Outcome {
  const reason = `not finished after ${formatDuration(timeoutMs)}: step ${number} was not started`
  return { status: 'timed_out', exitCode: null, signal: null, reason }
}

/** The step as written in the hooks file. */
export function titleOf(step: Step): string {
  if (step.kind === 'shell') return step.line
  if (step.kind === 'command') return step.argv.join(' ')
  return `signal ${step.signal.replace(/^SIG/, '')} to ${step.pidfile}`
}

function timeoutReason(ended: Ended, { hook, graceMs }: Circumstances): string {
  const text = `still running after ${formatDuration(hook.timeoutMs)}`
  if (ended.leftovers !== null && !ended.killed) return `${text}; ${ended.leftovers}`
  const kill = ended.killed ? `, then KILL ${formatDuration(graceMs)} later` : ''
  return `${text}: sent TERM to its processes${kill}`
}

/** The end of a sentence that begins with the step; null when it succeeded. */
function failureOf(ended: Ended, { hook, step }: Circumstances): string | null {
  if (ended.problem !== null) return `: ${ended.problem}`
  if (ended.signal === 'SIGKILL')
    return ' was ended by SIGKILL, which runhook did not send; the system does when memory runs out'
  if (ended.signal !== null) return ` was ended by ${ended.signal}`
  if (ended.exitCode === 0) return null
  const hint = step.kind === 'shell' ? shellHint(ended.exitCode ?? 0, hook) : ''
  return ` failed with exit code ${ended.exitCode}${hint}`
}

/** A shell's own codes: see "2.8.2 Exit Status for Commands" of POSIX. */
function shellHint(code: number, hook: Hook): string {
  if (code === 127)
    return `: a command in it was not found; PATH is ${hook.env.PATH ?? DEFAULT_PATH}`
  if (code === 126) return ': a command in it could not be run; is it executable?'
  const [name] = Object.entries(constants.signals).find(([, value]) => value === code - 128) ?? []
  return name === undefined ? '' : `: a command in it was ended by ${name}`
}

function shortened(title: string): string {
  const [line = ''] = title.split('\n', 1)
  return line === title && line.length <= 60 ? line : `${line.slice(0, 60)}…`
}
