/** Who has what, and how rollouts went: what is only read. */

import type { Conclusion } from '../model/run.ts'
import { number, numberOrNull, shownRun, statusOf, text, textOrNull } from '../record/rows.ts'
import type { Row, Session } from './connect.ts'
import type { Deployed, Rollout } from './contract.ts'

export interface RolloutFilter {
  readonly hook?: string | undefined
  readonly before?: number | undefined
  readonly limit: number
}

export async function listRollouts(db: Session, filter: RolloutFilter): Promise<Rollout[]> {
  const values = [filter.hook ?? null, filter.before ?? null, filter.limit]
  return withRuns(db, await db.query(listSql, values))
}

export async function rolloutById(db: Session, id: number): Promise<Rollout | null> {
  const rows = await db.query('SELECT * FROM runhook.rollouts WHERE id = $1', [id])
  return (await withRuns(db, rows))[0] ?? null
}

async function withRuns(db: Session, rows: readonly Row[]): Promise<Rollout[]> {
  if (rows.length === 0) return []
  const runs = (await db.query(lastRunsSql, [rows.map((row) => number(row, 'id'))])).map(shownRun)
  const byRollout = Map.groupBy(runs, ({ rollout }) => rollout)
  return rows.map((row) => ({
    id: number(row, 'id'),
    deliveryId: number(row, 'delivery_id'),
    hook: text(row, 'hook'),
    update: number(row, 'update_index'),
    label: text(row, 'label'),
    maxParallel: numberOrNull(row, 'max_parallel'),
    failFast: row.fail_fast === true,
    catchUp: row.catch_up === true,
    createdAt: number(row, 'created_at'),
    stopped: textOrNull(row, 'stopped'),
    runs: byRollout.get(number(row, 'id')) ?? [],
  }))
}

export async function deployedOn(db: Session): Promise<Deployed[]> {
  return (await db.query(deployedSql)).map((row) => ({
    worker: text(row, 'worker'),
    hook: text(row, 'hook'),
    run: number(row, 'id'),
    status: statusOf(text(row, 'status')) as Conclusion, // the statement leaves out what has not ended
    sha: textOrNull(row, 'sha'),
    refName: textOrNull(row, 'ref_name'),
    finishedAt: number(row, 'finished_at'),
    successSha: textOrNull(row, 'success_sha'),
  }))
}

const listSql = `SELECT * FROM runhook.rollouts
  WHERE ($1::text IS NULL OR hook = $1) AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`

const lastRunsSql = `SELECT DISTINCT ON (rollout, worker) * FROM runhook.runs
  WHERE rollout = ANY ($1::bigint[]) ORDER BY rollout, worker, id DESC`

/** Steps from one hook of a worker to the next by the index: what it costs does not grow with the history. */
const deployedSql = `WITH RECURSIVE had AS (
    SELECT w.name AS worker, (SELECT min(r.hook) FROM runhook.runs r WHERE r.worker = w.name) AS hook
      FROM runhook.workers w
    UNION ALL
    SELECT worker, (SELECT min(r.hook) FROM runhook.runs r WHERE r.worker = had.worker AND r.hook > had.hook)
      FROM had WHERE hook IS NOT NULL
  )
  SELECT had.worker, had.hook, last.id, last.status, last.sha, last.ref_name, last.finished_at,
    (SELECT s.sha FROM runhook.runs s WHERE s.worker = had.worker AND s.hook = had.hook
      AND s.status = 'success' ORDER BY s.id DESC LIMIT 1) AS success_sha
  FROM (SELECT * FROM had WHERE hook IS NOT NULL OFFSET 0) AS had JOIN LATERAL (SELECT * FROM runhook.runs r WHERE r.worker = had.worker AND r.hook = had.hook
      AND r.started_at IS NOT NULL AND r.finished_at IS NOT NULL ORDER BY r.id DESC LIMIT 1) AS last ON true
  ORDER BY had.worker, had.hook`
