/**
 * The runs that wait, as a transaction sees them: whether there is room for more, which of them a newer
 * one makes pointless, and the one that follows a failed run by itself.
 */

import { RunhookError } from '../errors.ts'
import type { Concurrency } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import type { Database } from './database.ts'
import { number } from './rows.ts'
import type { RetryPlan } from './store.ts'

export class WaitingRuns {
  readonly #sql: ReturnType<typeof statements>
  readonly #most: number
  #next: number
  /** Never less than there are: they grow in number only by what goes through here. */
  #atMost: number

  /** `most` may wait. */
  constructor(database: Database, most: number) {
    this.#sql = statements(database)
    this.#most = most
    const row = database.prepare('SELECT coalesce(max(id), 0) + 1 AS next FROM runs').get()
    this.#next = row ? number(row, 'next') : 1
    this.#atMost = this.#count()
  }

  /** The number of the run that is inserted next. */
  get next(): number {
    return this.#next
  }

  /**
   * Whether all of these may wait too, those gone that they replace (`keep`, see `supersede`). Counting is
   * left for when it may matter, so that an accept costs the same however many wait.
   */
  fit(runs: readonly { readonly run: Run; readonly keep: number | null }[]): boolean {
    if (runs.length === 0 || this.#atMost + runs.length <= this.#most) return true
    this.#atMost = this.#count()
    const replaced = runs.map(({ run, keep }) => {
      return keep === null ? 0 : Math.max(0, this.#alike(run, 0).length - keep + 1)
    })
    const gone = replaced.reduce((sum, count) => sum + count, 0)
    return this.#atMost - gone + runs.length <= this.#most
  }

  insert(run: Run): void {
    this.#next = Math.max(this.#next, run.id + 1)
    if (run.status === 'queued') this.#atMost++
    this.#sql.insert.run(
      run.id,
      run.deliveryId,
      run.hook,
      run.update,
      run.group,
      run.attempt,
      run.retry === null ? null : JSON.stringify(run.retry),
      run.status,
      run.queuedAt,
      run.notBefore,
      run.startedAt,
      run.config,
      run.event,
      run.refName,
      run.sha,
      run.sender,
      JSON.stringify(run.inputs),
    )
  }

  /** One that had begun waits again. */
  back(): void {
    this.#atMost++
  }

  /**
   * Only what the new run makes pointless: waiting runs of the same hook for the same ref, so that with the
   * new one there are `keep`. A push to another branch, or another hook of the group, still has work to do
   * and keeps its place. Retries go first, for theirs is the oldest work.
   */
  supersede(run: Run, keep: number): number[] {
    const ids = this.#alike(run, 0).slice(keep - 1)
    for (const id of ids) this.#sql.supersede.run(run.queuedAt, `superseded by run ${run.id}`, id)
    return ids
  }

  /** The next attempt of a failed run, inserted; or the newer run that waits and makes it pointless. */
  retry(failed: Run, plan: RetryPlan): Run | { readonly newer: number } {
    const newer = plan.keep === null ? [] : this.#alike(failed, failed.id)
    if (newer[0] !== undefined && newer.length >= (plan.keep ?? 0)) return { newer: newer[0] }
    const now = Date.now()
    const run: Run = {
      ...failed,
      id: this.#next,
      attempt: failed.attempt + 1,
      retry: plan.retry,
      status: 'queued',
      queuedAt: now,
      notBefore: now + plan.delayMs,
      startedAt: null,
    }
    this.insert(run)
    return run
  }

  /** Waiting runs of the same hook for the same ref: the newest first, retries last. */
  #alike(run: Run, after: number): number[] {
    return this.#sql.alike
      .all(run.group, run.hook, run.refName, run.event, JSON.stringify(run.inputs), after)
      .map((row) => number(row, 'id'))
  }

  #count(): number {
    const row = this.#sql.count.get()
    return row ? number(row, 'waiting') : 0
  }
}

/** How many waiting runs a queue keeps for one ref; null = all of them. Without a group there is no queue. */
export function keptWaiting({ group, queue }: Concurrency): number | null {
  if (group === null || queue === 'max') return null
  return queue === 'single' ? 1 : queue
}

/** What whoever asks for more runs is told. */
export function tooManyWait(most: number): RunhookError {
  return new RunhookError('busy', `As many runs wait as may (${most}); nothing was kept.`, {
    hint: 'Try again later, or raise "max-waiting" of "server" in the hooks file.',
  })
}

/** For a plan of the queries: see runs_unfinished in migrations.ts, which each must use. */
export const waitingQueries = {
  alike: `SELECT id FROM runs WHERE status = 'queued' AND concurrency_group = ? AND hook = ?
    AND ref_name IS ? AND event = ? AND inputs = ? AND id > ? ORDER BY retry IS NULL DESC, id DESC`,
  count: `SELECT count(*) AS waiting FROM runs WHERE status = 'queued'`,
}

function statements(db: Database) {
  return {
    alike: db.prepare(waitingQueries.alike),
    count: db.prepare(waitingQueries.count),
    supersede: db.prepare(
      `UPDATE runs SET status = 'cancelled', finished_at = ?, reason = ? WHERE id = ?`,
    ),
    insert: db.prepare(
      `INSERT INTO runs (id, delivery_id, hook, update_index, concurrency_group, attempt, retry, status,
        queued_at, not_before, started_at, config, event, ref_name, sha, sender, inputs)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
  }
}
