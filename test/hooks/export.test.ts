/**
 * The JSON Schema that editors use, against the schema it is made from.
 */

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { schemaText } from '../../src/hooks/export.ts'

interface Schema {
  readonly title?: string
  readonly description?: string
  readonly additionalProperties?: boolean | Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly pattern?: string
}

const schema: Schema & {
  readonly $schema?: string
  readonly $defs?: Readonly<Record<string, Schema>>
} = JSON.parse(schemaText())

const all = [schema, ...Object.values(schema.$defs ?? {})]

/** Every schema inside, with the path of keys to it. */
function* within(part: Schema, path = ''): Generator<{ part: Schema; path: string }> {
  yield { part, path }
  for (const [key, inner] of Object.entries(part.properties ?? {}))
    yield* within(inner, `${path}.${key}`)
  for (const inner of part.anyOf ?? []) yield* within(inner, path)
  if (part.items) yield* within(part.items, `${path}[]`)
  if (typeof part.additionalProperties === 'object')
    yield* within(part.additionalProperties, `${path}.*`)
}

describe('docs/hooks.schema.json', () => {
  test('is current; if not: npm run schema', () => {
    expect(readFileSync('docs/hooks.schema.json', 'utf8')).toBe(schemaText())
  })

  test('is for the draft that editors understand', () => {
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#')
    expect(Object.keys(schema.properties ?? {})).toEqual([
      '$schema',
      'defaults',
      'server',
      'hosts',
      'hooks',
    ])
  })

  test('describes every key', () => {
    const bare = all
      .flatMap((part) => [...within(part)])
      .flatMap(({ part, path }) =>
        Object.entries(part.properties ?? {})
          .filter(([, inner]) => !inner.title || !inner.description)
          .map(([key]) => `${path}.${key}`),
      )
    expect(bare).toEqual([])
  })

  test("knows no other keys, but where names are the user's", () => {
    const parts = all.flatMap((part) => [...within(part)])
    const open = parts.filter(({ part }) => part.properties && part.additionalProperties !== false)
    expect(open.map(({ path }) => path)).toEqual(['.hooks.*.on'])
  })

  test('lets a variable stand wherever a text has a form', () => {
    const timeout = new RegExp(schema.properties?.defaults?.properties?.timeout?.pattern ?? '')
    expect(timeout.test(`\${TIMEOUT}`)).toBe(true)
    expect(timeout.test('10m')).toBe(true)
    expect(timeout.test('10 min')).toBe(false)
  })
})
