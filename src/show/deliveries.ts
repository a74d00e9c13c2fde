/** Routes of deliveries: the list without bodies, one with its verdicts, and the exact bytes of one. */

import { type Context, Hono } from 'hono'
import { RunhookError } from '../errors.ts'
import type { StoredDelivery } from '../model.ts'
import type { Store } from '../record/store.ts'
import { bytesAnswer } from './answers.ts'
import { id, readOne, readQuery, upTo } from './parameters.ts'
import { type DeliverySummary, deliverySummary, deliveryView, type Page } from './views.ts'

export function deliveryRoutes(store: Store): Hono {
  const routes = new Hono()
  routes.get('/', async (c) => c.json(await list(store, c)))
  routes.get('/:id', async (c) => c.json(deliveryView(await find(store, c))))
  routes.get('/:id/body', async (c) => {
    const { id, body } = await find(store, c)
    return bytesAnswer(new Uint8Array(body), 'application/octet-stream', `delivery-${id}.body`)
  })
  return routes
}

async function list(store: Store, c: Context): Promise<Page<'deliveries', DeliverySummary>> {
  const { before, limit = 50 } = readQuery(c.req.queries(), { before: id, limit: upTo(500) })
  const found = await store.deliveries({ before, limit: limit + 1 })
  const deliveries = found.slice(0, limit).map(deliverySummary)
  return { deliveries, next: found.length > limit ? (deliveries.at(-1)?.id ?? null) : null }
}

async function find(store: Store, c: Context): Promise<StoredDelivery> {
  const wanted = readOne('the delivery', c.req.param('id') ?? '', id)
  const delivery = await store.delivery(wanted)
  if (delivery) return delivery
  throw new RunhookError('not-found', `There is no delivery #${wanted}.`)
}
