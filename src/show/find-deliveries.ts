/**
 * Deliveries that are like something, a page at a time. Few such filters have an index, as each would cost every
 * delivery that comes: so a page looks through so many and no more, and says where to go on.
 */

import type { StoredDelivery } from '../model/delivery.ts'
import { type DeliveryFilter, outcomes, type Store } from '../record/store.ts'
import { branch, event, id, like, name, oneOf } from './parameters.ts'
import { ownTurn } from './turn.ts'

/** Numbers that one page goes through, in so many statements: nothing else is answered while SQLite runs one. */
export const LOOKED_AT = 10_000
const SLICES = 5

/** Clocks of a fleet may disagree, and what comes later has the larger number only about then. */
const DISORDER_MS = 60 * 60 * 1000

/** What an address says of them; "since" and the page are each reader's own. */
export const deliveryFilters = {
  hook: name,
  outcome: oneOf(outcomes),
  event,
  repository: like(/^.{1,255}$/su, 'the name of a repository, such as acme/site'),
  branch,
  before: id,
}

export type Wanted = Omit<DeliveryFilter, 'before' | 'from' | 'limit' | 'ids' | 'duplicateOf'>

export interface FoundDeliveries {
  readonly deliveries: StoredDelivery[]
  /** The `before` of the page after it; null where nothing older can be like this. */
  readonly next: number | null
  /** The page is not full and there are older ones, which were not looked at. */
  readonly isCut: boolean
}

type Listed = Pick<Store, 'deliveries'>

export async function findDeliveries(
  store: Listed,
  wanted: Wanted,
  { before, limit }: { before?: number | undefined; limit: number },
): Promise<FoundDeliveries> {
  if (!Object.values(wanted).some((value) => value !== undefined))
    return paged(await store.deliveries({ before, limit: limit + 1 }), limit)
  const found: StoredDelivery[] = []
  let below = before
  for (let slice = 0; slice < SLICES; slice++) {
    const newest = await newestBelow(store, below, wanted)
    if (newest === null) return paged(found, limit)
    below = Math.max(1, newest + 1 - LOOKED_AT / SLICES)
    const range = { before: newest + 1, from: below, limit: limit + 1 - found.length }
    found.push(...(await store.deliveries({ ...wanted, ...range })))
    if (found.length > limit) return paged(found, limit)
    await ownTurn()
  }
  const isCut = (await newestBelow(store, below, wanted)) !== null
  return { deliveries: found, next: isCut && below !== undefined ? below : null, isCut }
}

function paged(found: StoredDelivery[], limit: number): FoundDeliveries {
  const deliveries = found.slice(0, limit)
  return {
    deliveries,
    next: found.length > limit ? (deliveries.at(-1)?.id ?? null) : null,
    isCut: false,
  }
}

/** Where to go on: numbers may be missing, many where old ones were removed. */
async function newestBelow(store: Listed, before: number | undefined, { since = 0 }: Wanted) {
  const [newest] = await store.deliveries({ before, limit: 1 })
  return newest && newest.receivedAt >= since - DISORDER_MS ? newest.id : null
}
