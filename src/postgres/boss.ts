/**
 * The one door to pg-boss. It holds what may start now, as jobs that carry the number of a run and nothing else:
 * it hands them out, keeps the lease of whoever took one, and puts what was not renewed into the queue of lost
 * ones. Everything that belongs together with our own rows goes through a session of ours.
 */

import { type Db, type JobInsert, PgBoss } from 'pg-boss'
import { RunhookError } from '../errors.ts'
import type { Postgres, Session } from './connect.ts'
import { fieldOf, idsOf, runOf } from './job-data.ts'
import { LOST } from './keys.ts'
import { asStorageError } from './storage-error.ts'

const SCHEMA = 'runhook_boss'
/** Of a run that waits or goes on for however long: 68 years, what the columns hold. */
const FOREVER_S = 2 ** 31 - 1
/** Whoever took a lost run has settled it within that, or another does. pg-boss's least. */
const LOST_LEASE_S = 10
/** What has failed is kept for its dead letter only. */
const FINISHED_S = 60
const LEAST_LEASE_S = 10

export interface BossOptions {
  readonly leaseMs: number
  /** Looks every second for jobs whose lease is over. One process of a fleet must; of several, one does. */
  readonly supervise: boolean
  /** May create and change tables of pg-boss. */
  readonly migrate?: boolean
  /** pg-boss works on; what it tells may come every second. */
  readonly onTrouble: (message: string) => void
}

export interface Sent {
  readonly job: string
  readonly run: number
  readonly afterMs?: number | undefined
  /** Before all others of its queue: it had its turn already. */
  readonly first?: boolean | undefined
}

export interface Job {
  readonly job: string
  readonly run: number
}

/** Of the queue `lost`: `of` is the job that its worker had. */
export interface LostJob extends Job {
  readonly of: string
}

/** A queue was not there: it has to be made, outside of the transaction, which then begins anew. */
export class QueueMissing extends RunhookError {
  readonly queue: string

  constructor(queue: string) {
    super('storage', `The queue ${queue} is not there yet.`)
    this.queue = queue
  }
}

export class Boss {
  readonly #db: Postgres
  readonly #boss: PgBoss
  readonly #leaseS: number
  readonly #onTrouble: BossOptions['onTrouble']
  readonly #queues = new Set<string>()

