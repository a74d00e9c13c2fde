/**
 * The output of a run as numbered lines. It comes in bytes from any place on, and each line says where the
 * one after it begins, so that who was cut off can go on there: the same bytes always make the same lines.
 */

import { keepColours } from '../show/escapes.ts'
import { type Piece, paint, STATE } from './ansi.ts'

export interface Line {
  readonly number: number
  readonly pieces: readonly Piece[]
  /** Its first byte. */
  readonly at: number
}

/** Where to go on: a byte at which a line begins, the number of that line, and the colours it begins with. */
export interface Place {
  readonly at: number
  readonly line: number
  readonly state: string
}

export const START: Place = { at: 0, line: 1, state: '' }

/** Longer lines are broken, each part with a number of its own: no page draws a line of a megabyte. */
const LONGEST = 8192
const NEWLINE = 0x0a
/** What a terminal would obey, or nobody would see: most lines have none of it. */
const NOTABLE = /(?!\t)\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export interface LineReader {
  readonly place: Place
  /** Lines that are whole by now. `ends` are places where a line ends without a newline: those of steps. */
  read(bytes: Uint8Array, ends?: readonly number[]): Line[]
  /** What stands there of a line that may go on, as the line it would be; null when there is nothing. */
  rest(): Line | null
  /** The same, now that nothing follows. */
  finish(): Line[]
}

export function createLines(from: Place): LineReader {
  let place = from
  let left = new Uint8Array()

  const take = (length: number, skip: number): Line => {
    const { line, state } = drawn(left.subarray(0, length), place)
    left = left.subarray(length + skip)
    place = { at: place.at + length + skip, line: place.line + 1, state }
    return line
  }
  const next = (ends: readonly number[]): Line | null => {
    const newline = left.indexOf(NEWLINE)
    const whole = newline < 0 ? left.length : newline
    const border = ends.find((end) => end > place.at && end <= place.at + whole)
    if (border !== undefined && border - place.at <= LONGEST) return take(border - place.at, 0)
    if (whole > LONGEST) return take(borderOf(left, LONGEST), 0)
    return newline < 0 ? null : take(newline, 1)
  }
  return {
    get place() {
      return place
    },
    read(bytes, ends = []) {
      left = left.length === 0 ? new Uint8Array(bytes) : joined(left, bytes)
      const lines: Line[] = []
      for (let line = next(ends); line !== null; line = next(ends)) lines.push(line)
      return lines
    },
    rest: () => (left.length === 0 ? null : drawn(left, place).line),
    finish: () => (left.length === 0 ? [] : [take(left.length, 0)]),
  }
}

/** `1024.17.1;31`, as it goes to a browser and comes back. */
export function writePlace({ at, line, state }: Place): string {
  return `${at}.${line}.${state}`
}

/** Null for what we did not write. */
export function readPlace(text: string): Place | null {
  const [, at, line, state = ''] = /^(\d{1,15})\.([1-9]\d{0,14})\.(.*)$/s.exec(text) ?? []
  if (at === undefined || line === undefined || !STATE.test(state)) return null
  return { at: Number(at), line: Number(line), state }
}

function drawn(bytes: Uint8Array, { at, line, state }: Place): { line: Line; state: string } {
  const written = decoder.decode(bytes)
  if (state === '' && !NOTABLE.test(written)) {
    const pieces: Piece[] = written === '' ? [] : [[written, '']]
    return { line: { number: line, pieces, at }, state }
  }
  const text = keepColours(shown).filter(written)
  const painted = paint(overwritten(text), state)
  return { line: { number: line, pieces: painted.pieces, at }, state: painted.state }
}

/** A progress bar goes back to the beginning of its line: what it wrote last is what stands there. */
function overwritten(text: string): string {
  const written = text.replace(/\r+$/, '')
  const back = written.lastIndexOf('\r')
  if (back < 0) return written
  const colours = written.slice(0, back).match(/\p{Cc}\[[\d;:]*m/gu) ?? []
  return colours.join('') + written.slice(back + 1)
}

function shown(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}

/** Not in the middle of a character. */
function borderOf(bytes: Uint8Array, near: number): number {
  let at = near
  while (at > near - 4 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--
  return at
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
