/** Output to lines: nothing of it is markup, and it does not matter where it was cut. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Piece, paint } from '../../src/pages/ansi.ts'
import { createLines, readPlace, START, writePlace } from '../../src/pages/lines.ts'

const textOf = (pieces: readonly Piece[]) => pieces.map(([text]) => text).join('')

function linesOf(...pieces: (string | Uint8Array)[]) {
  const reader = createLines(START)
  return [...pieces.flatMap((piece) => reader.read(Buffer.from(piece))), ...reader.finish()]
}

describe('colours', () => {
  const pieces = (line: string) => paint(line, '').pieces
  test.each<[string, string, readonly Piece[]]>([
    ['plain text', 'hello', [['hello', '']]],
    [
      'one of eight',
      '\x1b[31mred\x1b[0m rest',
      [
        ['red', 'fg1'],
        [' rest', ''],
      ],
    ],
    ['a bright one on a ground', '\x1b[92;41mx', [['x', 'fg10 bg1']]],
    [
      'bold, and taken back',
      '\x1b[1mb\x1b[22mn',
      [
        ['b', 'bold'],
        ['n', ''],
      ],
    ],
    ['one of 256', '\x1b[38;5;196mx', [['x', 'fg9']]],
    ['a grey of 256', '\x1b[38;5;240mx', [['x', 'fg8']]],
    ['a true colour', '\x1b[38;2;20;90;200mx', [['x', 'fg4']]],
    ['markup in a colour', '\x1b[31m<b onclick="x">', [['<b onclick="x">', 'fg1']]],
  ])('%s', (_, line, expected) => {
    expect(pieces(line)).toEqual(expected)
  })

  test('go on in the next line until they are taken back', () => {
    const lines = linesOf('\x1b[1;31mred\nstill\x1b[0m\nplain\n')
    expect(lines.map(({ pieces }) => pieces)).toEqual([
      [['red', 'fg1 bold']],
      [['still', 'fg1 bold']],
      [['plain', '']],
    ])
  })
})

describe('lines', () => {
  test.each([
    ['end with a newline, or with the output', 'a\nb', ['a', 'b']],
    ['may be empty', 'a\n\nb\n', ['a', '', 'b']],
    ['of Windows end with two characters', 'a\r\nb\r\n', ['a', 'b']],
    [
      'that are written over show what was written last',
      '10%\r50%\r100%\ndone\n',
      ['100%', 'done'],
    ],
    [
      'have no other escapes',
      'a\x1b[2Jb\x1b]0;title\x07c\x1b]8;;http://x\x1b\\d\x1b]8;;\x1b\\',
      ['abcd'],
    ],
    ['show what would turn them around', 'a\u202eb\u2066c\x07', ['a<U+202E>b<U+2066>c<U+0007>']],
    ['survive bytes that are no text', Buffer.from([0x61, 0xff, 0xfe, 0x0a]), ['a��']],
  ])('%s', (_, output, expected) => {
    expect(linesOf(output).map(({ pieces }) => textOf(pieces))).toEqual(expected)
  })

  test('that are very long are broken, not in the middle of a character', () => {
    const lines = linesOf('é'.repeat(10_000))
    expect(lines.length).toBe(3)
    expect(lines.map(({ pieces }) => textOf(pieces)).join('')).toBe('é'.repeat(10_000))
  })

  test('end where a step ends, whatever stands there', () => {
    const reader = createLines(START)
    const lines = [...reader.read(Buffer.from('one, no newlinetwo\n'), [0, 15]), ...reader.finish()]
    expect(lines.map(({ pieces, at }) => [at, textOf(pieces)])).toEqual([
      [0, 'one, no newline'],
      [15, 'two'],
    ])
  })
})

const wild = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      ...'\x1b\x9b\x90\x98\x9c\x9d\x9e\x9f[]()#;:?!P_X^\\0135789mKJHhlcM<>&"\'/=a \r\n\t\x07\x08\x7f\x00é漢🎉',
      ...'\u061c\u200b\u200d\u200e\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\ufeff\ud83d\udc00',
      ...['\x1b[31m', '\x1b[0m', '\x1b[38;5;99m', '\x1b[48;2;1;2;3m', '\x1b[1;4;7m', '\x1b[m'],
      ...['<script>', '<img src=x onerror=', '</span>', '" class="', 'javascript:', '&lt;b&gt;'],
      ...[
        '\x1b]8;;javascript:x\x07',
        '\x1b]8;;\x1b\\',
        '\x1b]0;',
        '\x1bP',
        '\x1b[2J',
        '\x1b[?1049h',
      ],
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 120,
})

const EVERY_CLASS = new Set([
  ...Array.from({ length: 16 }, (_, colour) => [`fg${colour}`, `bg${colour}`]).flat(),
  ...['bold', 'dim', 'italic', 'underline', 'reverse', 'strikethrough'],
])

test('whatever a command writes, no piece holds a control character, and no class is its own', () => {
  fc.assert(
    fc.property(wild, (output) => {
      for (const { pieces } of linesOf(output)) {
        for (const [text, classes] of pieces) {
          expect(text.match(/(?!\t)\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u)).toBeNull()
          const strange = classes.split(' ').filter((one) => one !== '' && !EVERY_CLASS.has(one))
          expect(strange).toEqual([])
        }
      }
    }),
    { numRuns: 20_000 },
  )
})

const codeOf = (character: string) => {
  return `<U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}>`
}

/** What is written, and what of it is to be read. */
const written = fc.oneof(
  fc
    .constantFrom('plain', ' ', '<b>', '</span>', '&amp;', '"', '[31m', ']8;;', '漢', '🎉', '\t')
    .map((text) => [text, text] as const),
  fc.integer({ min: 0, max: 107 }).map((code) => [`\x1b[${code}m`, ''] as const),
  fc
    .constantFrom('\x9b31m', '\x1b[38;5;99m', '\x1b[38;2;1;2;3m', '\x1b[1;4;9m', '\x1b[m')
    .map((colour) => [colour, ''] as const),
  fc
    .constantFrom(
      ...[
        '\x1b[2J',
        '\x1b[H',
        '\x9b5A',
        '\x1b[?25l',
        '\x1b[?1049h',
        '\x1b[>1m',
        '\x1b[1 q',
        '\x1b[6n',
      ],
      ...[
        '\x1b]0;<title>\x07',
        '\x1b]52;c;eA==\x1b\\',
        '\x9d0;x\x9c',
        '\x1bPq#0\x1b\\',
        '\x90x\x9c',
      ],
      ...[
        '\x1b]8;;javascript:alert(1)\x07',
        '\x1b]8;id=1;https://evil.example\x1b\\',
        '\x1b]8;;\x07',
      ],
      ...[
        '\x1b_x\x1b\\',
        '\x1b^x\x1b\\',
        '\x1bXx\x1b\\',
        '\x9fx\x9c',
        '\x1bc',
        '\x1b(B',
        '\x1b=',
        '\x1bM',
      ],
    )
    .map((sequence) => [sequence, ''] as const),
  fc
    .constantFrom(
      ...'\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00\x07\x08\x0b\x7f\x85',
    )
    .map((character) => [character, codeOf(character)] as const),
)

