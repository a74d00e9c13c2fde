/** The line of the log for each delivery that was kept. */

import { failuresOf } from '../hooks/verdict.ts'
import type { Log } from '../log.ts'
import type { Verdict } from '../model/delivery.ts'
import type { Accepted } from '../record/store.ts'

/** `--> push acme/site main 8b1d0e4` and what became of it, one line each. */
export function tell(log: Log, accepted: Accepted): void {
  const { delivery, queued } = accepted
  const first = delivery.updates[0]
  const what = [
    first?.event || delivery.event,
    delivery.repository,
    first?.tag ?? first?.branch,
    first?.sha?.slice(0, 7),
  ]
  log.info(
    {
      delivery: delivery.id,
      endpoint: delivery.endpoint,
      host: delivery.host,
      runs: queued.map((run) => run.id),
      ignored: delivery.verdicts.filter((verdict) => !verdict.matched).map(decidedOf),
    },
    `--> ${what.filter(Boolean).join(' ')}  ${delivery.host} ${delivery.proof}  ${outcomeOf(accepted)}`,
  )
}

function decidedOf(verdict: Verdict): string {
  const failures = failuresOf(verdict).map(({ says }) => says)
  return `${verdict.hook}: ${failures.join(', ') || verdict.checks.at(-1)?.says}`
}

function outcomeOf({ delivery, queued }: Accepted): string {
  if (delivery.problem) return `unreadable: ${delivery.problem}`
  if (queued.length > 0) return queued.map((run) => `${run.hook} #${run.id}`).join(', ')
  const decided = delivery.verdicts.map(decidedOf)
  return `ignored (${decided.join('; ')})`
}
