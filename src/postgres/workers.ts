/** Who works: the table of workers, by the clock of the database. */

import { randomUUID } from 'node:crypto'
import { RunhookError } from '../errors.ts'
import type { Run } from '../model/run.ts'
import { number, numberOrNull, shownRun, text } from '../record/rows.ts'
import type { Postgres, Row, Session } from './connect.ts'
import type { Worker, WorkerIdentity } from './contract.ts'
import { lockNames, placeColumns, placeOf } from './place.ts'
import type { Plan } from './plan.ts'
import { aliveSql, away } from './rollouts.ts'
import { cancelWaiting } from './transitions.ts'
import { advance } from './turns.ts'

export interface Registered {
  /** This life of it. */
  readonly instance: string
  /** What an earlier life had begun, with the job that each had; they are this life's now. */
  readonly former: readonly { readonly run: Run; readonly row: Row }[]
}

/** Rejects with `conflict` while one of that name lives in another data folder. */
export async function register(session: Session, worker: WorkerIdentity): Promise<Registered> {
  const { name, labels, version, host, token, slots, leaseMs } = worker
  const [before] = await session.query(
    'SELECT token, instance FROM runhook.workers WHERE name = $1 FOR UPDATE',
    [name],
  )
  const instance = randomUUID()
  const values = [name, labels, version, host, token, instance, slots, leaseMs]
  const [there] = await session.query(registerSql, values)
  if (!there) throw await nameTaken(session, name)
  if (before?.token !== token) return { instance, former: [] }
  const rows = await session.query(takeOver, [name, before.instance, instance])
  return { instance, former: rows.map((row) => ({ run: shownRun(row), row })) }
}

async function nameTaken(session: Session, name: string): Promise<RunhookError> {
  const [other] = await session.query('SELECT host FROM runhook.workers WHERE name = $1', [name])
  return new RunhookError(
    'conflict',
    `A worker named "${name}" is alive already, on ${other ? text(other, 'host') : 'another machine'}.`,
    { hint: 'No two share a name: give this one another, with --name or "name" of "server".' },
  )
}

/** What waits for it alone is cancelled. Rejects with `not-found`, or with `conflict` while it is alive. */
export async function removeWorker(plan: Plan, name: string): Promise<void> {
  const waiting = (await plan.query(waitingSql, [name])).map(placeOf)
  await plan.lock(waiting.flatMap(lockNames))
  const [there] = await plan.query(
    `SELECT ${aliveSql} AS alive FROM runhook.workers WHERE name = $1 FOR UPDATE`,
    [name],
  )
  if (!there) throw new RunhookError('not-found', `There is no worker "${name}".`)
  if (there.alive === true) {
    throw new RunhookError('conflict', `The worker "${name}" is alive.`, {
      hint: 'Stop it first: a worker that is alive makes itself known again.',
    })
  }
  const ids = waiting.map(({ id }) => id)
  await advance(plan, await cancelWaiting(plan, ids, `${away(name)}, and was removed`))
  await plan.query('DELETE FROM runhook.workers WHERE name = $1', [name])
}

export async function listWorkers(db: Postgres): Promise<Worker[]> {
  return (await db.query(listSql)).map(workerOf)
}

function workerOf(row: Row): Worker {
  return {
    name: text(row, 'name'),
    labels: Array.isArray(row.labels) ? row.labels.map(String) : [],
    version: text(row, 'version'),
    host: text(row, 'host'),
    slots: number(row, 'slots'),
    leaseMs: number(row, 'lease_ms'),
    startedAt: number(row, 'started_ms'),
    seenAt: number(row, 'seen_ms'),
    state: stateOf(row),
    running: numberOrNull(row, 'running') ?? 0,
    waiting: numberOrNull(row, 'waiting') ?? 0,
  }
}

function stateOf(row: Row): Worker['state'] {
  if (row.stopped === true) return 'stopped'
  return row.alive === true ? 'alive' : 'lost'
}

const registerSql = `INSERT INTO runhook.workers AS w
    (name, labels, version, host, token, instance, slots, lease_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (name) DO UPDATE SET labels = $2, version = $3, host = $4, token = $5, instance = $6, slots = $7,
    lease_ms = $8, started_at = now(), seen_at = now(), stopped_at = NULL
  WHERE w.token = $5 OR w.stopped_at IS NOT NULL OR w.seen_at + w.lease_ms * interval '1 ms' <= now()
  RETURNING name`

const waitingSql = `SELECT ${placeColumns} FROM runhook.runs
  WHERE worker = $1 AND status = 'queued' AND rollout IS NOT NULL ORDER BY id`

const takeOver = `UPDATE runhook.runs SET instance = $3
  WHERE worker = $1 AND instance = $2 AND status = 'running' RETURNING *`

const listSql = `SELECT name, labels, version, host, slots, lease_ms,
    (extract(epoch FROM started_at) * 1000)::bigint AS started_ms,
    (extract(epoch FROM seen_at) * 1000)::bigint AS seen_ms,
    stopped_at IS NOT NULL AS stopped, ${aliveSql} AS alive, c.running, c.waiting
  FROM runhook.workers w LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE r.status = 'running') AS running,
      count(*) FILTER (WHERE r.status = 'queued') AS waiting
    FROM runhook.runs r WHERE r.worker = w.name AND r.status IN ('queued', 'running')) AS c ON true
  ORDER BY name`
