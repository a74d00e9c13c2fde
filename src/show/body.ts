/**
 * The one door for bodies that callers of the API send: small JSON objects, read as strictly as addresses
 * are. Refusals name the place in the body, never the whole of it.
 */

import { RunhookError } from '../errors.ts'
import { type Readers, readOne, unknownName, type Values } from './parameters.ts'

/** The body of a trigger: `{"inputs": {"scope": "pages"}}`, or nothing at all. */
export function readInputs(text: string): Record<string, string> {
  const body = parseObject(text, 'Send {"inputs": {"name": "value"}}, or nothing.')
  refuseStrays(body, ['inputs'])
  const { inputs = {} } = body
  if (!isObject(inputs)) throw wrong('inputs', inputs, 'an object of names and values')
  return Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, plain(key, value)]))
}

/** The body of a redelivery: `{"dryRun": true}`, or nothing at all. */
export function readDryRun(text: string): boolean {
  const body = parseObject(text, 'Send {"dryRun": true}, or nothing.')
  refuseStrays(body, ['dryRun'])
  const { dryRun = false } = body
  if (typeof dryRun === 'boolean') return dryRun
  throw wrong('dryRun', dryRun, 'true or false')
}

/** An object of texts, each read as a parameter is; what is left out is left out. */
export function readFields<R extends Readers>(text: string, readers: R, example: string) {
  const body = parseObject(text, example)
  refuseStrays(body, Object.keys(readers))
  const fields = Object.entries(body).map(([key, value]) => {
    const reader = readers[key]
    if (typeof value === 'string' && reader) return [key, readOne(key, value, reader)]
    throw wrong(key, value, reader?.allowed ?? 'nothing')
  })
  return Object.fromEntries(fields) as Values<R> // each value came from the reader of its name
}

function parseObject(text: string, hint: string): Record<string, unknown> {
  if (text.trim() === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new RunhookError('usage', 'The body is not JSON.', { hint, cause })
  }
  if (isObject(value)) return value
  throw new RunhookError('usage', `The body is ${kindOf(value)}, not an object.`, { hint })
}

function refuseStrays(body: Record<string, unknown>, known: readonly string[]): void {
  const stray = Object.keys(body).find((key) => !known.includes(key))
  if (stray !== undefined) throw unknownName('key', stray, known)
}

function plain(key: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw wrong(`inputs.${key}`, value, 'text, a number, true or false')
}

function wrong(where: string, found: unknown, allowed: string): RunhookError {
  return new RunhookError('invalid', `${where} is ${kindOf(found)}; allowed is ${allowed}.`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
