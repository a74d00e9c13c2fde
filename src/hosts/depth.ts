/**
 * How deep a JSON text is nested, before it is parsed: 25 MB of `[` hold the parser, and with it everybody,
 * for seconds. No host nests deeper than a dozen levels.
 */

export const DEEPEST = 64

const [QUOTE, BACKSLASH] = [0x22, 0x5c] as const
/** Of `{` and `[`, of `}` and `]`: in ASCII each pair differs in this one bit. */
const [LETTER_BIT, OPENING, CLOSING] = [0x20, 0x7b, 0x7d] as const

/**
 * One pass. Texts are left to `indexOf`, which is several times as fast as looking at each character. Where
 * the text is no JSON the count may be off, but the parser stops at the first such place.
 */
export function isTooDeep(json: string): boolean {
  let depth = 0
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfText(json, at)
      if (at < 0) return false
    } else if ((code | LETTER_BIT) === OPENING) {
      if (++depth > DEEPEST) return true
    } else if ((code | LETTER_BIT) === CLOSING) depth--
  }
  return false
}

/** Where the closing quote stands, or -1. */
function endOfText(json: string, start: number): number {
  let end = json.indexOf('"', start + 1)
  while (end > 0 && isEscaped(json, end)) end = json.indexOf('"', end + 1)
  return end
}

/** An odd number of backslashes before it. */
function isEscaped(json: string, at: number): boolean {
  let first = at
  while (json.charCodeAt(first - 1) === BACKSLASH) first--
  return (at - first) % 2 === 1
}
