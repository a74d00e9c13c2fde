/**
 * From `run` or `command` to steps. Both are fixed texts: values of a delivery reach a command as
 * variables or as whole arguments, never as part of a line that a shell reads.
 */

import { resolve } from 'node:path'
import type { Step } from '../model.ts'
import type { HookDraft } from './draft.ts'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'
import { templateProblem } from './templates.ts'
import { asList } from './triggers.ts'

export interface StepOptions {
  readonly shell: string
  readonly workingDirectory: string
  /** Names that `{{ inputs.name }}` may use. */
  readonly inputs: readonly string[]
}

export function readSteps(draft: HookDraft, options: StepOptions): Step[] {
  const { written, path, report, given } = draft
  if (given('run') && given('command'))
    report.error([...path, 'command'], 'cannot stand beside "run"; keep one', { at: 'key' })
  if (!given('run') && !given('command'))
    report.error(path, 'says nothing to run; add "run" or "command"')
  if (written.command !== undefined) return readCommand(written.command, draft, options)
  return readRun(draft, options)
}

function readRun({ written, path, report }: HookDraft, options: StepOptions): Step[] {
  const at = [...path, 'run']
  const lines = asList(written.run)
  if (written.run !== undefined && lines.length === 0)
    report.error(at, 'is an empty list; name at least one shell line')
  return lines.map((line, index) => {
    if (typeof line !== 'string') return signalStep(line, options)
    checkLine(line, Array.isArray(written.run) ? [...at, index] : at, report)
    return { kind: 'shell', line, shell: options.shell }
  })
}

/** node's names of signals: `SIGHUP`. */
function signalStep(
  { signal, pidfile }: { signal: string; pidfile: string },
  { workingDirectory }: StepOptions,
): Step {
  const name = signal.startsWith('SIG') ? signal : `SIG${signal}`
  return { kind: 'signal', signal: name, pidfile: resolve(workingDirectory, pidfile) }
}

/**
 * What people write who expect values to be pasted into the line, as GitHub Actions does. Braces of
 * other tools (`docker ps --format '{{.Names}}'`, `{{range .}}`) begin with a dot or a Go keyword.
 */
const PASTED = /\$\{\{|\{\{(?!-?\s*(?:\.|\$|(?:if|else|end|range|with|json|join|len|print\w*)\b))/

/** Tools that paste values into the line let whoever names a branch run commands. */
function checkLine(line: string, path: Path, report: Report): void {
  if (line.trim() === '') report.error(path, 'is an empty line; nothing would run')
  const [found] = PASTED.exec(line) ?? []
  if (found === undefined) return
  report.error(
    path,
    `has "${found}", and nothing is filled into a shell line: it would run as code`,
    {
      hint: 'use a variable in double quotes, such as "$HOOK_BRANCH"; what is not for runhook goes into a script',
    },
  )
}

function readCommand(argv: readonly string[], draft: HookDraft, options: StepOptions): Step[] {
  const { path, report } = draft
  const [program = '', ...rest] = argv
  const at = [...path, 'command']
  if (program.trim() === '') report.error([...at, 0], 'is empty; the first item is the program')
  if (program.includes('{{'))
    report.error([...at, 0], 'is the program to run, which no delivery may choose')
  for (const [index, item] of rest.entries()) checkItem(item, [...at, index + 1], report, options)
  if (draft.given('shell'))
    report.warn([...path, 'shell'], 'is not used: "command" runs without a shell', { at: 'key' })
  return [{ kind: 'command', argv: [program, ...rest] }]
}

function checkItem(item: string, path: Path, report: Report, { inputs }: StepOptions): void {
  const wrong = templateProblem(item, inputs)
  if (wrong !== null) report.error(path, wrong.problem, { hint: wrong.hint })
  const [variable, name] = /\$\{?((?:HOOK|INPUT)_[A-Z_]+)\}?/.exec(item) ?? []
  if (name !== undefined)
    report.warn(path, `passes "${variable}" as it stands: "command" has no shell to fill it in`, {
      hint: 'write "{{ branch }}", "{{ sha }}", "{{ inputs.name }}" …, or use "run"',
    })
}
