/** What became of the run for whose sake a delivery that came again did not start one: as it stands now. */

import type { Verdict } from '../model/delivery.ts'
import type { Run, RunStatus } from '../model/run.ts'
import { runBefore } from '../record/repeats.ts'
import { BASE, type PagesParts } from './parts.ts'

/** A delivery asks at most so many hooks of which somebody wants to read. */
const MOST = 100

/** By number; those that are no longer kept are left out. */
export type RunsBefore = ReadonlyMap<number, Run>

export async function runsBefore(
  { store }: Pick<PagesParts, 'store'>,
  verdicts: readonly Verdict[],
): Promise<RunsBefore> {
  const named = verdicts.flatMap(({ checks }) => checks.map(runBefore))
  const ids = [...new Set(named)].filter((id) => id !== null).slice(0, MOST)
  const runs = await Promise.all(ids.map((id) => store.run(id)))
  return new Map(runs.filter((run) => run !== null).map((run) => [run.id, run]))
}

const became: Readonly<Record<RunStatus, string>> = {
  queued: 'waits for its turn',
  running: 'is under way',
  success: 'did its work',
  failure: 'failed',
  timed_out: 'was stopped by its timeout',
  cancelled: 'was cancelled',
  interrupted: 'was interrupted',
}
const isKept = (status: RunStatus) => ['queued', 'running', 'success'].includes(status)

/** Above what can be done about it. */
export function RunBefore({ id, run }: { id: number; run: Run | undefined }) {
  if (run === undefined) return <>Run #{id}, which it started then, is no longer kept. </>
  return (
    <>
      {isKept(run.status) ? 'It was not lost: ' : 'Its work is not done: '}
      <a href={`${BASE}/runs/${id}`}>run #{id}</a> of{' '}
      <a href={`${BASE}/deliveries/${run.deliveryId}`}>delivery #{run.deliveryId}</a>{' '}
      {became[run.status]}.{' '}
    </>
  )
}
