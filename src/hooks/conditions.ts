/**
 * `match`: what a hook wants of single values of a payload, or of headers. Pure. Values are looked up by
 * own properties only, and texts of strangers are compared in time linear in their length (pattern.ts).
 * What cannot be judged, because it is too long or too much, does not hold, whatever is wanted of it.
 */

import type { Check } from '../model/delivery.ts'
import type { Condition, Wish } from '../model/hook.ts'
import { isLike } from './pattern.ts'

/** Where `payload.…` and `header.…` are looked up. Names of headers are in lower case. */
export interface Places {
  readonly payload: unknown
  readonly header: Readonly<Record<string, string>>
}

/** Longest text that is compared with a pattern, in characters, and most values that `[*]` may find. */
const LONGEST_TEXT = 10_000
const MOST_VALUES = 1000

/** A check for each condition: whoever mends one wants to know of all that do not hold. */
export function judgeConditions(conditions: readonly Condition[], places: Places): Check[] {
  return conditions.map((condition) => judgeCondition(condition, places))
}

function judgeCondition({ place, path, wishes, wants }: Condition, places: Places): Check {
  const values = valuesAt(places, path)
  const found = foundIn(values)
  const problem = cannotBeJudged(values, wishes)
  const says = `${place} ${found === '' ? 'is not there' : `is ${found}`}`
  const check = { rule: 'match', wanted: `${place}: ${wants}`, found }
  if (problem !== null) return { ...check, result: 'fail', says: `${place} ${problem}` }
  if (wishes.some((wish) => fulfils(values, wish))) return { ...check, result: 'pass', says }
  return { ...check, result: 'fail', says: `${says}, wants ${wants}` }
}

function valuesAt(root: unknown, path: Condition['path']): unknown[] {
  let found = [root]
  for (const key of path) {
    found = found.flatMap((value) => (key === null ? itemsOf(value) : own(value, key)))
  }
  return found
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** None, or the one. `length` of a list is no field of it. */
function own(value: unknown, key: string): unknown[] {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return []
  return Array.isArray(value) && key === 'length' ? [] : [Reflect.get(value, key)]
}

function cannotBeJudged(values: readonly unknown[], wishes: readonly Wish[]): string | null {
  if (values.length > MOST_VALUES) return `has more than ${MOST_VALUES} values, too many to judge`
  const long = values.find((value) => typeof value === 'string' && value.length > LONGEST_TEXT)
  if (long === undefined || !wishes.some(hasPattern)) return null
  return `has more than ${LONGEST_TEXT} characters, too many to compare with a pattern`
}

function hasPattern({ like, not = [] }: Wish): boolean {
  return like !== undefined || not.some(hasPattern)
}

function fulfils(values: readonly unknown[], wish: Wish): boolean {
  if (wish.exists !== undefined && wish.exists !== values.length > 0) return false
  if (wish.not?.some((unwanted) => fulfils(values, unwanted))) return false
  return !asksForValue(wish) || values.some((value) => isWanted(value, wish))
}

function asksForValue({ is, like, compare }: Wish): boolean {
  return is !== undefined || like !== undefined || compare !== undefined
}

function isWanted(value: unknown, { is, like, compare = [] }: Wish): boolean {
  if (is !== undefined && value !== is) return false
  if (like !== undefined && !(typeof value === 'string' && isLike(like, value))) return false
  return compare.every(([sign, than]) => typeof value === 'number' && compares(value, sign, than))
}

function compares(value: number, sign: '>' | '>=' | '<' | '<=', than: number): boolean {
  switch (sign) {
    case '>':
      return value > than
    case '>=':
      return value >= than
    case '<':
      return value < than
    case '<=':
      return value <= than
  }
}

// ---- what was found, for people ------------------------------------------------------------------------

const SHOWN_VALUES = 3
const SHOWN_LENGTH = 60

function foundIn(values: readonly unknown[]): string {
  const shown = values.slice(0, SHOWN_VALUES).map(shownValue)
  const more = values.length > SHOWN_VALUES ? [`${values.length - SHOWN_VALUES} more`] : []
  return [...shown, ...more].join(', ')
}

/** A stranger's text, short and harmless; in quotes where it could be taken for something else. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value !== 'string') return String(value)
  const short = value.length > SHOWN_LENGTH ? `${value.slice(0, SHOWN_LENGTH)}…` : value
  const text = short.replace(/[\p{Cc}\p{Bidi_Control}\p{Surrogate}\u2028\u2029]/gu, '\ufffd')
  return isPlainText(text) ? text : `"${text}"`
}

function isPlainText(text: string): boolean {
  if (text.trim() !== text || ['', 'true', 'false', 'null'].includes(text)) return false
  return Number.isNaN(Number(text))
}
