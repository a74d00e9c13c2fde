/** Where runs stand, for who asks again and again: one statement for all of them, and little to read. */

import { number, text } from '../record/rows.ts'
import type { Session } from './connect.ts'

/** By number; a text that is another one after each move of the run. Runs that are gone are not in it. */
export async function standOf(
  database: Pick<Session, 'query'>,
  runIds: readonly number[],
): Promise<Map<number, string>> {
  if (runIds.length === 0) return new Map()
  const rows = await database.query(
    `SELECT id, concat_ws(' ', status,
       (SELECT count(*) || ' ' || count(finished_at) FROM runhook.steps WHERE run_id = run.id)) AS stand
     FROM runhook.runs AS run WHERE id = ANY ($1::bigint[])`,
    [runIds],
  )
  return new Map(rows.map((row) => [number(row, 'id'), text(row, 'stand')]))
}

/** Of these runs those that do not wait or run any more, or are gone; `refused`: as RunEnd has it. */
export async function endedOf(
  database: Pick<Session, 'query'>,
  runIds: readonly number[],
): Promise<{ readonly id: number; readonly refused: boolean }[]> {
  if (runIds.length === 0) return []
  const rows = await database.query(
    `SELECT wanted.id, run.refused FROM unnest($1::bigint[]) AS wanted (id) LEFT JOIN runhook.runs AS run USING (id)
     WHERE run.status IS NULL OR run.status NOT IN ('queued', 'running')`,
    [runIds],
  )
  return rows.map((row) => ({ id: number(row, 'id'), refused: row.refused === true }))
}
