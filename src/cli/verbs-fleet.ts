/** The verbs of a fleet. */

import type { Command } from 'commander'
import { toLimit } from './arguments.ts'
import type { RolloutsOptions } from './rollouts.ts'
import { asking, type Verbs } from './verbs.ts'
import type { WorkerOptions, WorkersOptions } from './workers.ts'

export function addWorkers(verbs: Verbs): void {
  const { terminal, finish } = verbs
  const workers = asking(verbs, 'workers', 'list the workers of a fleet, and what each has')
    .option('--deployed', 'what each has of each hook, too')
    .option('--json', 'print JSON')
    .helpCommand(false)
    .action(async (options: WorkersOptions) => {
      const { workers } = await import('./workers.ts')
      finish(await workers(options, terminal))
    })

  const sample =
    '  runhook workers remove web-4    it will not come back; nothing waits for it any more'
  asking({ program: workers, terminal, finish }, 'remove <name>', 'forget a worker', sample)
    .option('--json', 'print JSON')
    .action(async (name: string, _: WorkerOptions, command: Command) => {
      const options: WorkerOptions = command.optsWithGlobals() // "workers" takes what both have
      const { removeWorker } = await import('./workers.ts')
      finish(await removeWorker(name, options, terminal))
    })
}

const rolloutsSample = `  runhook rollouts blog   those of blog
  runhook rollouts 142    what became of one on each worker`

export function addRollouts(verbs: Verbs): void {
  const says = 'what every worker of a label was to run, and what became of it'
  asking(verbs, 'rollouts [id|hook]', says, rolloutsSample)
    .option('--hook <name>', 'only of this hook')
    .option('--limit <number>', 'at most this many', toLimit, 20)
    .option('--json', 'print JSON')
    .action(async (which: string | undefined, options: RolloutsOptions) => {
      const { rollouts } = await import('./rollouts.ts')
      verbs.finish(await rollouts(which, options, verbs.terminal))
    })
}
