/** Runs, their steps and how they end. See delivery.ts for the words. */

/** GitHub's check conclusions, plus `queued`, `running` and `interrupted` (the server went away under it). */
export const runStatuses = [
  'queued',
  'running',
  'success',
  'failure',
  'timed_out',
  'cancelled',
  'interrupted',
] as const
export type RunStatus = (typeof runStatuses)[number]
export type Conclusion = Exclude<RunStatus, 'queued' | 'running'>

export interface Run {
  readonly id: number
  readonly deliveryId: number
  readonly hook: string
  /** Index into the delivery's updates. */
  readonly update: number
  readonly group: string | null
  readonly attempt: number
  /** Null for a run that a delivery or a person asked for. */
  readonly retry: RetryOf | null
  readonly status: RunStatus
  readonly queuedAt: number
  /** It waits until then at least; null = it may start as soon as there is room. */
  readonly notBefore: number | null
  readonly startedAt: number | null
  readonly finishedAt: number | null
  readonly exitCode: number | null
  readonly signal: string | null
  /** Why it ended as it did, for a person: "superseded by run 143". */
  readonly reason: string | null
  readonly config: string
  /** Who carries it out, or is the only one who may; null = nobody yet, or a server that is alone. */
  readonly worker: string | null
  /** The number of the first of the runs that one delivery asked of every worker; null = it was asked of one. */
  readonly rollout: number | null
  /** What started it, for lists: event, branch or tag, sha, sender. */
  readonly event: string
  readonly refName: string | null
  readonly sha: string | null
  readonly sender: string | null
  readonly inputs: Readonly<Record<string, string>>
  /** Bytes the command wrote, and bytes that were cut out of the middle. */
  readonly outputBytes: number
  readonly outputCut: number
}

/** Of a run that follows a failed one by itself. */
export interface RetryOf {
  /** The failed run. */
  readonly run: number
  /** 1, 2, 3 … of so many. */
  readonly number: number
  readonly times: number
  /** How many of the attempts before it were interrupted. */
  readonly interruptions: number
  /** Where runs are sealed: the first of all these attempts, and when that was queued. */
  readonly first?: number
  readonly since?: number
}

export type Phase = 'run' | 'on-failure' | 'on-success'

export interface StepRecord {
  /** 1, 2, 3 … through all phases of the run. */
  readonly number: number
  readonly phase: Phase
  readonly name: string | null
  /** The line as written in the file. */
  readonly title: string
  /** Null while it runs. */
  readonly status: Conclusion | null
  /** Why it did not succeed: "failed with exit code 1". */
  readonly reason: string | null
  readonly startedAt: number
  readonly finishedAt: number | null
  readonly exitCode: number | null
  readonly signal: string | null
  /** Where its section begins and ends in the stored output, bytes. */
  readonly outputFrom: number
  readonly outputTo: number | null
}

export interface RunEnd {
  /** A value of the delivery may not be used: nothing ran, and trying again would be the same. */
  readonly refused?: true
  readonly status: Conclusion
  readonly exitCode: number | null
  readonly signal: string | null
  readonly reason: string | null
  readonly outputBytes: number
  readonly outputCut: number
  readonly steps: readonly StepRecord[]
}
