/**
 * A run's way through the database: begun, ended, put back. Each is called inside a transaction; what must
 * be true together, such as the end of a run and the retry that follows it, is written by one of them.
 */

import { RunhookError } from '../errors.ts'
import type { StoredDelivery } from '../model/delivery.ts'
import type { Run, RunEnd, StepRecord } from '../model/run.ts'
import type { Database } from './database.ts'
import { deliveryOf, runOf, text } from './rows.ts'
import type { Begun, RetryPlan } from './store.ts'
import type { WaitingRuns } from './waiting.ts'

export class Transitions {
  readonly #sql: ReturnType<typeof statements>
  readonly #waiting: WaitingRuns

  constructor(database: Database, waiting: WaitingRuns) {
    this.#sql = statements(database)
    this.#waiting = waiting
  }

  /** `known` is its delivery, where that need not be read. */
  begin(runId: number, config: string, known?: StoredDelivery): Begun | null {
    const row = this.#sql.begin.get(Date.now(), config, runId)
    if (!row) return null
    const run = runOf(row)
    if (known) return this.begunWith(run, known)
    const delivery = this.#sql.delivery.get(run.deliveryId)
    if (!delivery) throw new RunhookError('storage', `Run ${runId} has lost its delivery.`)
    return this.begunWith(run, deliveryOf(delivery))
  }

  begunWith(run: Run, delivery: StoredDelivery): Begun {
    return { run, delivery, lastSuccess: this.#lastSuccess(run) }
  }

  /** Returns the retry that waits now. Asked again for a run that has ended, it queues none a second time. */
  finish(runId: number, end: RunEnd, plan: RetryPlan | null): Run | null {
    const row = plan === null ? undefined : this.#sql.unended.get(runId)
    const next = plan && row ? this.#waiting.retry(runOf(row), plan) : null
    this.#sql.finish.run(
      end.status,
      Date.now(),
      end.exitCode,
      end.signal,
      next === null ? end.reason : `${end.reason}; ${followed(next, plan)}`,
      end.outputBytes,
      end.outputCut,
      runId,
    )
    for (const step of end.steps) this.#insertStep(runId, step)
    return next !== null && 'id' in next ? next : null
  }

  /** False when it was not waiting. */
  cancelWaiting(runId: number, reason: string): boolean {
    return this.#sql.cancelWaiting.run(Date.now(), reason, runId).changes === 1
  }

  requeue(runId: number): void {
    if (this.#sql.requeue.run(runId).changes === 1) this.#waiting.back()
  }

  /** Refs of one name are told apart as far as a run knows: a tag from all else. */
  #lastSuccess({ hook, refName, event }: Run): string | null {
    const row = this.#sql.lastSuccess.get(hook, refName, event)
    return row ? text(row, 'sha') : null
  }

  #insertStep(runId: number, step: StepRecord): void {
    this.#sql.insertStep.run(
      runId,
      step.number,
      step.phase,
      step.name,
      step.title,
      step.status,
      step.reason,
      step.startedAt,
      step.finishedAt,
      step.exitCode,
      step.signal,
      step.outputFrom,
      step.outputTo,
    )
  }
}

/** What the reason of an end says of the retry that was planned. */
export function followed(
  next: { readonly id: number } | { readonly newer: number },
  plan: RetryPlan | null,
): string {
  if ('id' in next) return `${plan?.says} as run #${next.id}`
  return `not retried: run #${next.newer} is newer`
}

/**
 * Looked up at each start, so it must use runs_by_success. Not what `runhook send` sent: its commit need not
 * be anywhere, and nothing can be rolled back to it.
 */
export const lastSuccessQuery = `SELECT sha FROM runs WHERE hook = ? AND ref_name IS ?
  AND status = 'success' AND sha IS NOT NULL AND (event = 'tag') = (? = 'tag')
  AND NOT EXISTS (SELECT 1 FROM deliveries
    WHERE deliveries.id = delivery_id AND headers LIKE '%"x-runhook-test"%')
  ORDER BY finished_at DESC LIMIT 1`

function statements(db: Database) {
  return {
    begin: db.prepare(
      `UPDATE runs SET status = 'running', started_at = ?, config = ?
        WHERE id = ? AND status = 'queued' RETURNING *`,
    ),
    delivery: db.prepare('SELECT * FROM deliveries WHERE id = ?'),
    lastSuccess: db.prepare(lastSuccessQuery),
    unended: db.prepare(`SELECT * FROM runs WHERE id = ? AND status IN ('queued', 'running')`),
    finish: db.prepare(
      `UPDATE runs SET status = ?, finished_at = ?, exit_code = ?, signal = ?, reason = ?,
        output_bytes = ?, output_cut = ? WHERE id = ? AND status IN ('queued', 'running')`,
    ),
    cancelWaiting: db.prepare(
      `UPDATE runs SET status = 'cancelled', finished_at = ?, reason = ? WHERE id = ? AND status = 'queued'`,
    ),
    requeue: db.prepare(
      `UPDATE runs SET status = 'queued', started_at = NULL WHERE id = ? AND status = 'running'`,
    ),
    insertStep: db.prepare(
      `INSERT OR REPLACE INTO steps (run_id, number, phase, name, title, status, reason, started_at,
        finished_at, exit_code, signal, output_from, output_to)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
  }
}
