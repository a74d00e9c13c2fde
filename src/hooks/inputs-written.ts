/**
 * From `on.manual.inputs`, and those of `get` and `post`, to inputs: what whoever starts a hook may give.
 */

import { isDeepStrictEqual } from 'node:util'
import type { Input } from '../model/url.ts'
import type { HookDraft } from './draft.ts'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'
import type { InputWritten } from './schema-on.ts'

/** Whoever starts a hook by hand has an account; whoever calls it may be anybody with a token. */
const LONGEST = { called: 1024, manual: 64 * 1024 }

export function readInputsWritten({ written, path, report, given }: HookDraft): Input[] {
  const { on } = written
  if (typeof on !== 'object' || Array.isArray(on)) return []
  const seen = new Map<string, Seen>()
  const longest = 'get' in on || 'post' in on ? LONGEST.called : LONGEST.manual
  return (['manual', 'workflow_dispatch', 'get', 'post'] as const).flatMap((event) => {
    const inputs = Object.entries(on[event]?.inputs ?? {})
    const at = [...path, 'on', event, 'inputs']
    if (event === 'get' && inputs.length > 0 && given('secret'))
      report.error(at, 'cannot stand beside "secret": a signature covers no query', {
        at: 'key',
        hint: 'ask for a "token", or let "post" start it',
      })
    return inputs.flatMap(([name, input]) => {
      const here = [...at, name]
      if (isKnown({ path: here, name, written: input ?? {} }, seen, report)) return []
      return readInput(here, name, input ?? {}, longest, report)
    })
  })
}

interface Seen {
  readonly path: Path
  readonly name: string
  readonly written: InputWritten
}

/** Inputs are the hook's, whatever starts it: one that stands under two events is one, and alike. */
function isKnown(input: Seen, seen: Map<string, Seen>, report: Report): boolean {
  const { path, name } = input
  const variable = `INPUT_${name.replaceAll('-', '_').toUpperCase()}`
  const other = seen.get(variable)
  seen.set(variable, input)
  if (other === undefined) return false
  if (other.name !== name || other.path[3] === path[3])
    report.error(path, `would be $${variable}, as "${other.name}" is; rename one`, { at: 'key' })
  else if (!isDeepStrictEqual({ ...other.written }, { ...input.written }))
    report.error(path, `is not the same under "${other.path[3]}"; write it alike, or rename one`, {
      at: 'key',
    })
  return true
}

function readInput(
  path: Path,
  name: string,
  written: InputWritten,
  longest: number,
  report: Report,
): Input {
  const type = written.type ?? (written.options === undefined ? 'string' : 'choice')
  const input: Input = {
    name,
    type,
    description: written.description ?? null,
    required: written.required ?? false,
    default: written.default === undefined ? null : String(written.default),
    options: written.options ?? null,
    maxLength: written['max-length'] ?? longest,
  }
  checkOptions(path, input, report)
  checkDefault(path, input, report)
  return input
}

function checkOptions(path: Path, { type, options }: Input, report: Report): void {
  const missing = options === null ? !report.given([...path, 'options']) : options.length === 0
  if (type === 'choice' && missing)
    report.error(path, 'needs "options": a list of the values to choose from')
  if (type !== 'choice' && options !== null)
    report.error([...path, 'options'], `is for a choice, and the type is "${type}"`, { at: 'key' })
}

function checkDefault(path: Path, input: Input, report: Report): void {
  if (input.default === null) return
  const at = [...path, 'default']
  const value = JSON.stringify(input.default)
  if (input.default.length > input.maxLength)
    report.error(at, `is longer than ${input.maxLength} characters`)
  if (input.type === 'choice' && input.options !== null && !input.options.includes(input.default))
    report.error(at, `${value} is not one of the options`)
  // The same as for values that are given later: a shell's arithmetic executes a[$(id)].
  if (input.type === 'number' && !/^[0-9]{1,15}$/.test(input.default))
    report.error(at, `${value} is not a whole number`)
  if (input.type === 'boolean' && !/^(true|false)$/.test(input.default))
    report.error(at, `${value} is not true or false`)
}
