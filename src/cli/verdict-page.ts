/** Verdicts for a person: one hook under another, each with its checks in their order. */

import { failuresOf } from '../hooks/verdict.ts'
import type { Check, CheckResult, Update, Verdict } from '../model/delivery.ts'
import { printable } from './printable.ts'
import type { Format, Paper } from './terminal.ts'
import { displayWidth, padTo } from './width.ts'

export interface Judged {
  readonly verdicts: readonly Verdict[]
  /** What the verdicts are about: where there are several, each verdict names its own. */
  readonly updates: readonly Update[]
  /** Nothing was started, so a hook that matched is told to be about to. */
  readonly wouldRun: boolean
}

/** Each verdict check by check; of those that decided also what was wanted and what was found. */
export function verdictPage({ verdicts, updates, wouldRun }: Judged, paper: Paper): string[] {
  if (verdicts.length === 0) return ['  No hook was asked.']
  const name = (verdict: Verdict) => {
    const update = updates.length > 1 ? updates[verdict.update] : undefined
    const ref = update?.tag ?? update?.branch
    return printable(ref == null ? verdict.hook : `${verdict.hook} (${ref})`)
  }
  const width = Math.max(...verdicts.map((verdict) => displayWidth(name(verdict))))
  return verdicts.flatMap((verdict) => {
    const indent = 2 + width + 2
    const parts = wrap(partsOf(verdict, wouldRun, paper), (paper.columns ?? 100) - indent)
    return [...parts, ...decidedBy(verdict, paper)].map((line, index) =>
      index === 0 ? `  ${padTo(name(verdict), width)}  ${line}` : ' '.repeat(indent) + line,
    )
  })
}

interface Part {
  readonly width: number
  readonly shown: string
}

function partsOf(verdict: Verdict, wouldRun: boolean, paper: Paper): Part[] {
  const checks = verdict.checks.map((check) => checkPart(check, paper))
  const ends = verdict.run !== null || (wouldRun && verdict.matched)
  if (!ends) return checks
  const arrow = verdict.run === null ? '→ would run' : `→ run #${verdict.run}`
  return [...checks, { width: displayWidth(arrow), shown: paper.style('bold', arrow) }]
}

/** A line for each, where the clause of the check is all that stands there otherwise. */
function decidedBy(verdict: Verdict, paper: Paper): string[] {
  const line = (name: string, text: string) => `${paper.style('dim', name)} ${printable(text)}`
  return failuresOf(verdict).flatMap(({ wanted, found }) =>
    wanted === '' ? [] : [line('wanted', wanted), line('found ', found === '' ? 'nothing' : found)],
  )
}

const marks: Readonly<Record<CheckResult, { mark: string; format: Format }>> = {
  pass: { mark: '✓', format: 'green' },
  fail: { mark: '✗', format: 'red' },
  unknown: { mark: '?', format: 'yellow' },
}

function checkPart(check: Check, paper: Paper): Part {
  const { mark, format } = marks[check.result]
  const gap = check.result === 'pass' ? ' ' : '  '
  const text = printable(check.says === '' ? check.rule : `${check.rule}${gap}${check.says}`)
  return {
    width: displayWidth(`${mark} ${text}`),
    shown: `${paper.style(format, mark)} ${text}`,
  }
}

/** As many as fit on a line, two spaces between them; one that is too long has a line of its own. */
function wrap(parts: readonly Part[], room: number): string[] {
  const lines: { width: number; shown: string }[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    if (last && last.width + 2 + part.width <= room) {
      last.width += 2 + part.width
      last.shown += `  ${part.shown}`
    } else lines.push({ ...part })
  }
  return lines.map((line) => line.shown)
}
