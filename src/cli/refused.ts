/** What was turned away, for the operator: who asked for what, how often, and what was wrong with it. */

import type { AdvisedRefusal, RefusalsView } from '../show/views.ts'
import { ago } from '../show/when.ts'
import { type Client, query } from './client.ts'
import { printable, printableJson } from './printable.ts'
import type { Terminal } from './terminal.ts'

/** As long as they are kept. */
const DAYS = 14

export async function listRefused(
  client: Client,
  options: { readonly limit: number; readonly json?: boolean },
  terminal: Terminal,
): Promise<number> {
  const path = `/refusals${query({ days: DAYS, limit: options.limit })}`
  const found = await client.get<RefusalsView>(path)
  if (options.json) await terminal.out.write(`${printableJson(found)}\n`)
  else await tell(found, terminal)
  return 0
}

/** One line, only where there is something to tell. */
export async function tellOfRefused(client: Client, { talk }: Terminal): Promise<void> {
  const { total } = await client.get<RefusalsView>(`/refusals${query({ days: 1, limit: 1 })}`)
  if (total > 0) {
    await talk.write(`${total} refused in the last day: runhook deliveries --refused\n`)
  }
}

async function tell({ refusals, total }: RefusalsView, terminal: Terminal): Promise<void> {
  if (refusals.length === 0) {
    await terminal.talk.write(`Nothing was refused in the last ${DAYS} days.\n`)
    return
  }
  const now = terminal.now()
  await terminal.out.write(refusals.map((refusal) => entry(refusal, now, terminal)).join(''))
  const shown = refusals.reduce((sum, { count }) => sum + count, 0)
  if (total > shown) await terminal.talk.write(`and ${total - shown} more; see --limit\n`)
}

/** A reason may be long, so it has a line of its own. */
function entry(refusal: AdvisedRefusal, now: number, { out }: Terminal): string {
  const { status, method, path, address, count, lastAt, reason, advice } = refusal
  const times = count === 1 ? 'once' : `${count} times`
  const what = path === '' ? 'other requests' : `[${status}] ${method} ${path}`
  const from = address === '' ? '' : ` from ${address}`
  const head = `${printable(what)}  ${times}${printable(from)}, last ${ago(lastAt, now)}`
  const next = advice == null ? '' : `    ${printable(advice)}\n` // left out by a server before this one
  return `${out.style('red', '✗')} ${head}\n    ${printable(reason)}\n${next}`
}
