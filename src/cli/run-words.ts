/** A run in the words and signs of the command line. */

import type { Run, RunStatus } from '../model/run.ts'
import { took } from '../show/when.ts'
import { printable } from './printable.ts'
import type { Cell } from './table.ts'
import type { Format } from './terminal.ts'

const signs: Readonly<Record<RunStatus, { sign: string; format: Format }>> = {
  queued: { sign: '◌', format: 'dim' },
  running: { sign: '●', format: 'blue' },
  success: { sign: '✓', format: 'green' },
  failure: { sign: '✗', format: 'red' },
  timed_out: { sign: '◷', format: 'yellow' },
  cancelled: { sign: '⊘', format: 'dim' },
  interrupted: { sign: '!', format: 'yellow' },
}

/** Of a run, or of a step: one without a status is under way. */
export function signOf({ status }: { readonly status: RunStatus | null }): Required<Cell> {
  const { sign, format } = signs[status ?? 'running']
  return { text: sign, format }
}

/** `failure (1)`, `failure (SIGKILL)`, `timed_out`, `waiting, retry 2 of 3 in 14s`. */
export function statusOf(run: Run, now: number): string {
  const retry = run.status === 'queued' ? retryOf(run, now) : ''
  if (retry !== '') return `waiting, ${retry}`
  if (run.status !== 'failure') return run.status
  const why = run.exitCode ?? run.signal
  return why === null ? run.status : `failure (${printable(String(why))})`
}

/** `retry 2 of 3`, with how long it still waits for its time; nothing for a run that is no retry. */
export function retryOf({ retry, notBefore }: Run, now: number): string {
  if (retry === null) return ''
  const left = Math.ceil(((notBefore ?? 0) - now) / 1000)
  const wait = left > 0 ? ` in ${left < 60 ? `${left}s` : took(left * 1000)}` : ''
  return `retry ${retry.number} of ${retry.times}${wait}`
}

/** `push main`, `tag v1.4.0`, `manual`. */
export function eventOf(run: Run): string {
  return printable(run.refName === null ? run.event : `${run.event} ${run.refName}`)
}

export function shortSha(sha: string | null): string {
  return sha === null ? '' : printable(sha.slice(0, 7))
}

/** How long it ran, or has been running; nothing while it waits. */
export function durationOf(run: Run, now: number): string {
  return run.startedAt === null ? '' : took((run.finishedAt ?? now) - run.startedAt)
}

/** `✓ success in 0.8s`, `⊘ cancelled: superseded by run 143`. */
export function endLine(run: Run): string {
  const time = run.startedAt === null ? '' : ` in ${durationOf(run, run.finishedAt ?? 0)}`
  const reason = run.reason === null ? '' : `: ${printable(run.reason)}`
  return `${signs[run.status].sign} ${statusOf(run, 0)}${time}${reason}`
}
