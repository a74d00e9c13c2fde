/** What an address names, or the page that says there is no such thing. */

import { RunhookError } from '../errors.ts'
import type { StoredDelivery } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import { called, id, name } from '../show/parameters.ts'
import { type Ask, hookNamed, type PagesParts } from './parts.ts'
import { pathValue } from './render.tsx'

export async function findRun(c: Ask, { store }: PagesParts): Promise<Run> {
  const wanted = pathValue(c, 'id', called('the run', id))
  const run = await store.run(wanted)
  if (run) return run
  throw new RunhookError('not-found', `There is no run #${wanted}.`, {
    hint: 'It may have been removed after the time that runs are kept.',
  })
}

export async function findDelivery(c: Ask, { store }: PagesParts): Promise<StoredDelivery> {
  const wanted = pathValue(c, 'id', called('the delivery', id))
  const delivery = await store.delivery(wanted)
  if (delivery) return delivery
  throw new RunhookError('not-found', `There is no delivery #${wanted}.`)
}

/** The body can be large, and nobody asked for it. */
export async function withoutBody(
  { store }: Pick<PagesParts, 'store'>,
  deliveryId: number,
): Promise<StoredDelivery | null> {
  const [found] = await store.deliveries({ before: deliveryId + 1, limit: 1 })
  return found?.id === deliveryId ? found : null
}

export function findHook(c: Ask, parts: PagesParts): Hook {
  const wanted = pathValue(c, 'name', called('the hook', name))
  const hook = hookNamed(parts, wanted)
  if (hook) return hook
  throw new RunhookError('not-found', `The hooks file has no hook "${wanted}".`, {
    hint: 'If it was there before, its runs are kept for their time.',
  })
}
