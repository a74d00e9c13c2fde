/**
 * A line of output to pieces of text with classes: colours by anser's tokens, everything else that a
 * terminal would obey is gone before (show/escapes.ts) or stands there to be seen. No piece is markup.
 */

import Anser, { type AnserJsonEntry } from 'anser'

/** Text, and classes of our style sheet: `fg1 bold`. */
export type Piece = readonly [text: string, classes: string]

export interface Painted {
  readonly pieces: readonly Piece[]
  /** Colours at the end of the line, as parameters of SGR: `1;31`. The next line begins with them. */
  readonly state: string
}

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']
const decorations: Readonly<Record<string, string>> = {
  bold: '1',
  dim: '2',
  italic: '3',
  underline: '4',
  reverse: '7',
  strikethrough: '9',
}

/** What `Painted.state` can look like: it comes back from browsers. */
export const STATE = /^(?:\d{1,3}(?:;\d{1,3}){0,9})?$/

export function paint(line: string, state: string): Painted {
  const tokens = new Anser().ansiToJson(`\x1b[${state || '0'}m${line}`, { use_classes: true })
  const pieces = tokens
    .filter(({ content }) => content !== '')
    .map((token): Piece => [token.content, classesOf(token)])
  const last = tokens.at(-1)
  return { pieces, state: last ? stateOf(last) : '' }
}

function classesOf(token: AnserJsonEntry): string {
  const [fg, bg] = [colourOf(token.fg, token.fg_truecolor), colourOf(token.bg, token.bg_truecolor)]
  const drawn = new Set(token.decorations.filter((one) => Object.hasOwn(decorations, one)))
  return [...(fg === null ? [] : [`fg${fg}`]), ...(bg === null ? [] : [`bg${bg}`]), ...drawn].join(
    ' ',
  )
}

function stateOf(token: AnserJsonEntry): string {
  const [fg, bg] = [colourOf(token.fg, token.fg_truecolor), colourOf(token.bg, token.bg_truecolor)]
  const drawn = [...new Set(token.decorations.flatMap((one) => decorations[one] ?? []))]
  const code = (colour: number | null, base: number) =>
    colour === null ? [] : [String(colour < 8 ? base + colour : base + 52 + colour)]
  return [...drawn, ...code(fg, 30), ...code(bg, 40)].join(';')
}

/** One of the sixteen: pages have a class for each of them, in light and in dark. */
function colourOf(written: string | null, truecolor: string | null): number | null {
  if (!written) return null
  if (written === 'ansi-truecolor') return nearest((truecolor ?? '').split(',').map(Number))
  const [, palette] = /^ansi-palette-(\d+)$/.exec(written) ?? []
  if (palette !== undefined) return ofPalette(Number(palette))
  const [, bright, name = ''] = /^ansi-(bright-)?([a-z]+)$/.exec(written) ?? []
  const index = names.indexOf(name)
  return index < 0 ? null : index + (bright ? 8 : 0)
}

/** xterm's 256: the sixteen, a cube of 6 × 6 × 6, and 24 greys. */
function ofPalette(index: number): number {
  if (index < 16) return index
  if (index >= 232) return nearest(Array(3).fill(8 + (index - 232) * 10))
  const levels = [0, 95, 135, 175, 215, 255]
  const cube = index - 16
  return nearest(
    [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((n) => levels[n] ?? 0),
  )
}

/** By which of the three are strong; bright when the strongest is very. */
function nearest([red = 0, green = 0, blue = 0]: readonly number[]): number {
  const most = Math.max(red, green, blue)
  const spread = most - Math.min(red, green, blue)
  if (spread < 40) return most < 60 ? 0 : most < 130 ? 8 : most < 200 ? 7 : 15
  const limit = most - spread / 2
  const bits = (red > limit ? 1 : 0) + (green > limit ? 2 : 0) + (blue > limit ? 4 : 0)
  return bits + (most > 210 ? 8 : 0)
}
