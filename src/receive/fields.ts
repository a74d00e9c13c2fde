/**
 * Fields of a query or a form (application/x-www-form-urlencoded). By hand, because URLSearchParams takes a
 * time that grows with the square of their number, and hides what came twice.
 */

import type { Payload } from '../hosts/host.ts'

/** More than any hook asks for. */
const MOST = 100

/** As the payload of a call that gives inputs. A name that came twice has a list, which no input may be. */
export function readFields(text: string): { payload: Payload } | { problem: string } {
  const inputs: Record<string, string | string[]> = Object.create(null)
  const pairs = pairsOf(text)
  if (pairs.length > MOST) return { problem: `there are more than ${MOST} fields` }
  for (const pair of pairs) {
    const name = decoded(pair.name)
    const value = decoded(pair.value)
    if (name === null || value === null) return { problem: 'a field is not well encoded' }
    const before = inputs[name]
    inputs[name] = before === undefined ? value : [before, value].flat()
  }
  return { payload: { inputs } }
}

/**
 * A query or form as it may be kept: what was asked for, and of everything else the names. People put tokens into
 * them that belong into headers.
 */
export function keptFields(fields: string, asked: readonly string[]): string {
  return pairsOf(fields)
    .slice(0, MOST + 1)
    .map(({ name, value }) =>
      asked.includes(decoded(name) ?? '') ? `${name}=${value}` : `${name}=***`,
    )
    .join('&')
}

function pairsOf(text: string): { name: string; value: string }[] {
  return text
    .split('&', MOST + 1)
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      if (equals < 0) return { name: pair, value: '' }
      return { name: pair.slice(0, equals), value: pair.slice(equals + 1) }
    })
}

/** Null for what is no UTF-8, or has a % that stands for nothing. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}
