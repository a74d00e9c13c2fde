/**
 * What a move makes of runs that were under way: their commands end with the old server, or go on there unseen.
 * And what must be empty where a history goes.
 */

import { messageOf, RunhookError } from '../errors.ts'
import type { ArchiveRow } from './archive-tables.ts'

const REASON = 'it ran while its history was moved to another database'

/** Tables that are empty where nothing has happened yet, and what people call their rows. */
export const history = [
  ['deliveries', 'deliveries'],
  ['runs', 'runs'],
  ['tokens', 'tokens'],
  ['users', 'users'],
  ['audit', 'rows of the audit log'],
] as const

/** `at`: when the history was written down. */
export function cutOffBy(run: ArchiveRow, at: number): ArchiveRow {
  if (run.status !== 'running') return run
  return { ...run, status: 'interrupted', finished_at: at, reason: REASON }
}

/** A step without an end, of a run that had none. */
export function stepCutOff(step: ArchiveRow, runs: ReadonlySet<number>, at: number): ArchiveRow {
  if (step.status !== null || !runs.has(Number(step.run_id))) return step
  return { ...step, status: 'interrupted', finished_at: at, reason: REASON }
}

/** What a database said to a row. `where` it stands: "Line 7". */
export function notKept(error: unknown, where: string): RunhookError {
  if (error instanceof RunhookError) return error
  return new RunhookError('storage', `${where} cannot be kept: ${messageOf(error)}.`, {
    hint: 'Nothing was imported.',
    cause: error,
  })
}
