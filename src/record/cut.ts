/**
 * Where the middle of an output was cut: the line that says so, and clean edges around it, so that no
 * character of UTF-8 is split and the tail begins with a line where it can.
 */

import type { Ring } from './ring.ts'

/** No character of UTF-8 has more than three bytes after its first. */
const LONGEST_REST = 3
export const NEWLINE = 0x0a
/** How far into the tail a line start is looked for. */
const LINE_SEARCH = 64 * 1024

/**
 * What a file gets after its head: the tail, and before it a marker line if anything was cut. `from`
 * is the ring's position of the tail's first byte.
 */
export function ending(
  ring: Ring,
  limits: { head: number; tail: number },
  onNewLine: boolean,
): { rest: Uint8Array; from: number } {
  const bytes = ring.read(ring.start, limits.tail)
  if (ring.start === 0) return { rest: bytes, from: 0 }
  const skipped = lineStart(bytes)
  const from = ring.start + skipped
  const kept = `; the first ${size(limits.head)} and the last ${size(limits.tail)} are kept`
  const line = `${onNewLine ? '' : '\n'}${marker(from, kept)}\n`
  return { rest: Buffer.concat([Buffer.from(line), bytes.subarray(skipped)]), from }
}

/** How much of a chunk the head takes that has `taken` bytes: up to its limit, and on to the end of a character. */
export function headShare(chunk: Uint8Array, taken: number, limit: number): number {
  let share = Math.min(chunk.length, Math.max(0, limit - taken))
  const most = Math.min(chunk.length, limit + LONGEST_REST - taken)
  while (share < most && taken + share >= limit && continues(chunk, share)) share += 1
  return share
}

/** Stands, for a reader of a live output, for what was cut before he came to read it. */
export function gapLine(cut: number): Buffer {
  return Buffer.from(`\n${marker(cut)}\n`)
}

/** Where the tail may begin: after the first newline near its start, else at the start of a character. */
function lineStart(bytes: Uint8Array): number {
  const newline = bytes.subarray(0, Math.min(LINE_SEARCH, bytes.length >> 2)).indexOf(NEWLINE)
  if (newline >= 0) return newline + 1
  let start = 0
  while (start < LONGEST_REST && continues(bytes, start)) start += 1
  return start
}

/** True for a byte inside a UTF-8 character, never its first. */
function continues(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] ?? 0) & 0xc0) === 0x80
}

function marker(cut: number, kept = ''): string {
  return `[runhook: ${grouped(cut)} bytes cut here${kept}]`
}

function size(bytes: number): string {
  if (bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20} MiB`
  return bytes % 2 ** 10 === 0 ? `${bytes / 2 ** 10} KiB` : `${grouped(bytes)} bytes`
}

export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
