/** One rollout for a person: what was asked of every worker of a label, and what became of it on each. */

import type { Run } from '../model/run.ts'
import type { Rollout } from '../postgres/contract.ts'
import { notRun, statusOfRollout, stopOf, strategyOf, summaryOf } from '../show/rollout-words.ts'
import { ago, stamp } from '../show/when.ts'
import { printable } from './printable.ts'
import { durationOf, eventOf, retryOf, shortSha, signOf } from './run-words.ts'
import type { Cell } from './table.ts'
import type { Terminal } from './terminal.ts'
import { displayWidth, padTo } from './width.ts'

export function rolloutPage(rollout: Rollout, terminal: Terminal): string {
  const { out } = terminal
  const now = terminal.now()
  const { runs } = rollout
  const stop = stopOf(rollout)
  const names = runs.map(nameOf)
  const width = Math.max(0, ...names.map(displayWidth))
  const lines = [
    out.style('bold', headline(rollout)),
    `  asked ${stamp(rollout.createdAt)} (${ago(rollout.createdAt, now)}), ${strategyOf(rollout)}`,
    ...(stop === null ? [] : [`  ${printable(stop)}`]),
    '',
    ...runs.map((run, index) => {
      const sign = signOf(run)
      const name = padTo(names[index] ?? '', width)
      return `  ${out.style(sign.format, sign.text)} ${name}  ${becameOf(run, now)}`
    }),
    '',
    `${summaryOf(rollout)}`,
  ]
  return `${lines.join('\n')}\n`
}

/** `#142  blog to every web: push main 8b1d0e4 by ada` */
function headline({ id, hook, label, runs: [first] }: Rollout): string {
  const head = `#${id}  ${printable(`${hook} to every ${label}`)}`
  if (!first) return head
  const by = first.sender === null ? '' : `by ${printable(first.sender)}`
  return `${head}: ${[eventOf(first), shortSha(first.sha), by].filter(Boolean).join(' ')}`
}

/** A run that had no worker to go to has no name there. */
function nameOf({ worker }: Run): string {
  return printable(worker ?? 'nobody')
}

/** `success 8b1d0e4 in 2.9s`, `failure (exit code 1)`, `not run: web-3 failed`. */
function becameOf(run: Run, now: number): string {
  const says = [whatBecame(run, now), `run #${run.id}`]
  if (run.startedAt !== null) says[0] += ` in ${durationOf(run, now)}`
  return says.join(', ')
}

function whatBecame(run: Run, now: number): string {
  const reason = run.reason === null ? '' : printable(run.reason)
  const because = reason === '' ? '' : ` (${reason})`
  if (run.status === 'queued') return `waits${run.retry === null ? '' : `, ${retryOf(run, now)}`}`
  const untouched = notRun(run)
  if (untouched !== null) return printable(untouched)
  if (run.status === 'success' || run.status === 'running') {
    return `${run.status} ${shortSha(run.sha)}`.trimEnd()
  }
  return run.status + because
}

export function signOfRollout(rollout: Rollout): Cell {
  return signOf({ status: statusOfRollout(rollout) })
}
