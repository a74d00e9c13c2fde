import fc from 'fast-check'
import { expect, test } from 'vitest'
import { visible } from '../../src/receive/visible.ts'

test.each([
  ['plain text\twith a tab\n', 'plain text\twith a tab\n'],
  ['\x1b[1;31mred\x1b[0m', 'red'],
  ['\x9b31mred', 'red'],
  ['\x1b]0;title\x07shown', 'shown'],
  ['\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\', 'link'],
  ['\x1bPq#0\x1b\\shown', 'shown'],
  ['\x1b]0;never ends\nnext line', '\nnext line'],
  ['\x1b(Bshown\x1b7\x1bc', 'shown'],
  ['10%\r20%\r\ndone', '10%\n20%\ndone'],
  ['a\u202eb\u2066c\u200bd\ufeffe', 'a<U+202E>b<U+2066>c<U+200B>d<U+FEFF>e'],
  ['pass\u00adword\u{e0041}', 'pass<U+00AD>word<U+E0041>'],
  ['bell\x07, NUL\0, backspace\b', 'bell<U+0007>, NUL<U+0000>, backspace<U+0008>'],
  ['\x1b', ''],
])('%j is shown as %j', (text, shown) => expect(visible(text)).toBe(shown))

test('nothing that is left can drive a terminal or turn a line around', () => {
  const nasty = fc.string({
    unit: fc.constantFrom(...'\x1b\x9b\x9d[]P;m0\x07\\\r\n\u202e\u2066xß'),
  })
  fc.assert(
    fc.property(nasty, (text) => !/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/u.test(visible(text))),
  )
})

test('a megabyte of beginnings is read in one go', () => {
  expect(visible('\x1b]'.repeat(500_000)).length).toBe(0)
})
