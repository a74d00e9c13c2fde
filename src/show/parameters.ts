/**
 * The one door for what callers of the API say in an address: names, ids, query parameters (body.ts has
 * the bodies). Nothing passes that is not understood, unknown names included, and each refusal names
 * the parameter, what was found and what is allowed.
 */

import { RunhookError } from '../errors.ts'

/** How one parameter is read: `read` answers undefined for what is not allowed. */
export interface Reader<Value> {
  readonly allowed: string
  /** What is allowed, for the API's document: JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>
  /** What a refusal calls it, where its name alone would not do: "the run". */
  readonly title?: string
  read(text: string): Value | undefined
}

export type Readers = Readonly<Record<string, Reader<unknown>>>
export type None = Readonly<Record<never, Reader<unknown>>>
export type Values<R extends Readers> = {
  readonly [name in keyof R]?: R[name] extends Reader<infer Value> ? Value : never
}

export function readPath<R extends Readers>(
  given: Readonly<Record<string, string>>,
  readers: R,
): Required<Values<R>> {
  const read = Object.entries(readers).map(([name, reader]) => {
    return [name, readOne(reader.title ?? name, given[name] ?? '', reader)]
  })
  return Object.fromEntries(read) as Required<Values<R>> // one of each reader
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

/** The same reader under the name that a person gives the thing. */
export function called<Value>(title: string, reader: Reader<Value>): Reader<Value> {
  return { ...reader, title }
}

export function like(pattern: RegExp, allowed: string): Reader<string> {
  return {
    allowed,
    schema: { type: 'string', pattern: pattern.source },
    read: (text) => (pattern.test(text) ? text : undefined),
  }
}

export const name = like(/^[a-z0-9][a-z0-9-]{0,62}$/, 'the name of a hook')

export const event = like(/^[\w:. -]{1,100}$/, 'the name of an event')

export const branch = like(/^.{1,255}$/su, 'a branch or tag')

export const who = like(/^.{1,255}$/su, 'the name of a user')

export const id: Reader<number> = {
  allowed: 'a number such as 142',
  schema: { type: 'integer', minimum: 1 },
  read: (text) => (/^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : undefined),
}

export const offset: Reader<number> = {
  allowed: 'a number of bytes, 0 or more',
  schema: { type: 'integer', minimum: 0 },
  read: (text) => (/^[0-9]{1,15}$/.test(text) ? Number(text) : undefined),
}

export function upTo(most: number): Reader<number> {
  const inside = (value: number) => value >= 1 && value <= most
  return {
    allowed: `a whole number from 1 to ${most}`,
    schema: { type: 'integer', minimum: 1, maximum: most },
    read: (text) => (/^[0-9]{1,6}$/.test(text) && inside(Number(text)) ? Number(text) : undefined),
  }
}

export function oneOf<Word extends string>(words: readonly Word[]): Reader<Word> {
  return {
    allowed: `one of ${words.join(', ')}`,
    schema: { type: 'string', enum: words },
    read: (text) => words.find((word) => word === text),
  }
}

export function unknownName(kind: string, found: string, known: readonly string[]): RunhookError {
  const allowed = known.length === 0 ? 'none' : known.join(', ')
  return new RunhookError('usage', `Unknown ${kind} ${quote(found)}; allowed: ${allowed}.`)
}

/** What was found goes back to whoever sent it, but never at length. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
