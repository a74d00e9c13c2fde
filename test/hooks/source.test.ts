/**
 * JSON with comments, and what makes a text no such thing.
 */

import { describe, expect, test } from 'vitest'
import { REF, written } from './written.ts'

const hook = `{ "on": "manual", "secret": "${REF}", "run": "true" }`

describe('a hooks file', () => {
  test('may have comments, trailing commas, Windows line ends and a byte order mark', async () => {
    const text = `\ufeff{ // why\r\n  "hooks": { /* all */ "a": ${hook}, },\r\n}\r\n`
    const { config, shown } = await written(text)
    expect(shown).toBe('')
    expect([...(config?.hooks.keys() ?? [])]).toEqual(['a'])
  })

  test.each([
    ['', '1:1', 'the file is empty; write { "hooks": { … } }'],
    [
      'hooks:\n  blog:\n    run: x\n',
      '1:1',
      'this is not JSON; it looks like YAML; write { "hooks": { … } }',
    ],
    ['what', '1:1', 'this is not JSON; write { "hooks": { … } }'],
    ['// nothing', '1:1', 'the file is empty; write { "hooks": { … } }'],
    ['[]', '1:1', 'a list is not an object such as { "hooks": { … } }'],
    ['{}', '1:1', 'needs "hooks": an object of hooks by name'],
    ['{ "hooks": [] }', '1:3', 'hooks: a list is not an object of hooks by name'],
    ['{ "hooks": {}', '1:14', 'a closing "}" is missing'],
    ['[1, 2', '1:6', 'a closing "]" is missing'],
    ['{\n"hooks": {} "server": {} }', '2:13', 'a comma is missing before this'],
    ['{ "hooks" {} }', '1:11', 'a colon is expected here'],
    ['{ hooks: {} }', '1:3', 'this word is not JSON'],
    ['{ "hooks": "{} }', '1:12', 'this text does not end'],
    ['{ "hooks": {} /* }', '1:15', 'this comment does not end'],
    ['{ "hooks": {} } x', '1:17', 'this word is not JSON'],
    ['{ "hooks": {} } {}', '1:17', 'the file should end here'],
    ['{ "a\\q": {} }', '1:3', 'this backslash escapes nothing'],
    ['{ "a\tb": {} }', '1:3', 'this character cannot stand in a text'],
    ['{ "a": 1. }', '1:8', 'this number is not complete'],
  ])('%j: at %s, %s', async (text, place, message) => {
    const { shown, config } = await written(text)
    expect(config).toBe(null)
    expect(shown.split('\n')[0]).toBe(`hooks.json:${place} error  ${message}`)
  })

  test('may not have a key twice, for one of the two would silently not count', async () => {
    const { lines } = await written(`{ "hooks": { "a": ${hook}, "b": ${hook}, "a": ${hook} } }`)
    expect(lines).toEqual(['error hooks.a is there twice; keep one'])
  })

  test('may not have keys that mean something to JavaScript', async () => {
    const { lines } = await written(
      `{ "hooks": { "__proto__": ${hook}, "constructor": ${hook}, "a": {
        "on": { "manual": { "inputs": { "__proto__": {} } } }, "secret": "${REF}", "run": "x",
        "env": { "__proto__": "x" } } }, "__proto__": { "polluted": true } }`,
    )
    expect(lines).toEqual([
      'error hooks.__proto__ is a name that cannot be used',
      'error hooks.constructor is a name that cannot be used',
      'error hooks.a.on.manual.inputs.__proto__ is a name that cannot be used',
      'error hooks.a.env.__proto__ is a name that cannot be used',
      'error __proto__ is a name that cannot be used',
    ])
    expect('polluted' in {}).toBe(false)
  })
})
