/**
 * A history as lines of JSON, to be moved into another database. The first line says what it is:
 *
 *   {"runhook":{"format":"history","version":1,"release":"0.1.0","at":1795444200000}}
 *
 * Then each row is an object with one key, its table: {"delivery":{…}}, {"run":{…}}. A delivery's body and
 * a run's output follow in pieces of base64: {"body":{"at":0,"bytes":"…"}}, {"output":{"run":7,"at":0,…}}.
 * Every thousand lines {"check":"…"} holds the SHA-256 of all before it, newlines included, so that damage is
 * found near where it is. The last line, {"end":{"counts":{…},"sha256":"…"}}, proves that nothing is missing.
 */

import { createHash } from 'node:crypto'
import { version } from '../version.ts'
import { type Entry, PIECE, writtenRow } from './archive-tables.ts'

export const FORMAT = 'history'
export const FORMAT_VERSION = 1
/** Lines between two checks. */
export const CHECKED = 1000

/** How many of each there are; of outputs, how many runs have one. */
export type Counts = Readonly<Record<string, number>>

/** Gathered before they are handed on. */
const BLOCK = 64 * 1024

/** Yields blocks of whole lines, and returns what it has counted. */
export async function* archiveOf(
  entries: AsyncIterable<Entry>,
  now: number,
): AsyncGenerator<Uint8Array, Counts> {
  const hash = createHash('sha256')
  const counts: Record<string, number> = {}
  let lines = 0
  let block: string[] = []
  let size = 0
  const add = (value: object) => {
    const line = `${JSON.stringify(value)}\n`
    hash.update(line)
    block.push(line)
    size += line.length
    lines += 1
  }
  const take = () => {
    const bytes = Buffer.from(block.join(''))
    block = []
    size = 0
    return bytes
  }
  add({ runhook: { format: FORMAT, version: FORMAT_VERSION, release: version, at: now } })
  for await (const entry of entries) {
    if (isCounted(entry)) counts[entry.kind] = (counts[entry.kind] ?? 0) + 1
    for (const value of valuesOf(entry)) {
      add(value)
      if (lines % CHECKED === 0) add({ check: hash.copy().digest('hex') })
      if (size >= BLOCK) yield take()
    }
  }
  add({ end: { counts, sha256: hash.copy().digest('hex') } })
  yield take()
  return counts
}

/** One for each line. */
function* valuesOf(entry: Entry): Generator<object> {
  if (entry.kind === 'output') {
    const { run, at, bytes } = entry
    for (const piece of piecesOf(bytes)) {
      yield { output: { run, at: at + piece.at, bytes: piece.bytes } }
    }
    return
  }
  const row = writtenRow(entry.row)
  if (entry.kind !== 'delivery') yield { [entry.kind]: row }
  else {
    yield { delivery: { ...row, body_bytes: entry.body.length } }
    for (const body of piecesOf(entry.body)) yield { body }
  }
}

export function isCounted(entry: Entry): boolean {
  return entry.kind !== 'output' || entry.at === 0
}

function* piecesOf(bytes: Uint8Array): Generator<{ at: number; bytes: string }> {
  for (let at = 0; at < bytes.length; at += PIECE) {
    const piece = Buffer.from(
      bytes.buffer,
      bytes.byteOffset + at,
      Math.min(PIECE, bytes.length - at),
    )
    yield { at, bytes: piece.toString('base64') }
  }
}
