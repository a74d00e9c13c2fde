/**
 * From `on.manual.inputs` to inputs: what a person is asked for when starting a hook by hand.
 */

import type { Input } from '../model.ts'
import type { HookDraft } from './draft.ts'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'
import type { InputWritten } from './schema-on.ts'

export function readInputsWritten({ written, path, report }: HookDraft): Input[] {
  const { on } = written
  if (typeof on !== 'object' || Array.isArray(on)) return []
  const seen = new Map<string, string>()
  return (['manual', 'workflow_dispatch'] as const).flatMap((event) =>
    Object.entries(on[event]?.inputs ?? {}).map(([name, input]) => {
      const here = [...path, 'on', event, 'inputs', name]
      checkVariable(here, name, seen, report)
      return readInput(here, name, input ?? {}, report)
    }),
  )
}

/** Two names must not reach the command as one variable. */
function checkVariable(path: Path, name: string, seen: Map<string, string>, report: Report): void {
  const variable = `INPUT_${name.replaceAll('-', '_').toUpperCase()}`
  const other = seen.get(variable)
  seen.set(variable, name)
  if (other !== undefined)
    report.error(path, `would be $${variable}, as "${other}" is; rename one`, { at: 'key' })
}

function readInput(path: Path, name: string, written: InputWritten, report: Report): Input {
  const type = written.type ?? (written.options === undefined ? 'string' : 'choice')
  const input: Input = {
    name,
    type,
    description: written.description ?? null,
    required: written.required ?? false,
    default: written.default === undefined ? null : String(written.default),
    options: written.options ?? null,
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
  if (input.type === 'choice' && input.options !== null && !input.options.includes(input.default))
    report.error(at, `${value} is not one of the options`)
  // The same as for values that are given later: a shell's arithmetic executes a[$(id)].
  if (input.type === 'number' && !/^[0-9]{1,15}$/.test(input.default))
    report.error(at, `${value} is not a whole number`)
  if (input.type === 'boolean' && !/^(true|false)$/.test(input.default))
    report.error(at, `${value} is not true or false`)
}
