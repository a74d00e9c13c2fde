import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keepColours } from '../../src/show/escapes.ts'

function shown(...pieces: string[]): string {
  const colours = keepColours()
  return pieces.map((piece) => colours.filter(piece)).join('') + colours.end()
}

test.each([
  ['plain text', 'a\tb\r\nc\n', 'a\tb\r\nc\n'],
  ['colours', '\x1b[1;31mred\x1b[0m', '\x1b[1;31mred\x1b[0m\x1b[0m'],
  ['true colours', '\x1b[38:2::1:2:3mx', '\x1b[38:2::1:2:3mx\x1b[0m'],
  ['a cleared screen', 'a\x1b[2J\x1b[Hb', 'ab'],
  ['private modes', '\x1b[?1049h\x1b[?25lx', 'x'],
  ['a private sequence that ends like a colour', '\x1b[>4;2mx', 'x'],
  ['a window title', '\x1b]0;title\x07x', 'x'],
  ['a title with the longer end', '\x1b]0;title\x1b\\x', 'x'],
  ['a link', '\x1b]8;;http://x\x1b\\here\x1b]8;;\x1b\\', 'here'],
  ['a device string', '\x1bP+q544e\x1b\\x', 'x'],
  ['a reset of the terminal', '\x1bcx', 'x'],
  ['another character set', '\x1b(0x', 'x'],
  ['bells, backspaces and NUL', 'a\x07\x08\x00b', 'ab'],
  ['the eight-bit forms', '\x9b2Ja\x9d0;t\x9cb\x9b32mc', 'ab\x1b[32mc\x1b[0m'],
  ['marks that turn the direction', 'a\u202eb\u2066c', 'abc'],
  ['letters of any language', 'é漢字🎉', 'é漢字🎉'],
  ['a title that never ends, up to its line', '\x1b]0;gone\nhere', '\nhere'],
  ['a sequence inside a string', '\x1b]0;a\x1b[31mb', '\x1b[31mb\x1b[0m'],
  ['a sequence that is broken off', '\x1b[12\x1b[31mx', '\x1b[31mx\x1b[0m'],
  ['an endless colour', `\x1b[${'1;'.repeat(99)}mx`, 'x'],
])('%s', (_, output, expected) => {
  expect(shown(output)).toBe(expected)
})

const wild = fc.string({
  unit: fc.constantFrom(...'\x1b\x9b\x9d\x9c\x90[]\\P0;1?>mJHh\x07\n\ra é', '\u202e'),
  maxLength: 60,
})

test('it does not matter how the output is cut into pieces', () => {
  fc.assert(
    fc.property(wild, fc.nat(60), (output, at) => {
      expect(shown(output.slice(0, at), output.slice(at))).toBe(shown(output))
    }),
  )
})

test('whatever a command writes, a terminal sees text and colours only', () => {
  fc.assert(
    fc.property(wild, (output) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
      const rest = shown(output).replace(/\x1b\[[0-9;:]*m/g, '')
      expect(rest).not.toMatch(/[^\P{Cc}\t\n\r]|\u202e/u)
    }),
  )
})
