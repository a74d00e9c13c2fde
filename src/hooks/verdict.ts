/**
 * A verdict in words: short lines that read well in a terminal, and in GitHub's Response tab.
 */

import type { Check, Verdict } from '../model/delivery.ts'

const marks = { pass: '✓', fail: '✗', unknown: '?' } as const

/** `✗ branches  feature/x is not in [main]` */
export function checkLine(check: Check): string {
  return `${marks[check.result]} ${check.rule}  ${check.says}`
}

/** What stood against it; several where several conditions of `match` did not hold. */
export function failuresOf({ checks }: Pick<Verdict, 'checks'>): Check[] {
  return checks.filter(({ result }) => result === 'fail')
}

/** What decided: the checks that failed, or the run that was started. */
export function verdictLine(verdict: Verdict, width = 0): string {
  const name = verdict.hook.padEnd(width)
  if (verdict.run !== null) return `${name}  → run #${verdict.run}`
  const decided = failuresOf(verdict).map(checkLine).join('  ')
  return decided === '' ? `${name}  ✓ matched` : `${name}  ${decided}`
}

export function verdictLines(verdicts: readonly Verdict[]): string[] {
  const width = Math.max(0, ...verdicts.map((verdict) => verdict.hook.length))
  return verdicts.map((verdict) => verdictLine(verdict, width))
}
