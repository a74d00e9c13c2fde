/** Of a hook that has no runs: whether there is such a hook at all. */

import { RunhookError } from '../errors.ts'
import { suggest } from '../hooks/suggest.ts'
import type { ServerStatus } from '../show/control.ts'
import type { Client } from './client.ts'

/** Throws when the server knows no such hook. Runs of one that was taken out of the file stay listed. */
export async function refuseUnknownHook(client: Client, name: string): Promise<void> {
  const [{ hooks }, { configProblem }] = await Promise.all([
    client.get<{ hooks: readonly { name: string }[] }>('/hooks'),
    client.get<ServerStatus>('/status'),
  ])
  const known = hooks.map((hook) => hook.name)
  if (known.includes(name)) return
  const guess = suggest(name, known)
  const others = /^\d+$/.test(name)
    ? `"runhook logs ${name}" shows the run of that number.`
    : guess === null
      ? `Known: ${known.join(', ') || 'none'}.`
      : `Did you mean "${guess}"?`
  throw new RunhookError('not-found', `There is no hook "${name}".`, {
    // It may be in the file that was not taken over.
    hint: configProblem === null ? others : `${configProblem}: see "runhook check".`,
  })
}
