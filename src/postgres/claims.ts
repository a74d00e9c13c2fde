/** What a worker of the fleet asks of the database: see contract.ts. */

import { RunhookError } from '../errors.ts'
import type { Hook } from '../model/hook.ts'
import type { Run, RunEnd, StepRecord } from '../model/run.ts'
import { text } from '../record/rows.ts'
import type { Begun, RetryPlan } from '../record/store.ts'
import { renew } from './beat.ts'
import { beginRun, ClaimLost } from './begin.ts'
import { catchUp, type MayMiss } from './catch-up.ts'
import type { Row } from './connect.ts'
import type { Beat, Claim, Claims, WorkerIdentity } from './contract.ts'
import { recordset } from './insert.ts'
import { labelQueue, workerQueue } from './keys.ts'
import { lockNames, type Place, placeOf, placeOfRun, queueOf } from './place.ts'
import type { Plan, Planner } from './plan.ts'
import { upsertSteps } from './steps.ts'
import { endableSql, endRun, putBack, wishOf } from './transitions.ts'
import { advance } from './turns.ts'
import { register } from './workers.ts'

interface Self {
  readonly identity: WorkerIdentity
  readonly instance: string
  /** Of its labels, and its own. */
  readonly queues: readonly string[]
}

const unstarted = { exitCode: null, signal: null, outputBytes: 0, outputCut: 0, steps: [] }

export class PostgresClaims implements Claims {
  readonly #planner: Planner
  readonly #beats: Planner
  #self: Self | null = null
  /** Which queue is asked first. */
  #first = 0
  /** Claims of this life that are not over, by run: also those of which nobody asks any more. */
  readonly #open = new Map<number, Claim>()
  /** Of those that have begun; it does not change. */
  readonly #places = new Map<number, Place>()
  /** Those of an earlier life that are not settled. */
  readonly #former = new Map<number, Claim>()

  /** `beats` renews the lease: by connections of its own, where nothing else can hold it up. */
  constructor(planner: Planner, beats = planner) {
    this.#planner = planner
    this.#beats = beats
  }

  async register(worker: WorkerIdentity): Promise<Run[]> {
    const { boss } = this.#planner.parts
    const queues = [workerQueue(worker.name), ...worker.labels.map(labelQueue)]
    await boss.ensure(queues)
    const { instance, former } = await this.#planner.transaction((plan) => register(plan, worker))
    this.#self = { identity: worker, instance, queues }
    this.#open.clear()
    this.#places.clear()
    this.#former.clear()
    for (const { run, row } of former) {
      const place = placeOf(row)
      const queue = queueOf(place)
      this.#places.set(run.id, place)
      this.#former.set(run.id, { runId: run.id, job: text(row, 'job'), queue })
    }
    return former.map(({ run }) => run)
  }

