/** What any process of the fleet may ask: see contract.ts. */

import type { Run, RunEnd } from '../model/run.ts'
import type { CancelResult } from '../record/dispatcher.ts'
import { number, shownRun, text } from '../record/rows.ts'
import type { RetryPlan } from '../record/store.ts'
import type { Deployed, Fleet, Rollout, Worker } from './contract.ts'
import { deployedOn, listRollouts, type RolloutFilter, rolloutById } from './deployed.ts'
import { LOST } from './keys.ts'
import { Mend } from './mend.ts'
import { lockNames, placeOfRun } from './place.ts'
import type { Plan, Planner } from './plan.ts'
import { cancelWaiting, endableSql, endRun, putBack, wishOf } from './transitions.ts'
import { advance } from './turns.ts'
import { listWorkers, removeWorker } from './workers.ts'

type LostRun = { readonly run: Run; readonly job: string }

/** Asked for at once. */
const MOST_LOST = 100

export class PostgresFleet implements Fleet {
  readonly #planner: Planner
  readonly #mend: Mend
  /** Which job its worker had, by the one that says it is lost; until that is concluded. */
  readonly #had = new Map<string, string>()

  constructor(planner: Planner) {
    this.#planner = planner
    this.#mend = new Mend(planner)
  }

  workers(): Promise<Worker[]> {
    return listWorkers(this.#planner.parts.db)
  }

  deployed(): Promise<Deployed[]> {
    return deployedOn(this.#planner.parts.db)
  }

  removeWorker(name: string): Promise<void> {
    return this.#planner.transaction((plan) => removeWorker(plan, name))
  }

  rollouts(filter: RolloutFilter): Promise<Rollout[]> {
    return listRollouts(this.#planner.parts.db, filter)
  }

  rollout(id: number): Promise<Rollout | null> {
    return rolloutById(this.#planner.parts.db, id)
  }

  cancel(runId: number, reason: string): Promise<CancelResult> {
    return this.#planner.transaction(async (plan) => {
      const place = await placeOfRun(plan, runId)
      if (!place) return 'unknown'
      await plan.lock(lockNames(place))
      const places = await cancelWaiting(plan, [runId], reason)
      if (places.length > 0) {
        await advance(plan, places)
        return 'cancelled'
      }
      const running = await plan.query(wishSql, [runId, reason])
      if (running.length === 0) return 'ended'
      plan.say('cancel', [runId])
      return 'stopping'
    })
  }

  async counts(): Promise<{ waiting: number; running: number }> {
    const [row] = await this.#planner.parts.db.query(countsSql)
    return row
      ? { waiting: number(row, 'waiting'), running: number(row, 'running') }
      : { waiting: 0, running: 0 }
  }

  async lost(): Promise<LostRun[]> {
    const { db, boss } = this.#planner.parts
    const jobs = await boss.fetchLost(MOST_LOST)
    if (jobs.length === 0) return []
    const rows = await db.query(lostSql, [jobs.map(({ run }) => run)])
    const byJob = new Map(rows.map((row) => [text(row, 'job'), row]))
    const over = jobs.filter(({ of }) => !byJob.has(of))
    await boss.complete(
      db,
      LOST,
      over.map(({ job }) => job),
    )
    return jobs.flatMap(({ job, of }) => {
      const row = byJob.get(of)
      if (!row) return []
      this.#had.set(job, of)
      return [{ run: shownRun(row), job }]
    })
  }

  async conclude(lost: LostRun, end: RunEnd, retry: RetryPlan | null): Promise<Run | null> {
    const had = this.#had.get(lost.job)
    if (had === undefined) return null // it comes again, to whoever asks for it
    const next = await this.#planner.transaction(async (plan) => {
      const next = await this.#conclude(plan, lost.run, had, end, retry)
      await this.#planner.parts.boss.complete(plan, LOST, [lost.job])
      return next
    })
    this.#had.delete(lost.job)
    return next
  }

  /** One that somebody wanted cancelled is over with that, and not tried again. */
  async #conclude(
    plan: Plan,
    { id, hook }: Run,
    job: string,
    end: RunEnd,
    retry: RetryPlan | null,
  ): Promise<Run | null> {
    const place = await placeOfRun(plan, id)
    if (!place) return null
    await plan.lock(lockNames(place))
    const [row] = await plan.query(stillSql, [id, job])
    if (!row) return null
    if (row.status === 'queued') {
      await putBack(plan, id)
      return null
    }
    const wish = wishOf(row)
    const ended: RunEnd = wish === null ? end : { ...end, status: 'cancelled', reason: wish }
    // Of a row that has another hook by now nobody has said that it is tried again.
    const again = wish === null && row.hook === hook ? retry : null
    const { retry: next, places } = await endRun(plan, row, ended, again)
    await advance(plan, places)
    return next
  }

  mend(): Promise<number> {
    return this.#mend.all()
  }
}

const wishSql = `UPDATE runhook.runs SET cancel = coalesce(cancel, $2)
  WHERE id = $1 AND status = 'running' RETURNING id`

const countsSql = `SELECT count(*) FILTER (WHERE status = 'queued') AS waiting,
    count(*) FILTER (WHERE status = 'running') AS running
  FROM runhook.runs WHERE status IN ('queued', 'running')`

const lostSql = `SELECT * FROM runhook.runs
  WHERE id = ANY ($1::bigint[]) AND status IN ('queued', 'running') AND job IS NOT NULL`

const stillSql = endableSql(`r.id = $1 AND r.job = $2 AND r.status IN ('queued', 'running')`)
