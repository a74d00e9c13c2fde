/**
 * Inputs of runs that people start, from the file to the values a command gets: typed, with options,
 * defaults and what is required.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readInputs } from '../../src/hooks/inputs.ts'
import type { Hook } from '../../src/model/hook.ts'
import { cases, hookOf, REF } from './written.ts'

const manual = (inputs: unknown) => ({ on: { manual: { inputs } }, secret: REF, run: 'true' })

const inputs = {
  scope: { options: ['pages', 'all'], default: 'pages' },
  count: { type: 'number', default: 3 },
  dry: { type: 'boolean' },
  note: { type: 'string', required: true },
}

const aHook = () => hookOf(manual(inputs))

function problemOf(hook: Hook, given: unknown): string {
  const read = readInputs(hook, given)
  return 'problem' in read ? read.problem : JSON.stringify(read.inputs)
}

test('what is not given is the default, or empty', async () => {
  const read = readInputs(await aHook(), { note: 'x' })
  expect(read).toEqual({ inputs: { scope: 'pages', count: '3', dry: '', note: 'x' } })
})

test('values are texts for the command, whatever JSON they came as', async () => {
  const given = { scope: 'all', count: 12, dry: true, note: 7 }
  expect(readInputs(await aHook(), given)).toEqual({
    inputs: { scope: 'all', count: '12', dry: 'true', note: '7' },
  })
})

test('what is required and was not given is named with what would be taken', async () => {
  const inputs = {
    word: { required: true },
    scope: { required: true, options: ['pages', 'all'] },
    count: { required: true, type: 'number' },
    sure: { required: true, type: 'boolean' },
  }
  const given: Record<string, string> = {}
  const hook = await hookOf({ on: { manual: { inputs } }, secret: REF, run: 'true' })
  const said: unknown[] = []
  for (const [name, value] of [
    ['word', 'x'],
    ['scope', 'all'],
    ['count', '1'],
    ['sure', 'true'],
  ]) {
    said.push(readInputs(hook, given))
    given[String(name)] = String(value)
  }
  expect(said).toEqual([
    { problem: 'input "word" is required' },
    { problem: 'input "scope" is required: one of pages, all' },
    { problem: 'input "count" is required: a whole number' },
    { problem: 'input "sure" is required: true or false' },
  ])
  expect(readInputs(hook, given)).toEqual({ inputs: given })
})

describe('a value is refused', () => {
  test.each([
    [undefined, 'input "note" is required'],
    [{}, 'input "note" is required'],
    [{ note: '' }, 'input "note" is required'],
    [{ note: null }, 'input "note" must be a text, a number or true/false'],
    [{ note: ['x'] }, 'input "note" was given more than once'],
    [{ note: { a: 1 } }, 'input "note" must be a text, a number or true/false'],
    [{ note: 'a\0b' }, 'input "note" holds a NUL character'],
    [{ note: 'x'.repeat(65_537) }, 'input "note" is longer than 65536 characters'],
    [{ note: 'x', scope: 'everything' }, 'input "scope" must be one of pages, all'],
    [{ note: 'x', scope: 'Pages' }, 'input "scope" must be one of pages, all'],
    [{ note: 'x', scope: ' all' }, 'input "scope" must be one of pages, all'],
    [{ note: 'x', dry: 'yes' }, 'input "dry" must be true or false'],
    [{ note: 'x', dry: 1 }, 'input "dry" must be true or false'],
    [{ note: 'x', nope: 1 }, 'hook "a" has no input "nope"; it takes scope, count, dry, note'],
    [{ note: 'x', '\x1b[2J': 1 }, 'hook "a" has no input "??2J"; it takes scope, count, dry, note'],
    [[], 'inputs must be an object of names and values'],
    ['note=x', 'inputs must be an object of names and values'],
    [null, 'inputs must be an object of names and values'],
  ])('of %j', async (given, problem) => {
    expect(problemOf(await aHook(), given)).toBe(problem)
  })

  test.each([
    'a[$(id)]',
    '1;id',
    '0x10',
    '1e3',
    '1.5',
    ' 1',
    '1\n',
    '١',
    '--1',
    '+1',
    '1'.repeat(16),
  ])('where it is no number of plain digits: %j', async (count) => {
    expect(problemOf(await aHook(), { note: 'x', count })).toBe(
      'input "count" must be a whole number: digits only, at most 15',
    )
  })

  test.each([1.5, 1e21, Number.MAX_VALUE])('where it is the JSON number %d', async (count) => {
    expect(problemOf(await aHook(), { note: 'x', count })).toBe(
      'input "count" must be a whole number: digits only, at most 15',
    )
  })

  test('by name, also where the name is one of JavaScript itself', async () => {
    const hook = await aHook()
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const given = JSON.parse(`{"note":"x","${name}":"y"}`)
      expect(problemOf(hook, given)).toContain(`has no input "${name}"`)
    }
  })

  test('of a hook that asks for nothing', async () => {
    const hook = await hookOf({ on: 'manual', secret: REF, run: 'true' })
    expect(problemOf(hook, { a: 1 })).toBe('hook "a" takes no inputs, but "a" was given')
    expect(readInputs(hook, undefined)).toEqual({ inputs: {} })
  })
})

test('no number that is taken holds anything but digits and one sign before them', async () => {
  const hook = await aHook()
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.double(), fc.integer(), fc.stringMatching(/^[-0-9a$([]+$/)),
      (count) => {
        const read = readInputs(hook, { note: 'x', count })
        if ('inputs' in read) expect(read.inputs.count).toMatch(/^-?[0-9]{1,15}$/)
      },
    ),
  )
})

describe('the file', () => {
  cases([
    ['may leave everything out of an input', manual({ a: null, b: {} })],
    [
      'must give a choice something to choose from',
      manual({ a: { type: 'choice' }, b: { options: [] } }),
      'error hooks.a.on.manual.inputs.a needs "options": a list of the values to choose from',
      'error hooks.a.on.manual.inputs.b needs "options": a list of the values to choose from',
    ],
    [
      'may name options for a choice only',
      manual({ a: { type: 'number', options: ['1'] } }),
      'error hooks.a.on.manual.inputs.a.options is for a choice, and the type is "number"',
    ],
    [
      'has defaults that could be given',
      manual({
        a: { options: ['x', 'y'], default: 'z' },
        b: { type: 'number', default: 'a[$(id)]' },
        c: { type: 'number', default: 1.5 },
        d: { type: 'boolean', default: 'yes' },
      }),
      'error hooks.a.on.manual.inputs.a.default: "z" is not one of the options',
      'error hooks.a.on.manual.inputs.b.default: "a[$(id)]" is not a whole number',
      'error hooks.a.on.manual.inputs.c.default: "1.5" is not a whole number',
      'error hooks.a.on.manual.inputs.d.default: "yes" is not true or false',
    ],
    [
      'has names that are variables, each its own',
      manual({ 'dry-run': {}, dry_run: {}, '1a': {} }),
      'error hooks.a.on.manual.inputs.dry_run would be $INPUT_DRY_RUN, as "dry-run" is; rename one',
      'error hooks.a.on.manual.inputs.1a: "1a" is not a name for an input; write letters, digits, "_" and "-"',
    ],
  ])
})
