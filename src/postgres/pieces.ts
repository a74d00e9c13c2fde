/**
 * How the pieces of an output lie: rows of runhook.outputs, each by its offset in the whole stream of what the run
 * wrote. What was cut out of the middle is missing there; the line that says so has a row of its own at CUT.
 * What a reader gets of all that is the stored output, as of a file: head, line, tail.
 */

import { gapLine } from '../record/cut.ts'

export interface Piece {
  /** Offset in the whole stream; CUT for the line. */
  readonly at: number
  readonly length: number
}

/** Where the line stands for what was cut out; no offset. */
export const CUT = -1

/** A piece in its place of the stored output, or a line that nobody stored, because the writer went away. */
export interface Placed {
  readonly piece: Piece
  readonly place: number
  readonly line: Buffer | null
}

/** `pieces` in the order of their offsets, as the database gives them; none overlap. */
export function placed(pieces: readonly Piece[]): Placed[] {
  const line = pieces.find(({ at }) => at === CUT)
  const all: Placed[] = []
  let [end, place] = [0, 0]
  const put = (piece: Piece, line: Buffer | null = null) => {
    all.push({ piece, place, line })
    place += piece.length
  }
  for (const piece of pieces) {
    if (piece.at === CUT) continue
    if (piece.at > end) {
      const own = gapLine(piece.at - end)
      if (line) put(line)
      else put({ at: CUT, length: own.length }, own)
    }
    put(piece)
    end = piece.at + piece.length
  }
  return all
}

/** Of a run that goes on: its head, which only grows; what follows may be cut out yet. */
export function headOf(pieces: readonly Piece[], head: number): Piece[] {
  const whole: Piece[] = []
  let end = 0
  for (const piece of pieces) {
    if (piece.at === CUT) continue
    if (piece.at !== end || piece.at >= head) break
    whole.push(piece)
    end += piece.length
  }
  return whole
}

export function sizeOf(all: readonly Placed[]): number {
  const last = all.at(-1)
  return last ? last.place + last.piece.length : 0
}

/** Offset in the whole stream to offset in the stored output; what was cut out maps to its line. */
export function placeIn(all: readonly Placed[], offset: number): number {
  let place = 0
  for (const { piece, ...one } of all) {
    if (piece.at === CUT) {
      place = one.place
      continue
    }
    if (offset < piece.at) return place
    place = one.place + Math.min(offset - piece.at, piece.length)
    if (offset < piece.at + piece.length) return place
  }
  return place
}

/** What `pieces` leave open between two offsets. */
export function gapsIn(pieces: readonly Piece[], from: number, to: number): Piece[] {
  const gaps: Piece[] = []
  let end = from
  for (const { at, length } of pieces) {
    if (at === CUT) continue
    const next = Math.min(at, to)
    if (next > end) gaps.push({ at: end, length: next - end })
    end = Math.max(end, at + length)
  }
  if (end < to) gaps.push({ at: end, length: to - end })
  return gaps
}
