/** A run in the words and signs of the command line. */

import type { Run, RunStatus } from '../model.ts'
import { printable } from './printable.ts'
import type { Cell } from './table.ts'
import type { Format } from './terminal.ts'
import { took } from './when.ts'

const signs: Readonly<Record<RunStatus, { sign: string; format: Format }>> = {
  queued: { sign: '◌', format: 'dim' },
  running: { sign: '●', format: 'blue' },
  success: { sign: '✓', format: 'green' },
  failure: { sign: '✗', format: 'red' },
  timed_out: { sign: '◷', format: 'yellow' },
  cancelled: { sign: '⊘', format: 'dim' },
  interrupted: { sign: '!', format: 'yellow' },
}

export function signOf(run: Run): Required<Cell> {
  const { sign, format } = signs[run.status]
  return { text: sign, format }
}

/** `failure (1)`, `failure (SIGKILL)`, `timed_out`. */
export function statusOf(run: Run): string {
  if (run.status !== 'failure') return run.status
  const why = run.exitCode ?? run.signal
  return why === null ? run.status : `failure (${printable(String(why))})`
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
  return `${signs[run.status].sign} ${statusOf(run)}${time}${reason}`
}
