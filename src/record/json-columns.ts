/**
 * What stands as JSON in columns, held against its shape: a database that others can write to must not bring a value
 * of another type in. Each gives null for what is no such thing. Fields that are not known are let through: a
 * newer release may have written them.
 */

import { type Answered, outputForms, type Update, type Verdict } from '../model/delivery.ts'
import type { RetryOf } from '../model/run.ts'

type Fields = Readonly<Record<string, unknown>>

const isText = (value: unknown) => value == null || typeof value === 'string'
const isFlag = (value: unknown) => value == null || typeof value === 'boolean'
/** Of a payload it may be any. */
const isCount = (value: unknown) => value == null || typeof value === 'number'
const isTexts = (value: unknown) =>
  value == null || (Array.isArray(value) && value.every((one) => typeof one === 'string'))

const ofUpdate: Record<keyof Update, (value: unknown) => boolean> = {
  event: (value) => typeof value === 'string',
  ref: isText,
  branch: isText,
  tag: isText,
  sha: isText,
  before: isText,
  created: isFlag,
  deleted: isFlag,
  forced: isFlag,
  commits: isCount,
  files: isTexts,
  message: isText,
  number: isCount,
  baseBranch: isText,
  merged: isFlag,
  fork: isFlag,
}

export function updatesOf(value: unknown): Update[] | null {
  const fits = (one: unknown) =>
    isFields(one) && Object.entries(ofUpdate).every(([name, is]) => is(one[name]))
  return Array.isArray(value) && value.every(fits) ? (value as Update[]) : null // as looked at
}

export function verdictsOf(value: unknown): Verdict[] | null {
  const fits = (one: unknown) =>
    isFields(one) &&
    typeof one.hook === 'string' &&
    isCount(one.update) &&
    isCount(one.run) &&
    Array.isArray(one.checks) &&
    one.checks.every(isFields)
  return Array.isArray(value) && value.every(fits) ? (value as Verdict[]) : null
}

export function answerOf(value: unknown): Answered | null {
  const fits =
    isFields(value) &&
    typeof value.json === 'boolean' &&
    (value.output === null || outputForms.some((form) => form === value.output)) &&
    Array.isArray(value.runs) &&
    value.runs.every((run) => Number.isSafeInteger(run)) &&
    (value.status === null || Number.isSafeInteger(value.status)) &&
    (value.says === null || typeof value.says === 'string')
  return fits ? (value as unknown as Answered) : null // as looked at
}

/** Texts by name. */
export function textsOf(value: unknown): Record<string, string> | null {
  const fits = isFields(value) && Object.values(value).every((one) => typeof one === 'string')
  return fits ? (value as Record<string, string>) : null
}

export const inputsOf = textsOf

export function retryOf(value: unknown): RetryOf | null {
  const isNumber = (one: unknown) => Number.isSafeInteger(one) && Number(one) >= 0
  if (!isFields(value)) return null
  const { run, number, times, interruptions, first = run, since = 0 } = value
  return [run, number, times, interruptions, first, since].every(isNumber)
    ? (value as unknown as RetryOf)
    : null
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
