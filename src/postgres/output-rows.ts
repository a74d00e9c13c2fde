/** The statements on runhook.outputs; what the rows mean stands in pieces.ts. */

import { number, text } from '../record/rows.ts'
import type { Row, Session } from './connect.ts'
import type { Rows } from './output-writer.ts'
import { CUT, type Piece, type Placed } from './pieces.ts'

type Database = Pick<Session, 'query'>

/** How many pieces a follower is given at once. */
const AT_ONCE = 4

/** Afterwards the run has these rows and no others. */
export async function saveRows(database: Database, runId: number, { keep, put }: Rows) {
  const starts: number[] = []
  let start = 1
  for (const { length } of put) {
    starts.push(start)
    start += length
  }
  const offsets = put.map(({ at }) => at)
  await database.query(
    `WITH gone AS (DELETE FROM runhook.outputs WHERE run_id = $1 AND at <> ALL ($2::bigint[]))
     INSERT INTO runhook.outputs (run_id, at, bytes)
     SELECT $1, at, substring($3::bytea FROM start FOR length)
     FROM unnest($4::bigint[], $5::int[], $6::int[]) AS piece (at, start, length)
     ON CONFLICT (run_id, at) DO UPDATE SET bytes = excluded.bytes`,
    [
      runId,
      [...keep, ...offsets],
      Buffer.concat(put.map(({ bytes }) => bytes)),
      offsets,
      starts,
      put.map(({ length }) => length),
    ],
  )
}

/** Whether the run is over, and its pieces in order; of both what they were at one moment. */
export async function piecesOf(database: Database, runId: number) {
  const rows = await database.query(
    `SELECT run.status, piece.at, octet_length(piece.bytes) AS length
     FROM (SELECT $1::bigint AS id) AS wanted
     LEFT JOIN runhook.runs AS run USING (id)
     LEFT JOIN runhook.outputs AS piece ON piece.run_id = wanted.id
     ORDER BY piece.at`,
    [runId],
  )
  const pieces = rows.filter((row) => row.at !== null).map(pieceOf)
  return { over: isOver(rows), pieces }
}

/**
 * The bytes of the stored output from `from` to `to`; null where the rows are no longer what `all` says, because
 * the run went on meanwhile.
 */
export async function bytesIn(
  database: Database,
  runId: number,
  all: readonly Placed[],
  from: number,
  to: number,
): Promise<Uint8Array | null> {
  const parts = all
    .filter(({ place, piece }) => place < to && place + piece.length > from)
    .map(({ place, piece, line }) => {
      const skip = Math.max(0, from - place)
      return { at: piece.at, line, skip, length: Math.min(piece.length, to - place) - skip }
    })
  const wanted = parts.filter(({ line }) => line === null)
  const rows = await database.query(
    `SELECT at, substring(bytes FROM start FOR length) AS bytes
     FROM unnest($2::bigint[], $3::int[], $4::int[]) AS part (at, start, length)
     JOIN runhook.outputs USING (at) WHERE run_id = $1`,
    [
      runId,
      wanted.map(({ at }) => at),
      wanted.map(({ skip }) => skip + 1),
      wanted.map(({ length }) => length),
    ],
  )
  const found = new Map(rows.map((row) => [number(row, 'at'), bytesOf(row)]))
  const bytes = parts.map(({ at, line, skip, length }) =>
    line ? line.subarray(skip, skip + length) : found.get(at),
  )
  if (parts.some(({ length }, index) => bytes[index]?.length !== length)) return null
  return Buffer.concat(bytes.filter((part) => part !== undefined))
}

export interface Next {
  readonly over: boolean
  /** Stored for what was cut out; null = nobody has yet. */
  readonly line: Uint8Array | null
  /** Some of what follows the offset, in order, by offset in the whole stream. */
  readonly pieces: readonly { readonly at: number; readonly bytes: Uint8Array }[]
}

/** What follows offset `from` of the whole stream. */
export async function nextOf(database: Database, runId: number, from: number): Promise<Next> {
  const rows = await database.query(
    `SELECT run.status, piece.at, piece.bytes, line.bytes AS line
     FROM (SELECT $1::bigint AS id) AS wanted
     LEFT JOIN runhook.runs AS run USING (id)
     LEFT JOIN runhook.outputs AS line ON line.run_id = wanted.id AND line.at = ${CUT}
     LEFT JOIN LATERAL (
       SELECT at, bytes FROM runhook.outputs
       WHERE run_id = wanted.id AND at + octet_length(bytes) > $2 AND at >= coalesce(
         (SELECT max(at) FROM runhook.outputs WHERE run_id = wanted.id AND at BETWEEN 0 AND $2), 0)
       ORDER BY at LIMIT ${AT_ONCE}
     ) AS piece ON true
     ORDER BY piece.at`,
    [runId, from],
  )
  const pieces = rows
    .filter((row) => row.at !== null)
    .map((row) => ({ at: number(row, 'at'), bytes: bytesOf(row) }))
  const line = rows[0]?.line
  return { over: isOver(rows), line: line instanceof Uint8Array ? line : null, pieces }
}

export async function removeRows(database: Database, runId: number): Promise<void> {
  await database.query('DELETE FROM runhook.outputs WHERE run_id = $1', [runId])
}

/** A run that is not there any more is over too. */
function isOver([row]: readonly Row[]): boolean {
  if (row === undefined || row.status === null) return true
  return !['queued', 'running'].includes(text(row, 'status'))
}

function pieceOf(row: Row): Piece {
  return { at: number(row, 'at'), length: number(row, 'length') }
}

function bytesOf({ bytes }: Row): Uint8Array {
  return bytes instanceof Uint8Array ? bytes : new Uint8Array()
}
