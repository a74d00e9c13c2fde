/** Findings for a person: a line each, hook by hook, and beneath it what mends it. */

import type { Finding, Level } from '../preflight/finding.ts'
import { printable } from './printable.ts'
import type { Format, Paper } from './terminal.ts'

const marks: Readonly<Record<Level, { readonly mark: string; readonly format: Format }>> = {
  ok: { mark: '✓', format: 'green' },
  warning: { mark: '!', format: 'yellow' },
  error: { mark: '✗', format: 'red' },
}

/** Ends with a new line. What git and programs said may be in it. */
export function findingsText(findings: readonly Finding[], paper: Paper): string {
  const lines: string[] = []
  let hook: string | null = null
  for (const finding of findings) {
    if (finding.hook !== null && finding.hook !== hook)
      lines.push(paper.style('bold', finding.hook))
    hook = finding.hook
    const indent = hook === null ? '' : '  '
    const { mark, format } = marks[finding.level]
    lines.push(`${indent}${paper.style(format, mark)} ${printable(finding.found)}`)
    lines.push(...finding.mend.map((line) => `${indent}    ${printable(line)}`))
  }
  return lines.map((line) => `${line}\n`).join('')
}

/** `2 problems, 1 warning`; empty when all is well. */
export function countOf(findings: readonly Finding[]): string {
  const many = (level: Level, noun: string) => {
    const count = findings.filter((finding) => finding.level === level).length
    return count === 0 ? [] : [`${count} ${noun}${count === 1 ? '' : 's'}`]
  }
  return [...many('error', 'problem'), ...many('warning', 'warning')].join(', ')
}

export function failed(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === 'error')
}
