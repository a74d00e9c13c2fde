/** Whether a hook's deliveries arrive: what its setup page waits for. */

import type { StoredDelivery } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import type { Refusal } from '../record/store.ts'
import type { PagesParts } from './parts.ts'

export interface Arrival {
  /** The newest delivery that was proven at this hook's address, or that asked it at a shared one. */
  readonly delivery: StoredDelivery | null
  /** The newest request to this address that was turned away, when it is newer than that. */
  readonly refusal: Refusal | null
}

/** Deliveries that are looked through: a ping is among the newest, and an old hook has runs. */
const NEWEST = 200
const DAY_MS = 24 * 60 * 60 * 1000

export async function arrivalOf(
  { store }: Pick<PagesParts, 'store'>,
  hook: Hook,
): Promise<Arrival> {
  const [deliveries, { refusals }] = await Promise.all([
    store.deliveries({ limit: NEWEST }),
    store.refusals({ since: Date.now() - DAY_MS, limit: NEWEST }),
  ])
  const delivery = deliveries.find((one) => isFor(one, hook)) ?? (await ofLastRun(store, hook))
  const refusal = refusals.find(({ path }) => path === hook.path) ?? null
  const isNewer = refusal !== null && refusal.lastAt > (delivery?.receivedAt ?? 0)
  return { delivery, refusal: isNewer ? refusal : null }
}

/** What a person started or sent again proves nothing about the host. */
function isFor({ endpoint, proof, verdicts }: StoredDelivery, hook: Hook): boolean {
  if (proof.startsWith('redelivered by ')) return false
  return (
    endpoint === hook.path || (endpoint !== 'cli' && verdicts.some((one) => one.hook === hook.name))
  )
}

async function ofLastRun(store: PagesParts['store'], hook: Hook): Promise<StoredDelivery | null> {
  const [run] = await store.runs({ hook: hook.name, limit: 1 })
  if (!run) return null
  const [delivery] = await store.deliveries({ before: run.deliveryId + 1, limit: 1 })
  return delivery && isFor(delivery, hook) ? delivery : null
}
