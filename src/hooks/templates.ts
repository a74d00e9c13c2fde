/**
 * The values that an item of `command` may be: `{{ branch }}`, `{{ payload.sender.login }}`. Each is one
 * whole argument, so that no value can end an option, begin another, or become part of a program's name.
 */

import { either, suggest } from './suggest.ts'

const plain = ['branch', 'tag', 'ref', 'sha', 'repo']
const dotted = ['payload', 'header', 'inputs']

/** What is wrong with an item, or null. `inputs` are the names the hook asks for. */
export function templateProblem(
  item: string,
  inputs: readonly string[],
): { problem: string; hint: string | null } | null {
  if (!item.includes('{{')) return null
  const shown = JSON.stringify(item)
  const inside = insideOf(item)
  if (inside === null)
    return {
      problem: `${shown} is not one whole value`,
      hint: 'make it two items, such as "--ref", "{{ branch }}"',
    }
  const wrong = wrongValue(inside, inputs)
  return wrong === null ? null : { problem: `${shown} is no value of a delivery`, hint: wrong }
}

/** What stands between the braces, when they are the whole item. */
function insideOf(item: string): string | null {
  if (!item.startsWith('{{') || !item.endsWith('}}')) return null
  const inside = item.slice(2, -2).trim()
  return /[{}]/.test(inside) ? null : inside
}

/** A hint, or null when all is well. */
function wrongValue(inside: string, inputs: readonly string[]): string | null {
  if (plain.includes(inside)) return null
  const [head = '', ...keys] = inside.split('.')
  if (head === 'inputs' && keys.length === 1) return wrongInput(keys[0] ?? '', inputs)
  if (head === 'payload' && keys.length > 0 && keys.every((key) => /^\S+$/.test(key))) return null
  if (head === 'header' && keys.length === 1 && /^[\w-]+$/.test(keys[0] ?? '')) return null
  const meant = suggest(head, [...plain, ...dotted])
  if (meant === null) return `known are ${known}`
  if (plain.includes(meant)) return `did you mean "{{ ${meant} }}"?`
  return `did you mean "{{ ${[meant, ...(keys.length > 0 ? keys : [examples[meant]])].join('.')} }}"?`
}

function wrongInput(name: string, inputs: readonly string[]): string | null {
  if (inputs.includes(name)) return null
  const meant = suggest(name, inputs)
  if (meant !== null) return `did you mean "{{ inputs.${meant} }}"?`
  return inputs.length === 0
    ? 'the hook asks for no inputs; add "on": { "manual": { "inputs": … } }'
    : `its inputs are ${either(inputs)}`
}

const examples: Readonly<Record<string, string>> = {
  payload: 'sender.login',
  header: 'x-github-delivery',
  inputs: 'name',
}

const known = `${plain.map((name) => `{{ ${name} }}`).join(', ')}, {{ payload.… }}, {{ header.… }}, {{ inputs.… }}`
