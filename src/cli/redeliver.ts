/** `runhook redeliver`: a stored delivery sent through once more, to the hooks as they are now. */

import type { RedeliveryView } from '../show/views.ts'
import { headline } from './delivery-page.ts'
import { connect, type PlaceOptions } from './locate.ts'
import { printableJson } from './printable.ts'
import type { Terminal } from './terminal.ts'
import { verdictPage } from './verdict-page.ts'

export interface RedeliverOptions extends PlaceOptions {
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** Exit code 1 when nothing runs, or would run. */
export async function redeliver(
  deliveryId: number,
  { dryRun = false, json, ...place }: RedeliverOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(place, terminal)
  const answer = await client.post<RedeliveryView>(`/deliveries/${deliveryId}/redeliver`, {
    dryRun,
  })
  if (json) await terminal.out.write(`${printableJson(answer)}\n`)
  else await tell(deliveryId, answer, terminal)
  return answer.delivery.matched.length > 0 ? 0 : 1
}

async function tell(
  deliveryId: number,
  { dryRun, delivery, runs }: RedeliveryView,
  { out, talk }: Terminal,
): Promise<void> {
  const what = headline(delivery)
  const head = dryRun
    ? `#${deliveryId}  ${what}`
    : `#${delivery.id} redelivers #${deliveryId}  ${what}`
  const lines = verdictPage({ ...delivery, wouldRun: dryRun }, out)
  await out.write(`${[out.style('bold', head), ...lines].join('\n')}\n`)
  if (dryRun) await talk.write('A dry run: nothing was started, and nothing recorded.\n')
  else for (const run of runs) await talk.write(`  runhook logs -f ${run.id}\n`)
}
