/** Why runs wait: for want of a worker, in the words that the API has for it, or for their turn. */

import type { Run } from '../model/run.ts'
import { waitsFor } from '../show/waits.ts'
import type { PagesParts } from './parts.ts'

/** By run. `waits for web-3, which is lost` */
export type Waits = ReadonlyMap<number, string>

/** Runs under way that are looked through for the one that is in the way. */
const LOOKED_AT = 500

export async function waitsOf(
  parts: Pick<PagesParts, 'fleet' | 'hooks' | 'store'>,
  runs: readonly Run[],
): Promise<Waits> {
  const waiting = runs.filter(({ status }) => status === 'queued')
  if (waiting.length === 0) return new Map()
  const [workers, running] = await Promise.all([
    waitsForWorkers(parts, waiting),
    parts.store.runs({ status: 'running', limit: LOOKED_AT }),
  ])
  return new Map(
    waiting.flatMap((run): (readonly [number, string])[] => {
      const says = workers.get(run.id) ?? waitsForTurn(parts, run, running)
      return says === null ? [] : [[run.id, says]]
    }),
  )
}

/** The workers are asked for only where a run waits. */
export async function waitsForWorkers(
  { fleet, hooks }: Pick<PagesParts, 'fleet' | 'hooks'>,
  runs: readonly Run[],
): Promise<Waits> {
  const waiting = runs.filter(({ status }) => status === 'queued')
  if (fleet === null || waiting.length === 0) return new Map()
  const workers = await fleet.workers()
  const known = hooks().hooks
  return new Map(
    waiting.flatMap((run): (readonly [number, string])[] => {
      const label = known.get(run.hook)?.placement.label ?? null
      const says = waitsFor(run, label, workers)
      return says === null ? [] : [[run.id, says]]
    }),
  )
}

/** Null where nothing that can be seen is in the way: it begins in a moment, or at the time of its retry. */
function waitsForTurn(
  { fleet, hooks }: Pick<PagesParts, 'fleet' | 'hooks'>,
  run: Run,
  running: readonly Run[],
): string | null {
  if (run.retry !== null || run.rollout !== null) return null
  const before = run.group === null ? undefined : running.find(({ group }) => group === run.group)
  if (before) return `waits for run #${before.id}: of one group they go one at a time`
  const most = hooks().hooks.get(run.hook)?.maxParallel ?? null
  const own = running.filter(({ hook }) => hook === run.hook)
  if (most !== null && own.length >= most)
    return `waits for another run of ${run.hook} to end: its "max-parallel" is ${most}`
  const { maxParallel } = hooks().server
  if (fleet !== null || running.length < maxParallel) return null
  return `waits for any run to end: "max-parallel" of the server is ${maxParallel}`
}
