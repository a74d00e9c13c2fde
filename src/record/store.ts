/**
 * The Store: everything that must survive. This file is the contract in prose; sqlite.ts keeps it.
 *
 * Every method is asynchronous, whatever engine is beneath. A method that cannot write rejects with a
 * RunhookError of code `storage` and leaves nothing behind: no half of a delivery is ever stored.
 */

import type {
  Delivery,
  Hook,
  Run,
  RunEnd,
  RunStatus,
  StepRecord,
  StoredDelivery,
  Verdict,
} from '../model.ts'

/** A run that a delivery asks for: the hook as it is now, and which update it answers. */
export interface Wanted {
  readonly hook: Hook
  readonly update: number
  readonly inputs: Readonly<Record<string, string>>
}

export interface Accepted {
  readonly delivery: StoredDelivery
  /** Runs now waiting, in the order they were queued. */
  readonly queued: readonly Run[]
  /** Waiting runs that these replaced; each is already `cancelled`, "superseded by run N". */
  readonly superseded: readonly number[]
  /** Running runs that should be ended because a group says cancel-in-progress. */
  readonly cancel: readonly number[]
}

export interface RunFilter {
  readonly hook?: string | undefined
  readonly status?: RunStatus | undefined
  readonly deliveryId?: number | undefined
  /** Only runs with a smaller id: the next page. */
  readonly before?: number | undefined
  readonly limit: number
}

export interface DeliveryFilter {
  readonly before?: number | undefined
  readonly limit: number
}

export interface Store {
  /**
   * Commits a delivery, its verdicts and the runs it asks for in one transaction that is on disk
   * (fsync) before the promise resolves. Deliveries that arrive together share one commit.
   *
   * Inside that transaction it decides what needs the database:
   *  - a delivery whose guid came before at the same endpoint is kept as a duplicate; a hook whose
   *    earlier run is waiting, running or succeeded does not run again (check `duplicate`);
   *  - a push or tag whose body came before under another guid does not run (check `replay`),
   *    unless the hook allows it;
   *  - a new run of a group with `queue: single` supersedes the group's waiting one.
   */
  accept(
    delivery: Delivery,
    verdicts: readonly Verdict[],
    wanted: readonly Wanted[],
  ): Promise<Accepted>

  /**
   * Marks a waiting run as running, with the hash of the hook's text that it will use; on disk before
   * it resolves. Null when it is no longer waiting.
   */
  begin(runId: number, config: string): Promise<{ run: Run; delivery: StoredDelivery } | null>

  /**
   * Writes the end of a run and its steps. May be gathered with others for a moment; it is visible at once
   * and is always written before a `begin` that was asked for later.
   */
  finish(runId: number, end: RunEnd): Promise<void>

  /** Ends a waiting run as cancelled. False when it was not waiting. */
  cancelWaiting(runId: number, reason: string): Promise<boolean>

  /** Queues a new attempt of an ended run, for the same delivery and update. */
  rerun(runId: number, hook: Hook): Promise<Accepted>

  /** Puts a running run back to waiting: it was begun but its command never started. */
  requeue(runId: number): Promise<void>

  run(id: number): Promise<Run | null>
  steps(runId: number): Promise<StepRecord[]>
  /** Newest first. */
  runs(filter: RunFilter): Promise<Run[]>
  delivery(id: number): Promise<StoredDelivery | null>
  /** Newest first, without bodies (an empty `body`). */
  deliveries(filter: DeliveryFilter): Promise<StoredDelivery[]>
  /** Waiting runs in the order they were queued, and running ones: what a new process finds. */
  unfinished(): Promise<Run[]>
  /** Keeps the text of a hook under its hash, so that a run's config can be shown later. */
  keepConfig(texts: ReadonlyMap<string, string>): Promise<void>
  configText(hash: string): Promise<string | null>

  /** Keeps a named value and returns the one it replaces. */
  swapSetting(name: string, value: string): Promise<string | null>

  close(): Promise<void>
}
