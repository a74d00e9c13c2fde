/**
 * Transactions that change what waits and what runs. Each takes its locks, in one order for all; and what others
 * are to be told is told after the commit, never of a transaction that was undone.
 */

import type { Secret } from '../model/hook.ts'
import { type Boss, QueueMissing, type Sent } from './boss.ts'
import type { Postgres, Row, Session } from './connect.ts'
import { lock, tryLock } from './keys.ts'
import { lockNames, type Place, queueOf } from './place.ts'
import { advance } from './turns.ts'

/** What others are told: that something changed, never what. */
export type Word =
  | { readonly kind: 'wake'; readonly queue: string }
  | { readonly kind: 'move' | 'cancel'; readonly run: number }
export type Tell = (...words: readonly Word[]) => void

export interface PlannerParts {
  readonly db: Postgres
  readonly boss: Boss
  /** Runs that may wait in the whole fleet. */
  readonly maxWaiting: number
  /** Called after the commit; never waited for. */
  readonly tell: Tell
  /** What runs are sealed with (seal.ts), the first of them; left out where they are not. */
  readonly sealKeys?: readonly Secret[] | null
}

/** One transaction. */
export class Plan implements Session {
  readonly #session: Session
  readonly #boss: Boss
  readonly #locked = new Set<string>()
  readonly sealKeys: readonly Secret[]
  readonly words: Word[] = []
  /** Groups and rollouts to look at after the commit: somebody else held them. */
  readonly passedBy: Place[] = []

  constructor(session: Session, { boss, sealKeys }: PlannerParts) {
    this.#session = session
    this.#boss = boss
    this.sealKeys = sealKeys ?? []
  }

  get sealKey(): Secret | undefined {
    return this.sealKeys[0]
  }

  query(sql: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.#session.query(sql, values)
  }

  /** Waits for each that is not held yet. What is read after this is as whoever had it before left it. */
  async lock(names: readonly string[]): Promise<void> {
    const missing = [...new Set(names)].filter((name) => !this.#locked.has(name)).sort()
    await lock(this.#session, missing)
    for (const name of missing) this.#locked.add(name)
  }

  async tryLock(name: string): Promise<boolean> {
    if (this.#locked.has(name)) return true
    const got = await tryLock(this.#session, name)
    if (got) this.#locked.add(name)
    return got
  }

  say(kind: 'move' | 'cancel', runs: Iterable<number>): void {
    for (const run of runs) this.words.push({ kind, run })
  }

  /** Puts jobs into pg-boss; the runs' rows must say so already. */
  async send(jobs: readonly (Sent & { readonly place: Place })[]): Promise<void> {
    for (const [queue, ofQueue] of byQueue(jobs)) {
      await this.#boss.send(this.#session, queue, ofQueue)
      if (ofQueue.some(({ afterMs }) => afterMs === undefined)) {
        this.words.push({ kind: 'wake', queue })
      }
    }
  }

  async complete(jobs: readonly { readonly job: string; readonly place: Place }[]): Promise<void> {
    for (const [queue, ofQueue] of byQueue(jobs)) {
      await this.#boss.complete(this.#session, queue, jobsOf(ofQueue))
    }
  }
}

/** In the order of names, so that no two transactions wait for each other's rows. */
function byQueue<T extends { readonly place: Place }>(jobs: readonly T[]): [string, T[]][] {
  const queues = Map.groupBy(jobs, ({ place }) => queueOf(place))
  return [...queues].sort(([one], [other]) => (one < other ? -1 : 1))
}

function jobsOf(jobs: readonly { readonly job: string }[]): string[] {
  return jobs.map(({ job }) => job)
}

export class Planner {
  readonly parts: PlannerParts

  constructor(parts: PlannerParts) {
    this.parts = parts
  }

  /** All of `work` or nothing. It may be called several times, so its effects are those of its plan alone. */
  async transaction<T>(work: (plan: Plan) => Promise<T>): Promise<T> {
    const { value, plan } = await this.#commit(work)
    if (plan.words.length > 0) this.parts.tell(...plan.words)
    // Where this fails, `mend` finds what was passed by; what was asked for is done.
    for (const place of plan.passedBy) await this.#lookAt(place).catch(() => undefined)
    return value
  }

  async #commit<T>(work: (plan: Plan) => Promise<T>): Promise<{ value: T; plan: Plan }> {
    const { db, boss } = this.parts
    for (;;) {
      try {
        return await db.transaction(async (session) => {
          const plan = new Plan(session, this.parts)
          return { value: await work(plan), plan }
        })
      } catch (error) {
        if (!(error instanceof QueueMissing)) throw error
        await boss.ensure([error.queue])
      }
    }
  }

  async #lookAt(place: Place): Promise<void> {
    await this.transaction(async (plan) => {
      await plan.lock(lockNames(place))
      await advance(plan, [place])
    })
  }
}
