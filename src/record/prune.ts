/**
 * Removing what was kept for its time, a slice of at most 100 rows at a time: the contract in prose;
 * sqlite-prune.ts keeps it. Each method takes one slice and says how to go on. Nothing that waits or runs is
 * ever removed, nor the delivery of such a run; and of each table the newest row stays, because numbers go
 * on from it and none may be given twice.
 */

export const SLICE = 100
/** Outputs of so many last runs of a hook are kept whatever their age and size together. */
export const LAST_RUNS = 5

export interface EndedRun {
  readonly id: number
  readonly hook: string
  readonly queuedAt: number
  /** Null while it waits or runs. */
  readonly finishedAt: number | null
}

/** Where a walk in order of the end of runs has got to. */
export interface Place {
  readonly finishedAt: number
  readonly id: number
}

export interface Prune {
  /** Empties bodies that came before; resolves with how many there were in this slice. */
  bodies(before: number): Promise<number>
  /** The next runs after this number, in order. */
  runsAfter(id: number, hook?: string): Promise<EndedRun[]>
  /** The next runs after this place whose output is kept, the one that ended first before others. */
  withOutput(place: Place): Promise<(EndedRun & Place)[]>
  /** The number of the oldest of the `count` runs of the hook that ended last; null when it has fewer. */
  oldestOfLast(hook: string, count: number): Promise<number | null>
  /** The same, of runs that a command was started for. */
  oldestOfLastStarted(hook: string): Promise<number | null>
  /** Its number is where the next one's goes on from; 0 without runs. */
  newestRun(): Promise<number>
  outputRemoved(runIds: readonly number[]): Promise<void>
  /** Removes ended runs; what a repeat is known by stays with their deliveries. */
  runs(runIds: readonly number[]): Promise<void>
  /** Of the next deliveries after this number those that came before and that nothing refers to any more. */
  deliveries(after: number, before: number): Promise<{ next: number | null; removed: number }>
  /** Which of these numbers are runs. */
  runIds(from: number, to: number): Promise<Set<number>>
  /** Texts in use now stay, and others as long as a run can have them: until they are unused since then. */
  configs(inUse: Iterable<string>, unusedSince: number): Promise<void>
  /** Gives some free space back to the disk; false when there is little, which is left for what comes. */
  vacuum(): Promise<boolean>
}

/** The stored outputs as a whole. */
export interface KeptOutputs {
  /** All that is stored, as far as is known. */
  readonly bytes: number
  /** A run has ended and its output is complete. */
  add(runId: number): void
  /** Finds out how many bytes there are, where others add to them too. */
  count(): Promise<void>
  remove(runIds: readonly number[]): Promise<void>
  /** Removes those of no run; a pause may come after each step. `runsOf` tells which of these numbers are runs. */
  tidy(runsOf: (from: number, to: number) => Promise<ReadonlySet<number>>): AsyncGenerator<void>
}

/** Whose turn it is to go round, where several processes share what is kept. Two at once do no harm but work. */
export interface Rounds {
  /**
   * Null while another process goes round; also when one has done so lately, unless it is `urgent`. Else it is
   * this one's turn, until it calls what this resolves with.
   */
  begin(urgent: boolean): Promise<(() => Promise<void>) | null>
}
