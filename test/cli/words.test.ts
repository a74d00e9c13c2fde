import { expect, test } from 'vitest'
import { printable, printableJson } from '../../src/cli/printable.ts'
import { renderTable } from '../../src/cli/table.ts'
import { cutTo, displayWidth } from '../../src/cli/width.ts'
import { ago, bytes, took } from '../../src/show/when.ts'

test.each([
  [0, '0.0s'],
  [849, '0.8s'],
  [9_949, '9.9s'],
  [9_951, '10s'],
  [59_600, '1m'],
  [125_000, '2m5s'],
  [3_600_000, '1h'],
  [5_430_000, '1h30m'],
  [-5, '0.0s'],
])('%i milliseconds took %s', (milliseconds, words) => {
  expect(took(milliseconds)).toBe(words)
})

test.each([
  [-9_000, 'just now'],
  [4_999, 'just now'],
  [59_999, '59s ago'],
  [3_599_000, '59m ago'],
  [86_399_000, '23h ago'],
  [86_400_000, 'yesterday'],
  [172_800_000, '2d ago'],
  [2_592_000_000, '2026-10-24'],
])('%i milliseconds before now is %s', (passed, words) => {
  const now = new Date(2026, 10, 23, 14, 30).getTime()
  expect(ago(now - passed, now)).toBe(words)
})

test.each([
  [1, '1 byte'],
  [999, '999 bytes'],
  [7400, '7.4 kB'],
  [999_950, '1.0 MB'],
])('%i is %s', (count, words) => {
  expect(bytes(count)).toBe(words)
})

test.each([
  ['main', 4],
  ['機能', 4],
  ['é', 1],
  ['e\u0301', 1],
  ['👩‍👩‍👧', 2],
  ['✓', 1],
  ['한글', 4],
])('%s is %i wide', (text, width) => {
  expect(displayWidth(text)).toBe(width)
})

test.each([
  ['feature/x', 9, 'feature/x'],
  ['feature/x', 6, 'featu…'],
  ['機能追加', 6, '機能…'],
  ['機能追加', 4, '機…'],
  ['x', 0, ''],
])('%s cut to %i is %s', (text, width, cut) => {
  expect(cutTo(text, width)).toBe(cut)
})

test('harmful characters become visible, and all others stay', () => {
  expect(printable('a\x1b[2J\n\u202e\u2066\u200f\u009b\ud800 é漢🎉')).toBe(
    String.raw`a\x1b[2J\x0a\u202e\u2066\u200f\x9b\ud800 é漢🎉`,
  )
})

test('JSON with such characters means the same and holds none of them raw', () => {
  const value = { name: 'a\x7f\u202e\u009b\n', list: ['é'] }
  const text = printableJson(value)
  expect(JSON.parse(text)).toEqual(value)
  expect(text).toBe('{\n  "name": "a\\u007f\\u202e\\u009b\\n",\n  "list": [\n    "é"\n  ]\n}')
})

test('no cell of a table writes anything but its own line, whatever stands in it', () => {
  const paper = { columns: null, write: async () => {}, style: (_: unknown, text: string) => text }
  const row = { icon: { text: '+' }, cells: ['a\n+ b', { text: '\u001b]0;x\u0007' }] }
  expect(renderTable([{ title: 'HOOK' }, { title: 'WHO' }], [row], paper)).toBe(
    '  HOOK      WHO\n+ a\\x0a+ b  \\x1b]0;x\\x07\n',
  )
})
