/** The verbs that list deliveries, and send one through once more. See verbs.ts. */

import { Option } from 'commander'
import { toId, toLimit } from './arguments.ts'
import type { DeliveriesOptions } from './deliveries.ts'
import type { RedeliverOptions } from './redeliver.ts'
import { asking, type Verbs } from './verbs.ts'

const OUTCOMES = 'ran nothing problem'.split(' ')

const listSample = `  runhook deliveries 57                  why did this push run nothing?
  runhook deliveries --refused           what was turned away: a wrong signature, a wrong path
  runhook deliveries --outcome nothing --since 12h`

export function addDeliveries(verbs: Verbs): void {
  const what = 'list what arrived; with an id, why each hook did or did not run'
  asking(verbs, 'deliveries', what, listSample)
    .argument('[id]', 'delivery, such as 57', toId)
    .option('--hook <name>', 'only what was held against this hook')
    .addOption(
      new Option(
        '--outcome <outcome>',
        'only those that ran something, ran nothing, or could not be used',
      ).choices(OUTCOMES),
    )
    .option('--event <name>', 'only of this event, such as push')
    .option('--repository <name>', 'only of this repository, such as acme/site')
    .option('--branch <name>', 'only of this branch or tag')
    .option('--since <time>', 'only since then: 2026-11-23, 2026-11-23T14:00Z, 12h, 7d')
    .option('--refused', 'list what was turned away instead, and why')
    .option('--limit <number>', 'at most this many', toLimit, 20)
    .option('--json', 'print JSON')
    .action(async (id: number | undefined, options: DeliveriesOptions) => {
      const { deliveries } = await import('./deliveries.ts')
      verbs.finish(await deliveries(id, options, verbs.terminal))
    })
}

const sample = `  runhook redeliver 57 --dry-run   which hooks would run now
  runhook redeliver 57`

export function addRedeliver(verbs: Verbs): void {
  asking(verbs, 'redeliver', 'send a delivery through once more, to the hooks as they are', sample)
    .argument('<id>', 'delivery, such as 57', toId)
    .option('--dry-run', 'only say what would run')
    .option('--json', 'print JSON')
    .action(async (delivery: number, options: RedeliverOptions) => {
      const { redeliver } = await import('./redeliver.ts')
      verbs.finish(await redeliver(delivery, options, verbs.terminal))
    })
}
