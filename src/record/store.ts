/**
 * The Store: everything that must survive. This file is the contract in prose; sqlite.ts keeps it.
 *
 * Every method is asynchronous, whatever engine is beneath. A method that cannot write rejects with a
 * RunhookError of code `storage` and leaves nothing behind: no half of a delivery is ever stored.
 */

import type { Answered, Delivery, StoredDelivery, Verdict } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import type { RetryOf, Run, RunEnd, RunStatus, StepRecord } from '../model/run.ts'

/** A run that a delivery asks for: the hook as it is now, and which update it answers. */
export interface Wanted {
  readonly hook: Hook
  readonly update: number
  readonly inputs: Readonly<Record<string, string>>
}

export interface Accepted {
  readonly delivery: StoredDelivery
  /** Runs now waiting, in the order they were queued; those that could begin at once are `running`. */
  readonly queued: readonly Run[]
  /** Of these, the ones that have begun. */
  readonly begun: readonly Begun[]
  /** Waiting runs that these replaced; each is already `cancelled`, "superseded by run N". */
  readonly superseded: readonly number[]
  /** Running runs that should be ended because a group says cancel-in-progress. */
  readonly cancel: readonly number[]
}

/** Stores a delivery and hands the runs it asks for to the queue. */
export type Accept = (
  delivery: Delivery,
  verdicts: readonly Verdict[],
  wanted: readonly Wanted[],
  redelivers?: StoredDelivery,
) => Promise<Accepted>
/** A run that is marked running, with what its commands are told. */
export interface Begun {
  readonly run: Run
  readonly delivery: StoredDelivery
  /** The commit of the last run of this hook for the same ref that succeeded, by when it ended; or null. */
  readonly lastSuccess: string | null
}

/** The attempt that is to follow the end of a run. */
export interface RetryPlan {
  readonly retry: RetryOf
  readonly delayMs: number
  /** So many waiting runs its queue keeps for one ref, see Concurrency; null = all. */
  readonly keep: number | null
  /** "retry 1 of 3 in 10s" */
  readonly says: string
}

export interface RunFilter {
  readonly hook?: string | undefined
  readonly status?: RunStatus | undefined
  readonly deliveryId?: number | undefined
  /** Who carries it out, or is the only one who may. */
  readonly worker?: string | undefined
  readonly event?: string | undefined
  /** Branch or tag. */
  readonly refName?: string | undefined
  /** Who asked for it: the login at the host, or the user who pressed the button. */
  readonly sender?: string | undefined
  /** Queued at that time or later. */
  readonly since?: number | undefined
  /** Only those that have ended, and not by being cancelled. */
  readonly concluded?: true | undefined
  /** Only runs with a smaller id: the next page. */
  readonly before?: number | undefined
  readonly limit: number
}

export const outcomes = ['ran', 'nothing', 'problem'] as const

export interface DeliveryFilter {
  readonly before?: number | undefined
  /**
   * None of a smaller number. What has no index below is looked for from row to row: whoever asks for it says with
   * this how far (see show/find-deliveries.ts).
   */
  readonly from?: number | undefined
  /** Only what was held against this hook. */
  readonly hook?: string | undefined
  /** Where that hook is called: what came there and could not be read was held against none, and is found too. */
  readonly path?: string | undefined
  /**
   * `ran` started a run, `nothing` was read and started none (of `hook`, where that is asked for), `problem`
   * could not be read.
   */
  readonly outcome?: (typeof outcomes)[number] | undefined
  /** As the host calls it, or as we do. */
  readonly event?: string | undefined
  readonly repository?: string | undefined
  /** Branch or tag. */
  readonly refName?: string | undefined
  /** Came at that time or later. */
  readonly since?: number | undefined
  /** Only those that repeat this one. */
  readonly duplicateOf?: number | undefined
  /** Only these; what is not there is left out. */
  readonly ids?: readonly number[] | undefined
  readonly limit: number
}

/** A request that was turned away, with the operator's reason; its sender was not told. */
export interface Refused {
  readonly at: number
  readonly method: string
  readonly path: string
  readonly address: string
  readonly status: number
  readonly reason: string
}

/** All requests of one kind: address, path and reason. Method and status are the latest's. */
export interface Refusal extends Omit<Refused, 'at'> {
  readonly count: number
  /** To the minute. */
  readonly firstAt: number
  readonly lastAt: number
}

