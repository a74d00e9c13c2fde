/** Which runs wait for want of a worker, in the words that the API has for it. */

import type { Run } from '../model/run.ts'
import { waitsFor } from '../show/waits.ts'
import type { PagesParts } from './parts.ts'

/** By run; the workers are asked for only where a run waits. `waits for web-3, which is lost`. */
export type Waits = ReadonlyMap<number, string>

export async function waitsOf(
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
