/** Which outputs go: see retention.ts. */

import type { EndedRun, KeptOutputs, Place, Prune } from './prune.ts'
import type { Policy } from './retention.ts'

interface Parts {
  readonly prune: Prune
  readonly files: KeptOutputs
  readonly isTooMuch: () => boolean
}

/**
 * Removes the oldest first, until those that stay are young enough and not too much together; after each slice
 * comes how many went.
 */
export async function* oldOutputs(
  { server, hooks }: Policy,
  parts: Parts,
): AsyncGenerator<number, void> {
  const { prune, isTooMuch } = parts
  const before = Date.now() - server.outputMs
  const isOld = (run: EndedRun & Place) =>
    run.finishedAt < before && (hooks.get(run.hook)?.ageMs ?? null) === null
  let place: Place = { finishedAt: 0, id: 0 }
  for (;;) {
    const runs = await prune.withOutput(place)
    const last = runs.at(-1)
    if (!last) return
    place = last
    const kept = new Map<string, number | null>()
    for (const hook of new Set(runs.map((run) => run.hook))) {
      kept.set(hook, await prune.oldestOfLastStarted(hook))
    }
    const isLast = ({ id, hook }: EndedRun) => id >= (kept.get(hook) ?? 0)
    const others = runs.filter((run) => !isLast(run))
    const gone = await remove(others, isOld, parts)
    yield gone
    if (gone === 0 && last.finishedAt >= before && !isTooMuch()) return
  }
}

async function remove<Run extends EndedRun>(
  runs: readonly Run[],
  isOld: (run: Run) => boolean,
  { prune, files, isTooMuch }: Parts,
): Promise<number> {
  const gone: number[] = []
  for (const run of runs) {
    if (!isOld(run) && !isTooMuch()) continue
    await files.remove([run.id]) // one by one: it may be enough
    gone.push(run.id)
  }
  if (gone.length > 0) await prune.outputRemoved(gone)
  return gone.length
}