export interface RefusalFilter {
  readonly since: number
  readonly limit: number
}

export interface Store {
  /**
   * Commits a delivery, its verdicts and the runs it asks for in one transaction that is on disk
   * (fsync) before the promise resolves. Deliveries that arrive together share one commit.
   *
   * Inside that transaction it decides what needs the database:
   *  - a delivery whose guid came before at the same endpoint, be it in another case or with other
   *    spaces, is kept as a duplicate;
   *  - a hook that has a run by the same guid of its host, at whatever endpoint that came, does not run
   *    again while that waits, runs or has succeeded (check `duplicate`);
   *  - a push or tag whose body came before under another guid does not run (check `replay`),
   *    unless the hook allows it;
   *  - a new run of a group supersedes waiting ones of its hook for the same ref beyond what
   *    `queue` keeps, a retry that waits for its time among them: it would bring back older work;
   *  - when more runs would wait than may, nothing is stored and it rejects with code `busy`. What starts
   *    no run is always stored.
   *
   * `redelivers` is the stored delivery that a person sends through once more: the new one refers to it
   * as its duplicate, and nothing is held back.
   *
   * `mayBegin` is asked, inside the transaction, whether a new run can begin right away; it is then stored
   * as running and needs no `begin`. Whoever says yes has kept a place for it, and must give that up
   * when this rejects.
   */
  accept(
    delivery: Delivery,
    verdicts: readonly Verdict[],
    wanted: readonly Wanted[],
    redelivers?: StoredDelivery,
    mayBegin?: (run: Run) => boolean,
  ): Promise<Accepted>

  /**
   * What the sender of a delivery was answered with in the end, where that was not known when it was
   * accepted: he waited for an output. Never waits and never fails: it is written with what is written next.
   */
  answered(deliveryId: number, answer: Answered): void

  /** Queues a new attempt of an ended run, for the same delivery and update; `busy` as `accept`. */
  rerun(runId: number, hook: Hook): Promise<Accepted>

  run(id: number): Promise<Run | null>
  steps(runId: number): Promise<StepRecord[]>
  /** Newest first. */
  runs(filter: RunFilter): Promise<Run[]>
  /** Names of the hooks that have runs, in order; among them those that are in no hooks file any more. */
  hooksWithRuns(): Promise<string[]>
  delivery(id: number): Promise<StoredDelivery | null>
  /** Newest first, without bodies (an empty `body`). */
  deliveries(filter: DeliveryFilter): Promise<StoredDelivery[]>
  /**
   * Counts a refused request. Never waits and never fails: it is written within a second or so, and at
   * most 500 kinds are told apart in a minute. Kept for two weeks, with whole addresses for a day.
   */
  refuse(refused: Refused): void
  /** The kinds since a time, the latest first, and how many requests were refused in that time. */
  refusals(filter: RefusalFilter): Promise<{ refusals: Refusal[]; total: number }>
  /** Keeps the text of a hook under its hash, so that a run's config can be shown later. */
  keepConfig(texts: ReadonlyMap<string, string>): Promise<void>
  configText(hash: string): Promise<string | null>

  close(): Promise<void>
}

/** What the queue of one process needs beside it, and what a new process reads of the one before. */
export interface QueueStore extends Store {
  /**
   * Marks a waiting run as running, with the hash of the hook's text that it will use; on disk before
   * it resolves. Null when it is no longer waiting.
   */
  begin(runId: number, config: string): Promise<Begun | null>

  /**
   * Writes the end of a run, its steps and the retry that follows it, which it resolves with: all of them
   * or nothing, so that no crash can lose the retry or make a second one. The reason names it. Where
   * newer runs wait that would supersede it, there is no retry, and the reason says so.
   *
   * May be gathered with others for a moment; it is visible at once and is always written before a
   * `begin` that was asked for later.
   */
  finish(runId: number, end: RunEnd, retry?: RetryPlan | null): Promise<Run | null>

  /** Ends a waiting run as cancelled. False when it was not waiting. */
  cancelWaiting(runId: number, reason: string): Promise<boolean>

  /** Puts a running run back to waiting: it was begun but its command never started. */
  requeue(runId: number): Promise<void>

  /** Waiting runs in the order they were queued, and running ones: what a new process finds. */
  unfinished(): Promise<Run[]>
  /** Keeps a named value and returns the one it replaces. */
  swapSetting(name: string, value: string): Promise<string | null>
}
