/** Whether the processes that a hook's `signal` steps mean are there, and may be signalled. */

import type { Hook } from '../model/hook.ts'
import { trySignal } from '../run/signal.ts'
import { everyStep } from './called.ts'
import { error, type Finding, ok, warning } from './finding.ts'
import type { Probe } from './probe.ts'

export function checkPidFiles(hook: Hook, probe: Probe): Finding[] {
  const steps = everyStep(hook).filter((step) => step.kind === 'signal')
  return steps.map((step) => {
    const signal = step.signal.replace(/^SIG/, '')
    const tried = trySignal(step, hook.terms.user)
    if ('text' in tried) return ok('pid-file', `${signal} would reach ${tried.text}`)
    if (!tried.refused) return warning('pid-file', tried.problem)
    const { name } = probe.userOf(hook)
    return error(
      'pid-file',
      `${name} cannot signal it: ${tried.problem}`,
      `run the service as ${name}, or reload it in "run" by: sudo -n systemctl reload SERVICE`,
      `with, in /etc/sudoers.d/runhook: ${name} ALL=(root) NOPASSWD: /usr/bin/systemctl reload SERVICE`,
    )
  })
}
