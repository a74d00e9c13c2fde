import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutLongLines } from '../../src/show/long-lines.ts'

function shown(pieces: readonly string[], longest: number): string {
  const lines = cutLongLines(longest)
  const cut = pieces.flatMap((piece) => lines.cut(piece))
  return cut.map(({ shown, mark, end }) => shown + mark + end).join('') + lines.end()
}

test('each line is shown up to its longest, and says how much is not shown', () => {
  expect(shown(['123456\n1234\n12345'], 4)).toBe(
    '1234… [runhook: 2 more characters]\n1234\n1234… [runhook: 1 more characters]',
  )
})

test('a progress bar begins its line anew with each carriage return', () => {
  expect(shown(['10%\r20%\r', '100%\n'], 4)).toBe('10%\r20%\r100%\n')
})

test('a character of two halves is not split', () => {
  expect(shown(['ab😀cd'], 3)).toBe('ab😀… [runhook: 2 more characters]')
})

test('however the output is cut into pieces, the same is shown', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r', 'é'), maxLength: 40 })
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 6 }),
      fc.integer({ min: 1, max: 8 }),
      (pieces, longest) => {
        expect(shown(pieces, longest)).toBe(shown([pieces.join('')], longest))
      },
    ),
  )
})
