/**
 * Text that strangers may have written, made safe to print. A branch name can hold an escape sequence
 * that rewrites the screen, or a mark that turns the reading direction; here both become visible.
 */

/** C0, DEL, C1, marks that turn the reading direction, line separators, lone surrogates. */
const HARMFUL =
  /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]|\p{Surrogate}/gu

/** One line, with `\x1b` or `\u202e` where such a character stood. */
export function printable(text: string): string {
  return text.replace(HARMFUL, visible)
}

/** JSON that means the same and holds none of those characters raw. */
export function printableJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(HARMFUL, (character) =>
    character === '\n' ? character : unicodeEscape(character),
  )
}

function visible(character: string): string {
  const code = character.charCodeAt(0)
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : unicodeEscape(character)
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
