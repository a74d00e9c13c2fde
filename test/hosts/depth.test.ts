import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEEPEST, isTooDeep } from '../../src/hosts/depth.ts'
import { parseBody } from '../../src/hosts/fields.ts'

const nested = (levels: number, open = '[', close = ']') =>
  open.repeat(levels) + close.repeat(levels)

describe('a body is too deep', () => {
  test.each([
    ['lists', nested(DEEPEST), nested(DEEPEST + 1)],
    ['objects', nested(DEEPEST, '{"a":', '}'), nested(DEEPEST + 1, '{"a":', '}')],
    ['without an end', '['.repeat(DEEPEST), '['.repeat(DEEPEST + 1)],
  ])('from the 65th level on: %s', (_, still, tooDeep) => {
    expect([isTooDeep(still), isTooDeep(tooDeep)]).toEqual([false, true])
  })

  test.each([
    ['in a text', JSON.stringify({ a: '['.repeat(1000) })],
    ['after an escaped quote', JSON.stringify({ a: `"${'['.repeat(1000)}` })],
    ['after a backslash and a quote', JSON.stringify({ a: `\\"\\\\"${'{'.repeat(1000)}\\` })],
    ['side by side', JSON.stringify(Array.from({ length: 1000 }, () => [[]]))],
    ['in a text without an end', `{"a":"${'['.repeat(1000)}`],
  ])('not by brackets %s', (_, json) => expect(isTooDeep(json)).toBe(false))

  test('whatever stands in its texts', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.string(), (json, text) => {
        const inner = `[${json},${JSON.stringify(text)}]`
        const outer = nested(DEEPEST, '[', ']').replace('[]', `[${inner}]`)
        return !isTooDeep(inner) && isTooDeep(outer)
      }),
    )
  })
})

test('25 MB of brackets are not parsed', () => {
  const body = Buffer.alloc(25 * 1024 * 1024, '[')
  expect(parseBody(body)).toEqual({ problem: 'the body is nested more than 64 levels' })
})
