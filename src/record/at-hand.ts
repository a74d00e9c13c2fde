/**
 * What runs that wait were asked for by, kept in memory until they begin: reading a delivery back costs as
 * much as storing it. Only so many bytes; the rest is read when its turn comes. A delivery never changes
 * once it is stored, so what is here is what is there.
 */

import type { StoredDelivery } from '../model/delivery.ts'

/** About a thousand pushes. */
const MOST_BYTES = 8 * 1024 * 1024
/** What an object, its strings and its verdicts weigh beside the body. */
const WEIGHT = 2048

export class AtHand {
  readonly #byRun = new Map<number, StoredDelivery>()
  #bytes = 0

  keep(runId: number, delivery: StoredDelivery): void {
    const bytes = delivery.body.length + WEIGHT
    if (this.#bytes + bytes > MOST_BYTES) return
    this.#bytes += bytes
    this.#byRun.set(runId, delivery)
  }

  /** For a run that waits no more, whatever became of it. Undefined when it is not at hand. */
  take(runId: number): StoredDelivery | undefined {
    const delivery = this.#byRun.get(runId)
    if (this.#byRun.delete(runId)) this.#bytes -= (delivery?.body.length ?? 0) + WEIGHT
    return delivery
  }
}
