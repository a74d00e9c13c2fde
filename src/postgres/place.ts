/** Where a run stands in the order of things: what takes turns with it, and which queue its job belongs in. */

import { number, numberOrNull, text, textOrNull } from '../record/rows.ts'
import type { Row, Session } from './connect.ts'
import { groupLock, hookLock, labelQueue, rolloutLock, workerQueue } from './keys.ts'

export interface Place {
  readonly id: number
  readonly hook: string
  readonly group: string | null
  /** What it takes turns as: the number of its rollout, else its own. */
  readonly unit: number
  readonly rollout: number | null
  readonly worker: string | null
  readonly label: string
  /** So many of its hook side by side. */
  readonly maxParallel: number | null
}

/** Columns of runhook.runs that `placeOf` reads. */
export const placeColumns =
  'id, hook, concurrency_group, unit, rollout, worker, label, max_parallel'

export function placeOf(row: Row): Place {
  return {
    id: number(row, 'id'),
    hook: text(row, 'hook'),
    group: textOrNull(row, 'concurrency_group'),
    unit: number(row, 'unit'),
    rollout: numberOrNull(row, 'rollout'),
    worker: textOrNull(row, 'worker'),
    label: text(row, 'label'),
    maxParallel: numberOrNull(row, 'max_parallel'),
  }
}

export async function placeOfRun(session: Session, id: number): Promise<Place | null> {
  const [row] = await session.query(`SELECT ${placeColumns} FROM runhook.runs WHERE id = $1`, [id])
  return row ? placeOf(row) : null
}

/** A run of a rollout is for one worker alone; any other for whoever has the label, also when one has it. */
export function queueOf({ rollout, worker, label }: Place): string {
  return rollout !== null && worker !== null ? workerQueue(worker) : labelQueue(label)
}

/**
 * What must be held by whoever changes what waits or runs beside it. One that has neither group nor rollout nor
 * limit meets nobody.
 */
export function lockNames({ group, rollout, hook, maxParallel }: Place): string[] {
  const names: string[] = []
  if (group !== null) names.push(groupLock(group))
  else if (rollout !== null) names.push(rolloutLock(rollout))
  if (maxParallel !== null) names.push(hookLock(hook))
  return names
}
