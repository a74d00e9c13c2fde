/**
 * A worker's place in the fleet: it makes itself known, however long the database is away or its name is taken,
 * says what became of an earlier life's runs, and stays known while it renews its lease.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, RunhookError } from '../errors.ts'
import { formatDuration } from '../hooks/duration.ts'
import type { Log } from '../log.ts'
import type { Run } from '../model/run.ts'
import { isHopeless } from '../postgres/connect.ts'
import type { Beat, Claim, Claims, WorkerIdentity } from '../postgres/contract.ts'
import type { Insist } from '../run/insist.ts'
import type { Away } from './away.ts'
import { sinceBoot } from './clock.ts'
import { type SettleParts, settleFormer } from './settle.ts'

export interface MemberParts extends Omit<SettleParts, 'name' | 'claims' | 'started'> {
  readonly claims: Pick<Claims, 'register' | 'settle' | 'beat' | 'leave'>
  readonly identity: WorkerIdentity
  /** Has what it missed while it was away wait for it, where hooks say so. */
  readonly catchUp: () => Promise<unknown>
  readonly log: Log
}

export interface Registered {
  /** What an earlier life in this folder had begun. */
  readonly runs: readonly Run[]
  /** When it was asked for, since boot: the lease counts from then. */
  readonly sentAt: number
}

const AGAIN_MS = 1000
/** Beyond its lease, another worker of the same name is given so long to be seen as lost. */
const LOST_MS = 10_000

export class Membership {
  readonly #parts: MemberParts
  readonly #away: Away
  readonly #insist: Insist
  #registered = false
  #leaving = false

  constructor(parts: MemberParts, away: Away, insist: Insist) {
    this.#parts = parts
    this.#away = away
    this.#insist = insist
  }

  /** Null when the worker is to stop before. Rejects with `conflict` when another of its name lives on. */
  async register(stopping: () => boolean): Promise<Registered | null> {
    const { claims, identity } = this.#parts
    let refusedAt: number | null = null
    while (!stopping()) {
      const sentAt = sinceBoot()
      try {
        const runs = await claims.register(identity)
        this.#registered = true
        this.#away.worked()
        return { runs, sentAt }
      } catch (error) {
        if (isConflict(error)) refusedAt = this.#refused(error, refusedAt)
        else this.#away.failed(error)
        await sleep(AGAIN_MS)
      }
    }
    return null
  }

  /** `started`: runs whose command may have started. All that was left of them has been ended. */
  async settle(runs: readonly Run[], started: ReadonlySet<number>): Promise<void> {
    const { name } = this.#parts.identity
    for (const run of runs)
      await this.#unlessHopeless(() => settleFormer(run, { ...this.#parts, name, started }))
    await this.catchUp()
  }

  /** Whoever was away, at work or not, runs what it missed; of one hook that cannot be read nothing. */
  catchUp(): Promise<void> {
    return this.#unlessHopeless(() => this.#parts.catchUp())
  }

  /** One row that a hand in the database has spoilt does not keep this worker from all others. */
  async #unlessHopeless(work: () => Promise<unknown>): Promise<void> {
    await this.#insist
      .on(work, isHopeless)
      .catch((error: unknown) => this.#parts.log.error({ err: error }, `    ${messageOf(error)}`))
  }

  /**
   * Renews the lease. A worker that is known no more was away for so long that it was given up, and then removed:
   * what it has is nobody's, and it begins anew.
   */
  async beat(claims: readonly Claim[]): Promise<Beat> {
    const { identity, log } = this.#parts
    try {
      return await this.#parts.claims.beat(claims)
    } catch (error) {
      if (!isConflict(error) || this.#leaving) throw error
      const former = await this.#parts.claims.register(identity)
      log.warn('    this worker was known no more, and has registered again')
      void this.settle(former, new Set(former.map(({ id }) => id)))
      return { lost: claims.map(({ runId }) => runId), cancel: new Map() }
    }
  }

  async leave(): Promise<void> {
    this.#leaving = true
    if (this.#registered) await this.#insist.on(() => this.#parts.claims.leave())
  }

  /** An earlier life in a folder that is gone, as containers have it, is seen as lost when its lease is over. */
  #refused(error: RunhookError, since: number | null): number {
    const { identity, log } = this.#parts
    const patienceMs = identity.leaseMs + LOST_MS
    if (since !== null && sinceBoot() - since > patienceMs) throw error
    if (since === null) {
      const patience = formatDuration(patienceMs)
      log.warn(`    ${error.message} If it is gone, its name is free within ${patience}; waiting`)
    }
    return since ?? sinceBoot()
  }
}

function isConflict(error: unknown): error is RunhookError {
  return error instanceof RunhookError && error.code === 'conflict'
}
