/**
 * Inputs of a run: what a caller gave, held against what the hook asks for. They reach
 * the command only as values of `INPUT_*` variables or whole argv items.
 */

import type { Hook } from '../model/hook.ts'
import type { Input } from '../model/url.ts'

export type Inputs = Readonly<Record<string, string>>

/** Every input's value as text, defaults filled in, or a sentence that names the first one that is wrong. */
export function readInputs(hook: Hook, given: unknown): { inputs: Inputs } | { problem: string } {
  if (
    given !== undefined &&
    (typeof given !== 'object' || given === null || Array.isArray(given))
  ) {
    return { problem: 'inputs must be an object of names and values' }
  }
  const values = new Map<string, unknown>(Object.entries(given ?? {}))
  const unknown = [...values.keys()].find(
    (name) => !hook.inputs.some((input) => input.name === name),
  )
  if (unknown !== undefined) return { problem: unknownInput(hook, unknown) }
  const read: Record<string, string> = {}
  for (const input of hook.inputs) {
    const result = readOne(input, values.get(input.name))
    if ('problem' in result) return result
    read[input.name] = result.value
  }
  return { inputs: read }
}

function readOne(input: Input, given: unknown): { value: string } | { problem: string } {
  if (given === undefined || given === '') {
    if (input.default !== null) return { value: input.default }
    if (!input.required) return { value: '' }
    return { problem: `input "${input.name}" is required${wanted(input)}` }
  }
  if (Array.isArray(given)) return { problem: `input "${input.name}" was given more than once` }
  const value = typeof given === 'string' ? given : scalar(given)
  if (value === null)
    return { problem: `input "${input.name}" must be a text, a number or true/false` }
  const problem = valueProblem(input, value)
  return problem ? { problem: `input "${input.name}" ${problem}` } : { value }
}

/** The end of that sentence: what would be taken. */
function wanted({ type, options }: Input): string {
  if (options) return `: one of ${options.join(', ')}`
  if (type === 'number') return ': a whole number'
  return type === 'boolean' ? ': true or false' : ''
}

function scalar(value: unknown): string | null {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}

/** The end of a sentence that begins with the input's name; null when the value can be given. */
export function valueProblem(input: Input, value: string): string | null {
  if (value.length > input.maxLength) return `is longer than ${input.maxLength} characters`
  if (value.includes('\0')) return 'holds a NUL character'
  if (input.options && !input.options.includes(value)) {
    return `must be one of ${input.options.join(', ')}`
  }
  // Digits only: a shell's arithmetic executes what stands in a "number" such as a[$(id)].
  if (input.type === 'number' && !/^[0-9]{1,15}$/.test(value))
    return 'must be a whole number: digits only, at most 15'
  if (input.type === 'boolean' && !/^(true|false)$/.test(value)) return 'must be true or false'
  return null
}

/** For a name that none of the hook's inputs has. */
export function unknownInput(hook: Hook, name: string): string {
  const shown = name.replace(/[^\w-]/g, '?').slice(0, 40)
  if (hook.inputs.length === 0)
    return `hook "${hook.name}" takes no inputs, but "${shown}" was given`
  const known = hook.inputs.map((input) => input.name).join(', ')
  return `hook "${hook.name}" has no input "${shown}"; it takes ${known}`
}
