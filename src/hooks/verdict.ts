/**
 * A verdict in words: short lines that read well in a terminal, and in GitHub's Response tab.
 */

import type { Check, Verdict } from '../model/delivery.ts'

const marks = { pass: '✓', fail: '✗', unknown: '?' } as const

/** `✗ branches  feature/x is not in [main]` */
export function checkLine(check: Check): string {
  return `${marks[check.result]} ${check.rule}  ${check.says}`
}

/** What decided: the check that failed, or the run that was started. */
export function verdictLine(verdict: Verdict, width = 0): string {
  const name = verdict.hook.padEnd(width)
  if (verdict.run !== null) return `${name}  → run #${verdict.run}`
  const decided = verdict.checks.findLast((check) => check.result === 'fail')
  return decided ? `${name}  ${checkLine(decided)}` : `${name}  ✓ matched`
}

export function verdictLines(verdicts: readonly Verdict[]): string[] {
  const width = Math.max(0, ...verdicts.map((verdict) => verdict.hook.length))
  return verdicts.map((verdict) => verdictLine(verdict, width))
}