test('all that is no colour of a terminal is gone, and of the rest every character stands there', () => {
  fc.assert(
    fc.property(fc.array(written, { maxLength: 40 }), (parts) => {
      const [line] = linesOf(parts.map(([text]) => text).join(''))
      expect(textOf(line?.pieces ?? [])).toBe(parts.map(([, read]) => read).join(''))
    }),
    { numRuns: 20_000 },
  )
})

test('it does not matter how the output is cut into pieces', () => {
  fc.assert(
    fc.property(wild, fc.integer({ min: 0, max: 200 }), (output, at) => {
      const bytes = Buffer.from(output)
      expect(linesOf(bytes.subarray(0, at), bytes.subarray(at))).toEqual(linesOf(bytes))
    }),
    { numRuns: 2000 },
  )
})

test('who was cut off goes on with the next line, in its colours', () => {
  fc.assert(
    fc.property(wild, fc.integer({ min: 0, max: 200 }), (output, at) => {
      const bytes = Buffer.from(output)
      const first = createLines(START)
      const seen = first.read(bytes.subarray(0, at))
      const place = readPlace(writePlace(first.place))
      expect(place).toEqual(first.place)
      const second = createLines(place ?? START)
      const rest = [...second.read(bytes.subarray(second.place.at)), ...second.finish()]
      expect([...seen, ...rest]).toEqual(linesOf(bytes))
    }),
    { numRuns: 2000 },
  )
})

test.each([
  '',
  'x',
  '1',
  '1.0.',
  '-1.1.',
  '1.1.31m<b>',
  '1.1.31;',
  '99999999999999999.1.',
  "1.1.'",
])('a place that we did not write is none: %j', (written) => {
  expect(readPlace(written)).toBeNull()
})
