/** Advice names keys of the hooks file, which whoever follows it types as they stand there. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { byRule } from '../../src/pages/advice.ts'
import { linesOf, REF } from '../hooks/written.ts'

const texts = Object.values(byRule)

test('every key that an advice names is one of the hooks file', () => {
  const schema: unknown = JSON.parse(readFileSync('docs/hooks.schema.json', 'utf8'))
  const known = new Set(keysOf(schema))
  const named = texts.flatMap((text) => [
    ...text.matchAll(/"([a-z-]+)"(?=:| of | out | into |[ .,;])/g),
  ])
  const keys = named.map(([, key = '']) => key)
  expect(keys.length).toBeGreaterThan(10)
  expect(keys.filter((key) => !known.has(key))).toEqual([])
})

const written = texts.flatMap((text) => [...text.matchAll(/"[a-z-]+": (?:"[a-z]+"|true|false)/g)])

test('there are advices that give a key with its value', () => {
  expect(written.length).toBeGreaterThan(3)
})

for (const [fields = ''] of written)
  test(`a hook takes ${fields}, as an advice has it`, async () => {
    const hook = { repo: 'github:acme/site', run: 'true', secret: REF }
    expect(await linesOf({ ...hook, ...JSON.parse(`{${fields}}`) })).toEqual([])
  })

/** Names of properties at whatever depth. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([key, value]) => [
    ...(key === 'properties' ? Object.keys(value ?? {}) : []),
    ...keysOf(value),
  ])
}
