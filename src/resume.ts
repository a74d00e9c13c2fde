/**
 * What a new process does first: settles what the one before it left, then lets the queue begin.
 */

import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Current } from './current.ts'
import { messageOf } from './errors.ts'
import type { Log } from './log.ts'
import type { Run } from './model/run.ts'
import type { FileOutputLog } from './record/output.ts'
import type { SqliteStore } from './record/sqlite.ts'
import { endStaleGroups, type Holding } from './run/holding.ts'
import { endLeftovers } from './run/leftovers.ts'
import type { Queue } from './run/queue.ts'
import { bootId, recover } from './run/recover.ts'
import type { Slots } from './run/slots.ts'
import type { Started } from './run/started.ts'

/** Shells that wait for their first command; more are made when more run at once. */
const SLOTS_AHEAD = 4
/** Stands for the shells where a run's number would: none has this one. */
export const SLOTS = 0

export interface ResumeParts {
  readonly store: SqliteStore
  readonly output: FileOutputLog
  readonly slots: Slots
  readonly started: Started
  readonly holding: Holding
  readonly queue: Queue
  /** See RecoverParts. */
  readonly lastRun: number
  readonly current: Current
  readonly log: Log
}

/**
 * Recovery ends what a crash left behind, which may take seconds; deliveries are stored meanwhile. A disk
 * that refuses is asked again until it agrees: nothing may start before the old work is settled.
 */
export async function resume(parts: ResumeParts, stopped: AbortSignal): Promise<void> {
  const { slots, queue, current, log } = parts
  const { maxParallel } = current.config.server
  while (!stopped.aborted) {
    try {
      queue.restore(await recovered(parts))
      if (stopped.aborted) return
      slots.prepare(Math.min(maxParallel, SLOTS_AHEAD))
      return queue.open()
    } catch (error) {
      if (stopped.aborted) return // the store has been closed
      log.error(
        `${messageOf(error)} Nothing is started until it is mended; trying again in a second.`,
      )
      await sleep(1000, undefined, { ref: false })
    }
  }
}

async function recovered(parts: ResumeParts): Promise<Run[]> {
  const { store, output, started, holding, lastRun, current, log } = parts
  const boot = bootId()
  const sameBoot = (await store.swapSetting('boot', boot)) === boot
  const base = holding.cgroups?.base
  const groups = base === undefined ? null : await store.swapSetting('cgroup', base)
  await endStaleGroups(holding, groups, [], log)
  await endLeftovers(store.token, [SLOTS])
  const known = started.read()
  const waiting = await recover({
    store,
    lastRun,
    log,
    hook: (name) => current.config.hooks.get(name),
    mayHaveStarted: (runId) => known.has(runId) || output.exists(runId),
    outputBytes: (runId) => statSync(output.path(runId), { throwIfNoEntry: false })?.size ?? 0,
    endLeftovers: async (runIds) => {
      await endStaleGroups(holding, groups, runIds, log)
      for (const left of await endLeftovers(store.token, runIds)) {
        const { runId, pids, remaining } = left
        const became = remaining.length > 0 ? `still running: ${remaining}` : 'they were ended'
        log.warn({ run: runId, pids, remaining }, `    run #${runId} left processes; ${became}`)
      }
    },
    sameBoot,
  })
  started.clear()
  return waiting
}
