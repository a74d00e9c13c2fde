/** What verbs ask of a fleet: whether there is one, who works, and for whom runs wait. */

import { RunhookError } from '../errors.ts'
import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import type { Worker } from '../postgres/contract.ts'
import type { HookView, WorkersView } from '../show/views.ts'
import { waitsFor } from '../show/waits.ts'
import type { Client } from './client.ts'
import { printable } from './printable.ts'

/** Null where the server is alone, which one of an older release always is. */
export async function workersOf(client: Client): Promise<readonly Worker[] | null> {
  try {
    const { alone, workers } = await client.get<WorkersView>('/workers')
    return alone ? null : workers
  } catch (thrown) {
    if (thrown instanceof RunhookError && thrown.code === 'not-found') return null
    throw thrown
  }
}

export const ALONE = `This server is alone: it has no workers, and carries out all runs itself.
"database" of "server" in the hooks file makes it one of a fleet.`

/**
 * A line for each want of a worker, with the runs that wait for it: "#7, #6: waits for web-4, which is lost".
 * Asks the server only when one of these runs waits.
 */
export async function waitingLines(client: Client, runs: readonly Run[]): Promise<string[]> {
  const waiting = runs.filter(({ status }) => status === 'queued')
  if (waiting.length === 0) return []
  const workers = await workersOf(client)
  if (workers === null) return []
  const { hooks } = await client.get<{ hooks: readonly HookView[] }>('/hooks')
  const labels = new Map(hooks.map(({ name, placement }) => [name, placement.label]))
  const wants = Map.groupBy(waiting, (run) => waitsFor(run, labels.get(run.hook) ?? null, workers))
  return [...wants].flatMap(([want, those]) => {
    return want === null
      ? []
      : [`${shortList(those.map(({ id }) => `#${id}`))}: ${printable(want)}`]
  })
}

/** Where a run of the hook would go now: "blog would run on web-1, web-2; not on web-4, which is lost". */
export function placeLine({ name, placement }: Hook, workers: readonly Worker[]): string | null {
  const { label, every } = placement
  const having = workers.filter(({ labels }) => labels.includes(label))
  if (!every) {
    const want = waitsFor({ status: 'queued', worker: null, rollout: null }, label, workers)
    return want === null ? null : printable(`A run of ${name} now ${want}.`)
  }
  if (having.length === 0) {
    return printable(`${name} would run nowhere: no worker with the label ${label} is known.`)
  }
  const alive = having.filter(({ state }) => state === 'alive').map((worker) => worker.name)
  const away = having.filter(({ state }) => state !== 'alive')
  const not = away.map((worker) => `; not on ${worker.name}, which is ${worker.state}`).join('')
  return printable(`${name} would run on ${alive.join(', ') || 'no worker'}${not}.`)
}

const SHOWN = 5

function shortList(names: readonly string[]): string {
  const more = names.length - SHOWN
  const shown = names.slice(0, SHOWN).join(', ')
  return more > 0 ? `${shown} and ${more} more` : shown
}
