/** The runs that one delivery asks of every worker of a label. */

import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import { number } from '../record/rows.ts'
import type { Row } from './connect.ts'
import type { NewRun } from './insert.ts'
import type { Place } from './place.ts'
import type { Plan } from './plan.ts'

export interface Member {
  readonly worker: string
  readonly alive: boolean
  readonly seenMsAgo: number
}

/** Of runhook.workers; by the clock of the database. */
export const aliveSql = `(stopped_at IS NULL AND seen_at + lease_ms * interval '1 ms' > now())`

/** As JSON, for the label `w.label`. */
export const membersSql = `(SELECT json_agg(json_build_object('worker', name, 'alive', ${aliveSql},
    'seenMsAgo', floor(extract(epoch FROM now() - seen_at) * 1000)) ORDER BY name)
  FROM runhook.workers WHERE w.label = ANY (labels))`

/** Of `row.members` as `membersSql` gives it: JSON that our own statement made. */
export function membersOf(row: Row): Member[] {
  return Array.isArray(row.members) ? (row.members as Member[]) : []
}

/**
 * A run for each worker; the first has the number of `run`, whose copies they are. One that is away gets one
 * too, that is over at once and says so. So does a label that nobody ever had: with no worker.
 */
export async function spread(
  plan: Plan,
  run: Run,
  hook: Hook,
  members: readonly Member[],
): Promise<NewRun[]> {
  const ids = [run.id, ...(await moreIds(plan, members.length - 1))]
  const { placement, maxParallel } = hook
  const place = (id: number, worker: string | null): Place => ({
    id,
    hook: hook.name,
    group: run.group,
    unit: run.id,
    rollout: run.id,
    worker,
    label: placement.label,
    maxParallel,
  })
  if (members.length === 0) {
    const reason = `no worker with the label "${placement.label}" has ever registered`
    return [
      { run: over({ ...run, rollout: run.id }, reason), place: place(run.id, null), job: null },
    ]
  }
  return members.map(({ worker, alive, seenMsAgo }, index) => {
    const id = ids[index] ?? 0
    const one: Run = { ...run, id, worker, rollout: run.id }
    const done = alive ? one : over(one, wasAway(worker, seenMsAgo, placement.catchUp))
    return { run: done, place: place(id, worker), job: null }
  })
}

function over(run: Run, reason: string): Run {
  return { ...run, status: 'cancelled', finishedAt: run.queuedAt, reason }
}

/** What each such reason begins with, so that a worker which comes back is known to have missed it. */
export const away = (worker: string) => `${worker} was away`

export function wasAway(worker: string, seenMsAgo: number, catchUp: boolean): string {
  const then = catchUp ? '; it runs the newest when it returns' : ''
  return `${away(worker)} (last seen ${passed(seenMsAgo)} ago)${then}`
}

function passed(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return `${Math.max(0, Math.floor(ms / 1000))} s`
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`
}

export async function moreIds(plan: Plan, count: number): Promise<number[]> {
  if (count <= 0) return []
  const rows = await plan.query(
    `SELECT nextval('runhook.runs_id_seq') AS id FROM generate_series(1, $1)`,
    [count],
  )
  return rows.map((row) => number(row, 'id'))
}

/** The row of a rollout whose first run is `run`. */
export async function insertRollout(plan: Plan, run: Run, { placement }: Hook): Promise<void> {
  await plan.query(
    `INSERT INTO runhook.rollouts (id, delivery_id, hook, update_index, label, max_parallel, fail_fast,
      catch_up, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      run.id,
      run.deliveryId,
      run.hook,
      run.update,
      placement.label,
      placement.maxParallel,
      placement.failFast,
      placement.catchUp,
      run.queuedAt,
    ],
  )
}

/** No more of its runs start; resolves with those that waited, which must be cancelled. */
export async function stopRollout(
  plan: Plan,
  rollout: number,
  why: string,
  except: number,
): Promise<number[]> {
  await plan.query('UPDATE runhook.rollouts SET stopped = $2 WHERE id = $1 AND stopped IS NULL', [
    rollout,
    why,
  ])
  const rows = await plan.query(
    `SELECT id FROM runhook.runs WHERE rollout = $1 AND status = 'queued' AND id <> $2 ORDER BY id`,
    [rollout, except],
  )
  return rows.map((row) => number(row, 'id'))
}
