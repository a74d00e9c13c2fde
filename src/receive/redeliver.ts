/**
 * A stored delivery sent through once more by a person: its exact bytes and kept headers, held against the
 * hooks as they are now. Only hooks that the delivery's own address asks, for it was proven there and
 * nowhere else. What matches runs, whether it has run before or not; or nothing does, in a dry run.
 */

import { RunhookError } from '../errors.ts'
import type { Payload } from '../hosts/host.ts'
import { hostOf } from '../hosts/hosts.ts'
import type { Log } from '../log.ts'
import type { Delivery, StoredDelivery } from '../model/delivery.ts'
import type { Run } from '../model/run.ts'
import { payloadRemoved } from '../record/removed.ts'
import type { Accept, Store } from '../record/store.ts'
import { read } from './arrive.ts'
import type { Endpoint, Endpoints } from './endpoints.ts'
import { judgeAll } from './judge.ts'
import { createTurns } from './turns.ts'

export interface RedeliverParts {
  readonly store: Store
  readonly log: Log
  readonly endpoints: () => Endpoints
  readonly accept: Accept
}

/** Of a dry run the delivery is the stored one, with the verdicts that it would get. */
export interface Redelivered {
  readonly delivery: StoredDelivery
  readonly runs: readonly Run[]
}

export type Redeliver = (
  deliveryId: number,
  options: { readonly dryRun: boolean },
  by: string,
) => Promise<Redelivered>

/** Each holds a body, which may be large, and what it parses to. What runs is bounded by what may wait. */
const DRY_RUNS = { atOnce: 2, patience: 10_000, called: 'dry runs' }

export function createRedeliver({ store, log, endpoints, accept }: RedeliverParts): Redeliver {
  const turns = createTurns(DRY_RUNS)
  const redeliver: Redeliver = async (deliveryId, { dryRun }, by) => {
    const stored = await store.delivery(deliveryId)
    if (!stored) throw new RunhookError('not-found', `There is no delivery #${deliveryId}.`)
    const removed = payloadRemoved(stored)
    if (removed) throw removed
    const endpoint = endpointFor(stored, endpoints())
    const { delivery, payload } = readAgain(endpoint, stored, `redelivered by ${by}`)
    if (delivery.problem !== null) throw unusable(stored, delivery.problem)
    const { verdicts, wanted } = judgeAll(endpoint, delivery, payload)
    if (dryRun) return { delivery: { ...stored, updates: delivery.updates, verdicts }, runs: [] }
    const accepted = await accept(delivery, verdicts, wanted, stored)
    const runs = accepted.queued.map((run) => `${run.hook} #${run.id}`).join(', ')
    const { id } = accepted.delivery
    log.info(
      { delivery: id },
      `--> #${deliveryId} redelivered as #${id} by ${by}  ${runs || 'ignored'}`,
    )
    return { delivery: accepted.delivery, runs: accepted.queued }
  }
  return (deliveryId, options, by) => {
    const work = () => redeliver(deliveryId, options, by)
    return options.dryRun ? turns(work) : work()
  }
}

/** The same delivery, as it is understood today. */
export function readAgain(
  endpoint: Endpoint,
  stored: StoredDelivery,
  proof: string,
): { delivery: Delivery; payload: Payload } {
  const { headers, host, guid } = stored
  const body = Buffer.from(stored.body)
  const method = stored.event === 'get' ? 'GET' : 'POST'
  const { content, payload, problem } = read(endpoint, { method, headers }, body)
  const arrival = { receivedAt: Date.now(), endpoint: stored.endpoint, proof, address: '' }
  return { payload, delivery: { ...content, ...arrival, host, guid, headers, body, problem } }
}

function endpointFor(stored: StoredDelivery, endpoints: Endpoints): Endpoint {
  const { id, endpoint: path, host } = stored
  if (path === 'cli') {
    throw new RunhookError('conflict', `Delivery #${id} is a run that was started by hand.`, {
      hint: 'Start that once more: runhook rerun RUN',
    })
  }
  const endpoint = endpoints.get(path)
  if (!endpoint) {
    throw new RunhookError('conflict', `Nothing answers at ${path} now, where #${id} came in.`, {
      hint: `See what another hook would say of it: runhook check --explain ${id} --hook NAME`,
    })
  }
  if (endpoint.host.name === host) return endpoint
  const [came, now] = [hostOf(host).title, endpoint.host.title]
  throw new RunhookError(
    'conflict',
    `Delivery #${id} came from ${came}, and ${path} is for ${now} now.`,
  )
}

function unusable({ id }: StoredDelivery, problem: string): RunhookError {
  return new RunhookError('conflict', `Delivery #${id} cannot be used: ${problem}.`)
}
