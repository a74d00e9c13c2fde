/**
 * The one door for what callers of the API say: ids, query parameters, bodies. Nothing passes that is
 * not understood, unknown names included, and each refusal names the parameter, what was found and
 * what is allowed.
 */

import { RunhookError } from '../errors.ts'

/** How one parameter is read: `read` answers undefined for what is not allowed. */
export interface Reader<Value> {
  readonly allowed: string
  read(text: string): Value | undefined
}

type Readers = Readonly<Record<string, Reader<unknown>>>
type Values<R extends Readers> = {
  readonly [name in keyof R]?: R[name] extends Reader<infer Value> ? Value : never
}

export function readQuery<R extends Readers>(
  given: Readonly<Record<string, readonly string[]>>,
  readers: R,
): Values<R> {
  const values: Record<string, unknown> = {}
  for (const [name, texts] of Object.entries(given)) {
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined
    if (!reader) throw unknownName('parameter', name, Object.keys(readers))
    if (texts.length > 1)
      throw new RunhookError('usage', `${name} was given ${texts.length} times.`)
    values[name] = readOne(name, texts[0] ?? '', reader)
  }
  return values as Values<R> // each value came from the reader of its name
}

export function readOne<Value>(name: string, text: string, reader: Reader<Value>): Value {
  const value = reader.read(text)
  if (value !== undefined) return value
  throw new RunhookError('invalid', `${name} is ${quote(text)}; allowed is ${reader.allowed}.`)
}

export const name: Reader<string> = {
  allowed: 'the name of a hook',
  read: (text) => (/^[a-z0-9][a-z0-9-]{0,62}$/.test(text) ? text : undefined),
}

export const id: Reader<number> = {
  allowed: 'a number such as 142',
  read: (text) => (/^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : undefined),
}

export const offset: Reader<number> = {
  allowed: 'a number of bytes, 0 or more',
  read: (text) => (/^[0-9]{1,15}$/.test(text) ? Number(text) : undefined),
}

export function upTo(most: number): Reader<number> {
  const inside = (value: number) => value >= 1 && value <= most
  return {
    allowed: `a whole number from 1 to ${most}`,
    read: (text) => (/^[0-9]{1,6}$/.test(text) && inside(Number(text)) ? Number(text) : undefined),
  }
}

export function oneOf<Word extends string>(words: readonly Word[]): Reader<Word> {
  return {
    allowed: `one of ${words.join(', ')}`,
    read: (text) => words.find((word) => word === text),
  }
}

/** The body of a trigger: `{"inputs": {"scope": "pages"}}`, or nothing at all. */
export function readInputs(text: string): Record<string, string> {
  const body = text.trim() === '' ? {} : parseObject(text)
  const stray = Object.keys(body).find((key) => key !== 'inputs')
  if (stray !== undefined) throw unknownName('key', stray, ['inputs'])
  const { inputs = {} } = body
  if (!isObject(inputs)) throw wrongInputs('inputs', inputs, 'an object of names and values')
  return Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, plain(key, value)]))
}

const example = 'Send {"inputs": {"name": "value"}}, or nothing.'

function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new RunhookError('usage', 'The body is not JSON.', { hint: example, cause })
  }
  if (isObject(value)) return value
  throw new RunhookError('usage', `The body is ${kindOf(value)}, not an object.`, { hint: example })
}

function plain(key: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw wrongInputs(`inputs.${key}`, value, 'text, a number, true or false')
}

function wrongInputs(where: string, found: unknown, allowed: string): RunhookError {
  return new RunhookError('invalid', `${where} is ${kindOf(found)}; allowed is ${allowed}.`)
}

function unknownName(kind: string, found: string, known: readonly string[]): RunhookError {
  const allowed = known.length === 0 ? 'none' : known.join(', ')
  return new RunhookError('usage', `Unknown ${kind} ${quote(found)}; allowed: ${allowed}.`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** What was found goes back to whoever sent it, but never at length. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
