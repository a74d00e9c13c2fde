/**
 * Routes of deliveries: the list without bodies, one with its verdicts, the exact bytes of one, and sending
 * one through once more.
 */

import { RunhookError } from '../errors.ts'
import type { Config } from '../model/config.ts'
import type { StoredDelivery } from '../model/delivery.ts'
import { payloadRemoved } from '../record/removed.ts'
import type { Store } from '../record/store.ts'
import { callerOf } from './admission.ts'
import { bytesAnswer } from './answers.ts'
import { readDryRun } from './body.ts'
import type { Control } from './control.ts'
import { deliveryFilters, findDeliveries, LOOKED_AT } from './find-deliveries.ts'
import { called, id, upTo, type Values } from './parameters.ts'
import type { Routes } from './routes.ts'
import { deliveryPage, oneDelivery, redelivery } from './schemas.ts'
import { since } from './since.ts'
import { type DeliverySummary, deliverySummary, deliveryView, type Page } from './views.ts'

const filters = { ...deliveryFilters, since, limit: upTo(500) }

const path = { id: called('the delivery', id) }

const list = {
  role: 'viewer',
  summary: 'List deliveries, newest first',
  query: filters,
  answers: {
    200: {
      says: `A page; "next" is the "before" of the page after it. Filters look through ${LOOKED_AT} deliveries for one page, so it may be short, or empty, and have a next one`,
      schema: deliveryPage,
    },
  },
} as const

const view = {
  role: 'viewer',
  summary: 'One delivery: why each hook did or did not run',
  path,
  answers: { 200: { says: 'The delivery, without its body', schema: oneDelivery } },
  refusals: [404],
} as const

const bytes = {
  role: 'viewer',
  summary: 'The body of a delivery, exactly as it was sent',
  path,
  answers: { 200: { says: 'The bytes', type: 'application/octet-stream' } },
  refusals: [404, 409],
} as const

const redeliver = {
  role: 'operator',
  audit: 'delivery.redeliver',
  summary: 'Send a stored delivery through once more, to the hooks as they are now',
  path,
  body: {
    type: 'object',
    properties: { dryRun: { type: 'boolean' } },
    additionalProperties: false,
  },
  answers: {
    200: { says: 'Nothing was started: a dry run, or no hook matches', schema: redelivery },
    202: { says: 'The new delivery and its runs', schema: redelivery },
  },
  refusals: [404, 409, 503],
} as const

export interface DeliveryParts {
  readonly store: Store
  readonly control: Control
  readonly hooks: () => Config
}

/** Later ones of the same id that are told by their numbers. */
const REPEATS_MAX = 100

export function deliveryRoutes(routes: Routes, parts: DeliveryParts): void {
  const { store, control } = parts
  routes.get('/deliveries', list, async (c, { query }) => c.json(await page(parts, query)))
  routes.get('/deliveries/:id', view, async (c, { path }) => {
    const delivery = await find(store, path.id)
    const repeats = await store.deliveries({ duplicateOf: delivery.id, limit: REPEATS_MAX })
    const repeatedBy = repeats.map(({ id }) => id)
    return c.json(deliveryView(delivery, repeatedBy))
  })
  routes.get('/deliveries/:id/body', bytes, async (_, { path }) => {
    const delivery = await find(store, path.id)
    const removed = payloadRemoved(delivery)
    if (removed) throw removed
    const { id, body } = delivery
    return bytesAnswer(new Uint8Array(body), 'application/octet-stream', `delivery-${id}.body`)
  })
  routes.post('/deliveries/:id/redeliver', redeliver, async (c, { path }) => {
    const dryRun = readDryRun(await c.req.text())
    c.set('about', dryRun ? null : `delivery #${path.id}`)
    const { delivery, runs } = await control.redeliver(path.id, { dryRun }, callerOf(c))
    return c.json({ dryRun, delivery: deliveryView(delivery), runs }, runs.length > 0 ? 202 : 200)
  })
}

async function page(
  { store, hooks }: DeliveryParts,
  { before, limit = 50, branch, ...same }: Values<typeof filters>,
): Promise<Page<'deliveries', DeliverySummary>> {
  const path = hooks().hooks.get(same.hook ?? '')?.path
  const wanted = { ...same, path, refName: branch }
  const { deliveries, next } = await findDeliveries(store, wanted, { before, limit })
  return { deliveries: deliveries.map(deliverySummary), next }
}

async function find(store: Store, wanted: number): Promise<StoredDelivery> {
  const delivery = await store.delivery(wanted)
  if (delivery) return delivery
  throw new RunhookError('not-found', `There is no delivery #${wanted}.`)
}
