/**
 * Mistakes in a hooks file: where, what is wrong, what to do. All of them are gathered and shown
 * together, in the manner of a compiler. A problem never holds the value of a secret.
 */

import { styleText } from 'node:util'
import { maskSecrets } from './mask.ts'

export interface Problem {
  readonly severity: 'error' | 'warning'
  /** From 1, in characters of the line. */
  readonly line: number
  readonly column: number
  readonly length: number
  /** `hooks.blog.on.push.branches[0]`; empty for the file as a whole. */
  readonly path: string
  readonly message: string
  readonly hint: string | null
}

/** Keys and list positions that lead to a value. */
export type Path = readonly (string | number)[]

/** All problems, errors first, and a line that counts them. Empty when there are none. */
export function renderProblems(
  file: string,
  text: string,
  problems: readonly Problem[],
  options: { color: boolean },
): string {
  if (problems.length === 0) return ''
  const lines = maskSecrets(text).split(/\r?\n/)
  const sorted = problems.toSorted(bySeverityThenPlace)
  const width = Math.max(...sorted.map((problem) => whereIs(file, problem).length))
  const paint: Paint = options.color
    ? (format, part) => styleText(format, part, { validateStream: false })
    : (_, part) => part
  const shown = sorted.flatMap((problem) => [
    headline(whereIs(file, problem).padEnd(width), problem, paint),
    ...snippet(lines[problem.line - 1] ?? '', problem, paint),
  ])
  return [...shown, count(problems)].join('\n')
}

/** `hooks.blog.timeout: "10 min" is not a duration`; a message that begins with a verb has no colon. */
export function sentence(problem: Pick<Problem, 'path' | 'message'>): string {
  if (problem.path === '') return problem.message
  const joint = verbs.test(problem.message) ? ' ' : ': '
  return problem.path + joint + problem.message
}

const verbs =
  /^(allows|answers|begins|cannot|does|has|holds|is|lacks|leads|leaves|loads|makes|names|needs|passes|says|would) /

/** Keys that would read badly after a dot stand in brackets: `on["repo:push"]`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    if (!/^[\w$-]+$/.test(key)) return `${text}[${JSON.stringify(key)}]`
    return text === '' ? key : `${text}.${key}`
  }, '')
}

type Paint = (format: 'red' | 'yellow' | 'dim' | 'cyan', part: string) => string

const word = { error: 'error', warning: 'warn' } as const
const colour = { error: 'red', warning: 'yellow' } as const

function headline(where: string, problem: Problem, paint: Paint): string {
  const severity = paint(colour[problem.severity], word[problem.severity].padEnd(5))
  return `${where} ${severity}  ${printable(sentence(problem))}`
}

/** The line itself, only where a hint stands beneath it: other messages say everything. */
function snippet(line: string, problem: Problem, paint: Paint): string[] {
  if (problem.hint === null) return []
  const { text, column } = cropped(line, problem.column)
  const number = String(problem.line).padStart(3)
  const carets = '^'.repeat(Math.max(1, Math.min(problem.length, text.length - column + 1)))
  // Tabs stay tabs, so that the carets stand under what they mean at any tab width.
  const indent = text.slice(0, column - 1).replace(/[^\t]/g, ' ')
  const bar = paint('dim', '│')
  return [
    `${paint('dim', number)} ${bar} ${printable(text)}`,
    `    ${bar} ${indent}${paint(colour[problem.severity], carets)} ${printable(problem.hint)}`,
  ]
}

/** A file written in one line must not fill the screen. */
function cropped(line: string, column: number): { text: string; column: number } {
  const most = 160
  if (line.length <= most) return { text: line.trimEnd(), column }
  const from = Math.max(0, column - 40)
  return { text: line.slice(from, from + most), column: column - from }
}

/** Escape sequences in a file must not reach the terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, '\ufffd')
}

function whereIs(file: string, problem: Problem): string {
  return `${file}:${problem.line}:${problem.column}`
}

function bySeverityThenPlace(a: Problem, b: Problem): number {
  return (
    Number(a.severity === 'warning') - Number(b.severity === 'warning') ||
    a.line - b.line ||
    a.column - b.column
  )
}

function count(problems: readonly Problem[]): string {
  const errors = problems.filter((problem) => problem.severity === 'error').length
  const warnings = problems.length - errors
  const parts = [counted(errors, 'error'), counted(warnings, 'warning')]
  return parts.filter((part) => part !== '').join(', ')
}

function counted(number: number, noun: string): string {
  if (number === 0) return ''
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
