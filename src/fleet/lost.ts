/**
 * Settles runs whose worker was lost: it was killed, cut off, or its machine is gone. By then its lease is
 * over, so nothing of them runs any more. Each is run again by its hook's own rules, or not at all. Every
 * process of a fleet may do this; the database sees to it that each run is settled once.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import { formatDuration } from '../hooks/duration.ts'
import type { Log } from '../log.ts'
import type { Hook } from '../model/hook.ts'
import type { Run, RunEnd } from '../model/run.ts'
import { isHopeless } from '../postgres/connect.ts'
import type { Fleet } from '../postgres/contract.ts'
import { unstarted } from '../run/ended.ts'
import { notRunAgain, retryAfter } from '../run/retry.ts'
import type { Away } from './away.ts'
import { notAgain } from './settle.ts'

export interface LostParts {
  readonly fleet: Pick<Fleet, 'lost' | 'conclude' | 'mend' | 'workers'>
  readonly hook: (name: string) => Hook | undefined
  /**
   * Whether this process says what becomes of runs whose hook it does not know. A receiver does; a worker has
   * perhaps only some of the hooks, and leaves those to others.
   */
  readonly settlesAll: boolean
  readonly outputSize: (runId: number) => Promise<number>
  /** Of workers that are known no more. */
  readonly leaseMs: number
  readonly away: Away
  readonly log: Pick<Log, 'warn'>
}

interface LostRun {
  readonly run: Run
  readonly job: string
}

/** A worker comes later than receivers do, who know all hooks. */
const LOOK_MS = { receiver: 1000, worker: 5000 }
const MEND_MS = 30_000

export class LostRuns {
  readonly #parts: LostParts
  readonly #stopping = new AbortController()
  #going: Promise<void> | null = null
  #mendAt = performance.now() + MEND_MS * Math.random() // not all processes of a fleet at once

  constructor(parts: LostParts) {
    this.#parts = parts
  }

  start(): void {
    this.#going ??= this.#keepOn()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#going
  }

  async #keepOn(): Promise<void> {
    const { signal } = this.#stopping
    const pauseMs = this.#parts.settlesAll ? LOOK_MS.receiver : LOOK_MS.worker
    while (!signal.aborted) {
      await this.look()
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  /** Once. Never rejects: a database that is away is asked again by the next. */
  async look(): Promise<void> {
    const { fleet, away } = this.#parts
    try {
      const found = await fleet.lost()
      const leases = found.length > 0 ? await this.#leases() : new Map<string, number>()
      for (const lost of found)
        await this.#settle(lost, leases).catch((error: unknown) => this.#passBy(lost, error))
      if (performance.now() >= this.#mendAt) {
        this.#mendAt = performance.now() + MEND_MS
        await fleet.mend()
      }
      away.worked()
    } catch (error) {
      away.failed(error)
    }
  }

  /** One that a hand in the database has spoilt does not stand in the way of the others: it comes again. */
  #passBy({ run }: LostRun, error: unknown): void {
    if (!isHopeless(error)) throw error
    this.#parts.log.warn(
      { run: run.id, err: error },
      `    #${run.id} cannot be settled: ${messageOf(error)}`,
    )
  }

  async #leases(): Promise<Map<string, number>> {
    const workers = await this.#parts.fleet.workers()
    return new Map(workers.map(({ name, leaseMs }) => [name, leaseMs]))
  }

  async #settle(lost: LostRun, leases: ReadonlyMap<string, number>): Promise<void> {
    const { fleet, settlesAll, outputSize, log } = this.#parts
    const { run } = lost
    const hook = this.#parts.hook(run.hook)
    if (hook === undefined && !settlesAll) return
    const plan = hook ? retryAfter(run, hook, 'interrupted') : null
    const silence = formatDuration(leases.get(run.worker ?? '') ?? this.#parts.leaseMs)
    const what = `worker ${run.worker ?? 'unknown'} gave no sign of life for ${silence}`
    const reason = plan ? what : `${what}; ${notRunAgain(run)}`
    const end: RunEnd = {
      ...unstarted(reason),
      status: 'interrupted',
      outputBytes: await outputSize(run.id),
    }
    const retry = await fleet.conclude(lost, end, plan).catch((error: unknown) => {
      if (plan === null || !isHopeless(error)) throw error
      return fleet.conclude(lost, { ...end, reason: notAgain(what, error) }, null)
    })
    log.warn(
      { run: run.id, hook: run.hook, retry: retry?.id },
      `    ${run.hook} #${run.id}: ${what}`,
    )
  }
}
