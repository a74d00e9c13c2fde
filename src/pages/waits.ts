/** Why runs wait: for want of a worker, in the words that the API has for it, for their turn, or for the time of a retry. */

import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import { waitsFor } from '../show/waits.ts'
import { took } from '../show/when.ts'
import type { PagesParts } from './parts.ts'
import { exactTime } from './times.tsx'

/** By run. `waits for web-3, which is lost` */
export type Waits = ReadonlyMap<number, string>

/** Runs under way that are looked through for the one that is in the way. */
const LOOKED_AT = 500

export async function waitsOf(
  parts: Pick<PagesParts, 'fleet' | 'hooks' | 'store'>,
  runs: readonly Run[],
  now = Date.now(),
): Promise<Waits> {
  const waiting = runs.filter(({ status }) => status === 'queued')
  if (waiting.length === 0) return new Map()
  const [workers, running, queued] = await Promise.all([
    waitsForWorkers(parts, waiting),
    parts.store.runs({ status: 'running', limit: LOOKED_AT }),
    waiting.some(({ group }) => group !== null)
      ? parts.store.runs({ status: 'queued', limit: LOOKED_AT })
      : [],
  ])
  return new Map(
    waiting.flatMap((run): (readonly [number, string])[] => {
      const retry = waitsForTime(run, now)
      const says = retry ?? workers.get(run.id) ?? waitsForTurn(parts, run, { running, queued })
      return says === null ? [] : [[run.id, says]]
    }),
  )
}

function waitsForTime({ notBefore }: Run, now: number): string | null {
  if (notBefore === null || notBefore <= now) return null
  return `waits for the time of its retry, in ${took(notBefore - now)}: ${exactTime(notBefore)}`
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

interface UnderWay {
  readonly running: readonly Run[]
  readonly queued: readonly Run[]
}

/** Null where nothing that can be seen is in the way: it begins in a moment. */
function waitsForTurn(
  { fleet, hooks }: Pick<PagesParts, 'fleet' | 'hooks'>,
  run: Run,
  { running, queued }: UnderWay,
): string | null {
  const hook = hooks().hooks.get(run.hook)
  const ahead = waitsForGroup(run, { running, queued })
  if (ahead !== null) return ahead
  if (run.rollout !== null) return waitsForRollout(run, running, hook)
  const most = hook?.maxParallel ?? null
  const own = running.filter(({ hook }) => hook === run.hook)
  if (most !== null && own.length >= most)
    return `waits for another run of ${run.hook} to end (run #${own.at(-1)?.id}): its "max-parallel" is ${most}`
  const { maxParallel } = hooks().server
  if (fleet !== null || running.length < maxParallel) return null
  return `waits for any run to end: "max-parallel" of the server is ${maxParallel}`
}

/** Runs of one rollout have their turn together. */
function waitsForGroup({ id, group, rollout }: Run, { running, queued }: UnderWay): string | null {
  if (group === null) return null
  const isOther = (one: Run) => one.group === group && (rollout === null || one.rollout !== rollout)
  const before = running.find(isOther)
  if (before) return `waits for run #${before.id}: of one group they go one at a time`
  // Lists are newest first: the last that is older than this one began to wait first.
  const first = queued.findLast((one) => isOther(one) && one.id < id && one.notBefore === null)
  return first ? `waits for run #${first.id}, which is ahead of it in its group` : null
}

function waitsForRollout(run: Run, running: readonly Run[], hook: Hook | undefined): string | null {
  const most = hook?.placement.maxParallel ?? null
  const own = running.filter(({ rollout }) => rollout === run.rollout)
  const [first] = own
  if (most === null || !first || own.length < most) return null
  return `waits for its turn, after run #${first.id} on ${first.worker}: "max-parallel" of its rollout is ${most}`
}
