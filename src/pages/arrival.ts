/** Whether a hook's deliveries arrive: what its setup page waits for. */

import type { StoredDelivery } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import type { Refusal } from '../record/store.ts'
import type { PagesParts } from './parts.ts'

export interface Arrival {
  /** The newest delivery that was proven at this hook's address, or that asked it at a shared one. */
  readonly delivery: StoredDelivery | null
  /** The newest that somebody sent himself, to try it: it shows that runhook is ready, and nothing of the host. */
  readonly test: StoredDelivery | null
  /** The newest request to this address that was turned away, when it is newer than that. */
  readonly refusal: Refusal | null
}

/** Deliveries that are looked through: a ping is among the newest, and an old hook has runs. */
const NEWEST = 200
const LAST_RUNS = 10
const DAY_MS = 24 * 60 * 60 * 1000

export async function arrivalOf(
  { store }: Pick<PagesParts, 'store'>,
  hook: Hook,
): Promise<Arrival> {
  const [deliveries, { refusals }] = await Promise.all([
    store.deliveries({ limit: NEWEST }),
    store.refusals({ since: Date.now() - DAY_MS, limit: NEWEST }),
  ])
  const own = deliveries.filter((one) => isFor(one, hook))
  const delivery = own.find((one) => !isTest(one)) ?? (await ofLastRuns(store, hook))
  const test = own.find(isTest) ?? null
  const refusal = refusals.find(({ path }) => path === hook.path) ?? null
  const isNewer = refusal !== null && refusal.lastAt > ((delivery ?? test)?.receivedAt ?? 0)
  return { delivery, test, refusal: isNewer ? refusal : null }
}

/** What a person started or sent again proves nothing about the host. */
function isFor({ endpoint, proof, verdicts }: StoredDelivery, hook: Hook): boolean {
  if (proof.startsWith('redelivered by ')) return false
  return (
    endpoint === hook.path || (endpoint !== 'cli' && verdicts.some((one) => one.hook === hook.name))
  )
}

/** By the button here or by "runhook send". Whoever forges that header has proven it all the same, and turns nothing green. */
function isTest({ headers }: StoredDelivery): boolean {
  return headers['x-runhook-test'] !== undefined
}

/** Where other hooks have taken all the newest; several, for the last may have been a test. */
async function ofLastRuns(store: PagesParts['store'], hook: Hook): Promise<StoredDelivery | null> {
  for (const run of await store.runs({ hook: hook.name, limit: LAST_RUNS })) {
    const [delivery] = await store.deliveries({ before: run.deliveryId + 1, limit: 1 })
    if (delivery && isFor(delivery, hook) && !isTest(delivery)) return delivery
  }
  return null
}