  constructor(db: Postgres, { leaseMs, supervise, migrate = false, onTrouble }: BossOptions) {
    this.#db = db
    this.#leaseS = secondsOf(leaseMs)
    this.#onTrouble = onTrouble
    this.#boss = new PgBoss({
      db: doorOf(db),
      schema: SCHEMA,
      migrate,
      supervise,
      superviseIntervalSeconds: 1,
      monitorIntervalSeconds: 1,
      maintenanceIntervalSeconds: 60,
      schedule: false,
      registerInstance: false,
      persistWarnings: false,
      warningQueueSize: FOREVER_S,
    })
    this.#boss.on('error', (error) => onTrouble(error.message))
    this.#boss.on('warning', ({ message }) => onTrouble(message))
  }

  /** Rejects when its tables are missing or older than this release, and it may not change that. */
  async start(): Promise<void> {
    try {
      await this.#boss.start()
      await this.#make(LOST)
    } catch (error) {
      throw asStorageError(error)
    }
  }

  /** Looks for leases that are over, now. */
  async supervise(): Promise<void> {
    await this.#boss.supervise()
  }

  async stop(): Promise<void> {
    await this.#boss.stop({ graceful: false, close: false })
  }

  /** Makes those that were not there. */
  async ensure(queues: Iterable<string>): Promise<void> {
    for (const queue of queues) if (!this.#queues.has(queue)) await this.#make(queue)
  }

  /** In the transaction of the session; rejects with QueueMissing. */
  async send(session: Session, queue: string, jobs: readonly Sent[]): Promise<void> {
    this.#require(queue)
    const inserts = jobs.map(
      ({ job, run, afterMs, first }): JobInsert => ({
        id: job,
        data: { run },
        heartbeatSeconds: this.#leaseS,
        expireInSeconds: FOREVER_S,
        retentionSeconds: FOREVER_S,
        ...(first && { priority: 1 }),
        ...(afterMs !== undefined && { startAfter: `${afterMs} milliseconds` }),
      }),
    )
    await this.#boss.insert(queue, inserts, { db: doorOf(session) })
  }

  /**
   * Takes up to `limit` jobs for a worker with such a lease. It was sent with the lease that its sender's hooks
   * file says; what counts is how long its worker thinks that it has it.
   */
  async fetch(queue: string, limit: number, leaseMs: number): Promise<Job[]> {
    await this.ensure([queue])
    const jobs = await this.#ours(queue, () =>
      this.#boss.fetch<unknown>(queue, { batchSize: limit }),
    )
    const lease = secondsOf(leaseMs)
    const others = jobs.filter(({ heartbeatSeconds }) => heartbeatSeconds !== lease)
    if (others.length > 0) await this.#db.query(leaseAs, [lease, others.map(({ id }) => id)])
    return jobs.map(({ id, run }) => ({ job: id, run }))
  }

  /** Renews the lease of those that are still held, which it resolves with. */
  async touch(session: Session, queue: string, jobs: readonly string[]): Promise<string[]> {
    this.#require(queue)
    const touched = await this.#boss.touch(queue, [...jobs], { db: doorOf(session) })
    return idsOf(touched)
  }

  /** Done, or wanted no more. Those that are not there any more are no error. */
  async complete(session: Session, queue: string, jobs: readonly string[]): Promise<void> {
    if (jobs.length === 0) return
    this.#require(queue)
    await this.#boss.deleteJob(queue, [...jobs], { db: doorOf(session) }) // it carries nothing to keep
  }

  /** Gives up the lease: they are lost at once. */
  async lose(session: Session, queue: string, jobs: readonly string[]): Promise<void> {
    if (jobs.length === 0) return
    this.#require(queue)
    await this.#boss.fail(queue, [...jobs], null, { db: doorOf(session) })
  }

  /** Lost ones, for a while: those that are not completed until then come again. */
  async fetchLost(limit: number): Promise<LostJob[]> {
    const jobs = await this.#ours(LOST, () =>
      this.#boss.fetch<unknown>(LOST, { batchSize: limit, includeMetadata: true }),
    )
    return jobs.map(({ id, data, run, sourceId }) => ({
      job: id,
      run,
      of: sourceId ?? String(fieldOf(data, 'of')),
    }))
  }

  /** Jobs with the run that each carries. Those without are of somebody's hand: they are taken away, not met again. */
  async #ours<J extends { readonly id: string; readonly data: unknown }>(
    queue: string,
    fetch: () => Promise<J[]>,
  ): Promise<(J & { readonly run: number })[]> {
    for (;;) {
      const jobs = await fetch()
      const ours = jobs.flatMap((job) => {
        const run = runOf(job.data)
        return run === null ? [] : [{ ...job, run }]
      })
      if (ours.length === jobs.length) return ours
      const known = new Set(ours.map(({ id }) => id))
      const others = jobs.map(({ id }) => id).filter((id) => !known.has(id))
      await this.complete(this.#db, queue, others)
      this.#onTrouble(`The queue ${queue} held ${others.length} jobs that name no run`)
      if (ours.length > 0) return ours
    }
  }

  /** Says of a job that it was lost, where nothing of it is left. */
  async declareLost(session: Session, run: number, of: string): Promise<void> {
    await this.#boss.insert(LOST, [{ data: { run, of } }], { db: doorOf(session) })
  }

  #require(queue: string): void {
    if (!this.#queues.has(queue)) throw new QueueMissing(queue)
  }

  /** One that is there stays as it is. */
  async #make(queue: string): Promise<void> {
    const common = { deleteAfterSeconds: FINISHED_S, retentionSeconds: FOREVER_S }
    const options =
      queue === LOST
        ? { ...common, retryLimit: FOREVER_S, heartbeatSeconds: LOST_LEASE_S }
        : { ...common, retryLimit: 0, heartbeatSeconds: this.#leaseS, deadLetter: LOST }
    await this.#boss.createQueue(queue, { ...options, warningQueueSize: FOREVER_S })
    this.#queues.add(queue)
  }
}

/**
 * Runs that have a job of which nothing is left: neither itself, nor the note that it was lost. None, unless
 * somebody's hand was in the tables of pg-boss.
 */
export const vanished = `SELECT r.id, r.status, r.job FROM runhook.runs r
  WHERE r.status IN ('queued', 'running') AND r.job IS NOT NULL
    AND NOT EXISTS (SELECT FROM ${SCHEMA}.job j WHERE j.id = r.job AND j.state < 'completed')
    AND NOT EXISTS (SELECT FROM ${SCHEMA}.job j WHERE j.name = '${LOST}' AND j.state < 'completed'
      AND (j.source_id = r.job OR j.data ->> 'of' = r.job::text))`

const leaseAs = `UPDATE ${SCHEMA}.job SET heartbeat_seconds = $1 WHERE id = ANY($2::uuid[])`

function doorOf(session: Session): Db {
  return { executeSql: async (text, values) => ({ rows: await session.query(text, values) }) }
}

function secondsOf(leaseMs: number): number {
  return Math.max(LEAST_LEASE_S, Math.ceil(leaseMs / 1000))
}