  /** What this worker missed of hooks that say `catch-up` waits for it now; asked once it has registered. */
  catchUp(hooks: Iterable<Hook>, mayMiss?: MayMiss): Promise<Run[]> {
    return catchUp(this.#planner, this.#registered.identity, hooks, mayMiss)
  }

  async settle(
    runId: number,
    started: boolean,
    end: RunEnd,
    retry: RetryPlan | null,
  ): Promise<void> {
    const claim = this.#former.get(runId)
    if (!claim) return
    if (started) await this.finish(claim, end, retry)
    else await this.giveBack(claim)
    this.#former.delete(runId)
  }

  async claim(free: number): Promise<Claim[]> {
    const { queues } = this.#registered
    const claims: Claim[] = []
    const first = this.#first++
    let asked = queues.map((_, index) => queues[(first + index) % queues.length] ?? '')
    // First each queue gives its share, so that a long one does not starve the others.
    for (const most of [Math.ceil(free / queues.length), free]) {
      const more: string[] = []
      for (const queue of asked) {
        const limit = Math.min(most, free - claims.length)
        if (limit <= 0) return claims
        const got = await this.#fetch(queue, limit, claims.length > 0)
        claims.push(...got)
        if (got.length === limit) more.push(queue)
      }
      asked = more
    }
    return claims
  }

  /** What was claimed already must not be lost to an error. */
  async #fetch(queue: string, limit: number, hasSome: boolean): Promise<Claim[]> {
    const { boss } = this.#planner.parts
    try {
      const jobs = await boss.fetch(queue, limit, this.#registered.identity.leaseMs)
      const claims = jobs.map(({ job, run }) => ({ runId: run, job, queue }))
      for (const claim of claims) this.#open.set(claim.runId, claim)
      return claims
    } catch (error) {
      if (hasSome) return []
      throw error
    }
  }

  async begin(claim: Claim, config: (hook: string) => string | undefined): Promise<Begun | null> {
    const { identity, instance } = this.#registered
    const by = { worker: identity.name, instance, config }
    const begun = await this.#planner
      .transaction((plan) => beginRun(plan, this.#planner.parts.boss, claim, by))
      .catch((error: unknown) => {
        if (error instanceof ClaimLost) return null
        throw error
      })
    if (begun === null) this.#close(claim)
    else this.#places.set(claim.runId, begun.place)
    return begun?.begun ?? null
  }

  async beat(claims: readonly Claim[]): Promise<Beat> {
    const { identity, instance } = this.#registered
    const { boss } = this.#planner.parts
    const life = { name: identity.name, instance }
    const held = new Map([...claims, ...this.#former.values()].map((claim) => [claim.job, claim]))
    const beat = await this.#beats.transaction((plan) =>
      renew(plan, boss, life, claims, [...held.values()]),
    )
    for (const id of beat.lost) {
      this.#open.delete(id)
      this.#places.delete(id)
    }
    return beat
  }

  async noteStep(runId: number, step: StepRecord): Promise<void> {
    const { instance } = this.#registered
    await this.#planner.transaction(async (plan) => {
      await plan.query(stepSql, [runId, instance, recordset([step])])
      plan.say('move', [runId])
    })
  }

  async finish(claim: Claim, end: RunEnd, retry: RetryPlan | null): Promise<Run | null> {
    const hook = this.#places.get(claim.runId)?.hook
    const next = await this.#withRun(claim, async (plan, row) => {
      // Of a row that has another hook by now nobody has said that it is tried again.
      const ended = await endRun(plan, row, end, row.hook === hook ? retry : null)
      await this.#advance(plan, claim, ended.places)
      return ended.retry
    })
    this.#close(claim)
    return next
  }

  /** One that somebody wants cancelled is over with that. */
  async giveBack(claim: Claim): Promise<void> {
    await this.#withRun(claim, async (plan, row) => {
      const wish = wishOf(row)
      if (wish === null) {
        await putBack(plan, claim.runId)
        await this.#planner.parts.boss.complete(plan, claim.queue, [claim.job])
      } else {
        const end: RunEnd = { ...unstarted, status: 'cancelled', reason: wish }
        const { places } = await endRun(plan, row, end, null)
        await this.#advance(plan, claim, places)
      }
      return null
    })
    this.#close(claim)
  }

  async leave(): Promise<void> {
    const { identity, instance } = this.#registered
    const { boss } = this.#planner.parts
    await this.#planner.transaction(async (plan) => {
      await plan.query(leaveSql, [identity.name, instance])
      const left = Map.groupBy(this.#open.values(), ({ queue }) => queue)
      for (const [queue, claims] of left) {
        await boss.lose(
          plan,
          queue,
          claims.map(({ job }) => job),
        )
      }
    })
    this.#self = null
    this.#open.clear()
  }

  /** Of this life alone, and only while the run has the job that was claimed. Else nothing is done: null. */
  async #withRun<T>(claim: Claim, work: (plan: Plan, row: Row) => Promise<T>): Promise<T | null> {
    const { instance } = this.#registered
    return this.#planner.transaction(async (plan) => {
      const place = this.#places.get(claim.runId) ?? (await placeOfRun(plan, claim.runId))
      if (!place) return null
      await plan.lock(lockNames(place))
      const [row] = await plan.query(oursSql, [claim.runId, claim.job, instance])
      return row ? work(plan, row) : null
    })
  }

  #close({ runId }: Claim): void {
    this.#open.delete(runId)
    this.#places.delete(runId)
  }

  async #advance(plan: Plan, claim: Claim, places: readonly Place[]): Promise<void> {
    await advance(plan, places)
    await this.#planner.parts.boss.complete(plan, claim.queue, [claim.job])
  }

  get #registered(): Self {
    if (this.#self) return this.#self
    throw new RunhookError('conflict', 'This worker has not registered yet.')
  }
}

const oursSql = endableSql(
  `r.id = $1 AND r.job = $2 AND (r.status = 'queued' OR (r.status = 'running' AND r.instance = $3))`,
)

const leaveSql = `UPDATE runhook.workers SET stopped_at = now(), seen_at = now()
  WHERE name = $1 AND instance = $2`

const stepSql = upsertSteps(
  'r.id',
  '$3',
  `JOIN runhook.runs r ON r.id = $1 AND r.instance = $2 AND r.status = 'running'`,
)
