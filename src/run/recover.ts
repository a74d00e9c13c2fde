/**
 * What a new process finds of the old one's work. Runs that were waiting still wait, retries among them.
 * A run that was marked running but is not among the started ones never began its command, so it waits
 * again; any other may have done part of its work: what is left of it is ended and it is marked
 * `interrupted`, and run again only where its hook says that such runs are.
 */

import { readFileSync } from 'node:fs'
import type { Log } from '../log.ts'
import type { Hook } from '../model/hook.ts'
import type { Run, RunEnd } from '../model/run.ts'
import type { QueueStore } from '../record/store.ts'
import { unstarted } from './ended.ts'
import { notRunAgain, retryAfter } from './retry.ts'

export interface RecoverParts {
  readonly store: QueueStore
  /** The last that the old process stored: what came since is the queue's already, or about to be. */
  readonly lastRun: number
  readonly log: Log
  readonly hook: (name: string) => Hook | undefined
  /** Did the command of this run start? Asked only after what an earlier server left behind was ended. */
  readonly mayHaveStarted: (runId: number) => boolean
  readonly outputBytes: (runId: number) => number
  /** Ends processes that runs left behind; resolves when they are gone. */
  readonly endLeftovers: (runIds: readonly number[]) => Promise<void>
  /** False when the machine itself has restarted: no process survived, and no file proves anything. */
  readonly sameBoot: boolean
}

/** Resolves with the runs that are to wait, in order. */
export async function recover(parts: RecoverParts): Promise<Run[]> {
  const ofOld = (run: Run) => run.id <= parts.lastRun || run.retry !== null // made here, at an earlier try
  const found = (await parts.store.unfinished()).filter(ofOld)
  const running = found.filter((run) => run.status === 'running')
  const started = running.filter((run) => !parts.sameBoot || parts.mayHaveStarted(run.id))
  if (parts.sameBoot && started.length > 0) {
    await parts.endLeftovers(started.map((run) => run.id))
  }
  const retries: Run[] = []
  for (const run of started) retries.push(...(await interrupt(parts, run)))
  const back = running.filter((run) => !started.includes(run))
  for (const run of back) await parts.store.requeue(run.id)
  const ids = new Set(started.map((run) => run.id))
  const waiting = found
    .filter((run) => !ids.has(run.id))
    .map((run): Run => ({ ...run, status: 'queued', startedAt: null }))
  if (found.length > 0) {
    parts.log.warn(
      { waiting: waiting.length, interrupted: started.map((run) => run.id) },
      `    after the last stop: ${waiting.length} waiting, ${started.length} interrupted`,
    )
  }
  return [...waiting, ...retries]
}

/** Resolves with its retry, if it has one. */
async function interrupt(parts: RecoverParts, run: Run): Promise<Run[]> {
  const hook = parts.hook(run.hook)
  const plan = hook ? retryAfter(run, hook, 'interrupted') : null
  const what = 'the server went away while it was running'
  const end: RunEnd = {
    ...unstarted(plan ? what : `${what}; ${notRunAgain(run)}`),
    status: 'interrupted',
    outputBytes: parts.outputBytes(run.id),
  }
  const retry = await parts.store.finish(run.id, end, plan)
  return retry ? [retry] : []
}

/** Changes at every boot of the machine (Linux); elsewhere empty, so files alone must tell. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}
