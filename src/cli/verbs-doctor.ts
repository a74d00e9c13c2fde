/** The verb that looks at the machine. */

import type { DoctorOptions } from './doctor.ts'
import { roleOption } from './role-option.ts'
import { type Verbs, verb } from './verbs.ts'

const sample = `  runhook doctor              the machine, the server and every hook
  runhook doctor blog         and of the hooks only blog
  sudo runhook doctor         asks as the user whom the data folder belongs to`

export function addDoctor(verbs: Verbs): void {
  verb(verbs, 'doctor [hook...]', 'find out why hooks would not work on this machine', sample)
    .addOption(roleOption())
    .option('--json', 'print JSON')
    .action(async (hooks: string[], options: DoctorOptions) => {
      const { doctor } = await import('./doctor.ts')
      verbs.finish(await doctor(hooks, options, verbs.terminal))
    })
}
