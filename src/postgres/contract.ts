/**
 * What a fleet asks of its database beyond the Store: who works, who has taken which run, who is alive. This
 * file is the contract in prose.
 *
 * Words. A *worker* is a process that carries out runs, known by its name; an *instance* is one life of it. A
 * *turn*: in each group one unit, a run or a rollout, has its turn, and keeps it until all of it has ended. A
 * run whose turn has come, and for whose hook there is room, is *sent*: it has a job in pg-boss, in
 * the queue of its label or of its worker. Who fetches the job has *claimed* it, and holds it by lease: while he
 * renews that (`beat`), nobody else gets the run. A *rollout* is the runs that one delivery asks of every
 * worker of a label.
 */

import type { Conclusion, Run, RunEnd, StepRecord } from '../model/run.ts'
import type { CancelResult } from '../record/dispatcher.ts'
import type { Begun, RetryPlan } from '../record/store.ts'

export interface WorkerIdentity {
  readonly name: string
  readonly labels: readonly string[]
  readonly version: string
  /** The machine's name. */
  readonly host: string
  /** Of its data folder. */
  readonly token: string
  /** Runs it may have at once. */
  readonly slots: number
  readonly leaseMs: number
}

export interface Worker extends Omit<WorkerIdentity, 'token'> {
  readonly startedAt: number
  /** The last sign of life, by the clock of the database. */
  readonly seenAt: number
  /** `lost`: no sign of life for longer than its lease. `stopped`: it went by itself. */
  readonly state: 'alive' | 'lost' | 'stopped'
  readonly running: number
  readonly waiting: number
}

/** What a worker has, hook by hook: the last run that ended there, and the last that succeeded. */
export interface Deployed {
  readonly worker: string
  readonly hook: string
  readonly run: number
  readonly status: Conclusion
  readonly sha: string | null
  readonly refName: string | null
  readonly finishedAt: number
  /** The commit of the last that succeeded; null = none did. */
  readonly successSha: string | null
}

export interface Rollout {
  /** That of its first run. */
  readonly id: number
  readonly deliveryId: number
  readonly hook: string
  readonly update: number
  readonly label: string
  readonly maxParallel: number | null
  readonly failFast: boolean
  readonly catchUp: boolean
  readonly createdAt: number
  /** Why no more of its runs start; null = they do, or all have. */
  readonly stopped: string | null
  /** The last attempt on each worker, by name; those that were away are among them. */
  readonly runs: readonly Run[]
}

/** A run that this worker has taken out of the queue. */
export interface Claim {
  readonly runId: number
  readonly job: string
  readonly queue: string
}

/** What a renewal of the lease has found. */
export interface Beat {
  /** Claims that are this worker's no more: what runs for them must end, and its end is not to be written. */
  readonly lost: readonly number[]
  /** Runs that somebody wants ended, with why: "cancelled by ada". */
  readonly cancel: ReadonlyMap<number, string>
}

/** Of the worker that has registered. All but `register` reject with `conflict` before that. */
export interface Claims {
  /**
   * Makes itself known. Rejects with `conflict` while a worker of that name is alive in another data folder.
   * Resolves with the runs that an earlier life in this folder had begun, which are still its own to
   * settle: `settle` must be called for each before anything is claimed.
   */
  register(worker: WorkerIdentity): Promise<Run[]>

  /**
   * Ends what an earlier life had begun. `started`: its command may have run; then it is `interrupted`, followed by
   * `retry` if there is one. Else it waits again.
   */
  settle(runId: number, started: boolean, end: RunEnd, retry: RetryPlan | null): Promise<void>

  /** Takes up to `free` runs that may start here, the longest waiting first of each queue. Never waits for one. */
  claim(free: number): Promise<Claim[]>

  /**
   * Marks a claimed run as running here, with the hash of the text it will use; committed when it resolves.
   * `config` gives that by the name of the hook, undefined where this worker has none of that name. Asked again
   * after an answer was lost it says the same. Null when it waits no longer, or when it is not its turn after
   * all: the claim is over then.
   */
  begin(claim: Claim, config: (hook: string) => string | undefined): Promise<Begun | null>

  /** Renews the lease of all claims, by the clock of the database. */
  beat(claims: readonly Claim[]): Promise<Beat>

  /** A step of a run under way has begun or ended. */
  noteStep(runId: number, step: StepRecord): Promise<void>

  /**
   * Writes the end, the steps and the retry, gives up the turn and sends what comes next: all or nothing.
   * Null when there is no retry, also where the run is not this worker's any more: then nothing is written.
   */
  finish(claim: Claim, end: RunEnd, retry: RetryPlan | null): Promise<Run | null>

  /** A claim whose command was not started: it waits again, for whoever comes. */
  giveBack(claim: Claim): Promise<void>

  /** Nothing is claimed any more; what is left is to be found by others at once. */
  leave(): Promise<void>
}

/** What any process of the fleet may ask. */
export interface Fleet {
  /** All that are known, by name. */
  workers(): Promise<Worker[]>
  deployed(): Promise<Deployed[]>
  /** Forgets one that is not alive: no more runs wait for it. Rejects with `not-found` or `conflict`. */
  removeWorker(name: string): Promise<void>
  /** Newest first. */
  rollouts(filter: {
    readonly hook?: string | undefined
    readonly before?: number | undefined
    readonly limit: number
  }): Promise<Rollout[]>
  rollout(id: number): Promise<Rollout | null>

  /**
   * Asks for the end of a run, wherever it is. `stopping` when it runs: its worker is told.
   */
  cancel(runId: number, reason: string): Promise<CancelResult>

  /** Runs that wait and that run, in the whole fleet. */
  counts(): Promise<{ waiting: number; running: number }>

  /**
   * Runs whose worker was lost, claimed for settling; whoever asks must settle each with `conclude`, or it
   * comes again. Empty when there are none.
   */
  lost(): Promise<{ readonly run: Run; readonly job: string }[]>

  /** As `finish`, for a run whose worker is gone; a run that had not begun is sent anew. */
  conclude(
    lost: { run: Run; job: string },
    end: RunEnd,
    retry: RetryPlan | null,
  ): Promise<Run | null>

  /** Sends what a crash at the wrong moment, or a hand in the database, left waiting although its turn has come. */
  mend(): Promise<number>
}
