/** The verb that sends a delivery through once more. See verbs.ts. */

import { toId } from './arguments.ts'
import type { RedeliverOptions } from './redeliver.ts'
import { asking, type Verbs } from './verbs.ts'

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
