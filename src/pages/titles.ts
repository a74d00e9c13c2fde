/** What the commits of runs say: the first line of each, as the delivery keeps it that asked for the run. */

import type { Run } from '../model/run.ts'
import type { PagesParts } from './parts.ts'

/** By run. One that has none (a call, a run by hand, a delivery that is gone) is not in it. */
export type Titles = ReadonlyMap<number, string>

export async function titlesOf(
  { store }: Pick<PagesParts, 'store'>,
  runs: readonly Run[],
): Promise<Titles> {
  const ids = [...new Set(runs.map(({ deliveryId }) => deliveryId))]
  if (ids.length === 0) return new Map()
  const deliveries = await store.deliveries({ ids, limit: ids.length })
  const updates = new Map(deliveries.map((delivery) => [delivery.id, delivery.updates]))
  return new Map(
    runs.flatMap((run): [number, string][] => {
      const message = updates.get(run.deliveryId)?.[run.update]?.message ?? ''
      const [title = ''] = message.trimStart().split('\n', 1)
      return title === '' ? [] : [[run.id, title]]
    }),
  )
}
