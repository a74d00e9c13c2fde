/**
 * From `run` or `command`, `on-failure` and `on-success` to steps. All are fixed texts: values of a
 * delivery reach a command as variables or as whole arguments, never as part of a line that a shell reads.
 */

import { resolve } from 'node:path'
import type { Step, StepOptions } from '../model/hook.ts'
import type { HookDraft } from './draft.ts'
import { formatDuration } from './duration.ts'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'
import type { StepsWritten, StepWritten } from './schema-steps.ts'
import { readDuration } from './surroundings.ts'
import { templateProblem } from './templates.ts'
import { asList } from './triggers.ts'

export interface Around {
  readonly shell: string
  readonly workingDirectory: string
  /** Names that `{{ inputs.name }}` may use. */
  readonly inputs: readonly string[]
  /** Of the run as a whole. */
  readonly timeoutMs: number
}

export function readSteps(draft: HookDraft, around: Around): Step[] {
  const { written, path, report, given } = draft
  if (given('run') && given('command'))
    report.error([...path, 'command'], 'cannot stand beside "run"; keep one', { at: 'key' })
  if (!given('run') && !given('command'))
    report.error(path, 'says nothing to run; add "run" or "command"')
  if (written.command === undefined) return readList(written.run, 'run', draft, around)
  if (given('shell') && !given('on-failure') && !given('on-success'))
    report.warn([...path, 'shell'], 'is not used: "command" runs without a shell', { at: 'key' })
  return [readCommand(written.command, [...path, 'command'], report, around)]
}

/** Steps that follow those of `run`: a list in the same words. */
export function readFollowing(
  key: 'on-failure' | 'on-success',
  draft: HookDraft,
  around: Around,
): Step[] {
  return readList(draft.written[key], key, draft, around)
}

function readList(
  written: StepsWritten | undefined,
  key: string,
  { path, report }: HookDraft,
  around: Around,
): Step[] {
  const at = [...path, key]
  const items = asList(written)
  if (written !== undefined && items.length === 0)
    report.error(at, 'is an empty list; name at least one shell line')
  return items.map((item, index) => {
    const here = Array.isArray(written) ? [...at, index] : at
    if (typeof item === 'string') return shellStep(item, here, report, around)
    return { ...readStep(item, here, report, around), ...readOptions(item, here, report, around) }
  })
}

function readStep(item: StepWritten, at: Path, report: Report, around: Around): Step {
  const kinds = (['run', 'command', 'signal'] as const).filter((key) => report.given([...at, key]))
  const [kind, second] = kinds
  if (second !== undefined)
    report.error([...at, second], `cannot stand beside "${kind}"; make two steps`, { at: 'key' })
  const pidfile = report.given([...at, 'pidfile'])
  if (kind === undefined)
    report.error(at, pidfile ? 'lacks "signal"' : 'says nothing to run; add "run" or "command"')
  else if (kind === 'signal' && !pidfile) report.error(at, 'lacks "pidfile"')
  else if (kind !== 'signal' && pidfile)
    report.error([...at, 'pidfile'], 'is of use beside "signal" only', { at: 'key' })
  if (item.command) return readCommand(item.command, [...at, 'command'], report, around)
  if (item.signal !== undefined) return signalStep(item.signal, item.pidfile ?? '', around)
  if (item.run === undefined) return { kind: 'shell', line: 'true', shell: around.shell } // reported
  return shellStep(item.run, [...at, 'run'], report, around)
}

function readOptions(item: StepWritten, at: Path, report: Report, around: Around): StepOptions {
  const { name, timeout, 'continue-on-error': continueOnError } = item
  const path = [...at, 'timeout']
  const timeoutMs = timeout && readDuration(path, timeout, report, { zero: false })
  if (timeoutMs && timeoutMs > around.timeoutMs)
    report.warn(
      path,
      `is never reached: the run as a whole may take ${formatDuration(around.timeoutMs)}`,
    )
  return {
    ...(name === undefined ? {} : { name }),
    ...(timeoutMs ? { timeoutMs } : {}),
    ...(continueOnError ? { continueOnError } : {}),
  }
}

function shellStep(line: string, path: Path, report: Report, { shell }: Around): Step {
  checkLine(line, path, report)
  return { kind: 'shell', line, shell }
}

/** node's names of signals: `SIGHUP`. */
function signalStep(signal: string, pidfile: string, { workingDirectory }: Around): Step {
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

function readCommand(argv: readonly string[], at: Path, report: Report, around: Around): Step {
  const [program = '', ...rest] = argv
  if (program.trim() === '') report.error([...at, 0], 'is empty; the first item is the program')
  if (program.includes('{{'))
    report.error([...at, 0], 'is the program to run, which no delivery may choose')
  for (const [index, item] of rest.entries()) checkItem(item, [...at, index + 1], report, around)
  return { kind: 'command', argv: [program, ...rest] }
}

function checkItem(item: string, path: Path, report: Report, { inputs }: Around): void {
  const wrong = templateProblem(item, inputs)
  if (wrong !== null) report.error(path, wrong.problem, { hint: wrong.hint })
  const [variable, name] = /\$\{?((?:HOOK|INPUT)_[A-Z_]+)\}?/.exec(item) ?? []
  if (name !== undefined)
    report.warn(path, `passes "${variable}" as it stands: "command" has no shell to fill it in`, {
      hint: 'write "{{ branch }}", "{{ sha }}", "{{ inputs.name }}" …, or use "run"',
    })
}
