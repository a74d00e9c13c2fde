/**
 * What a delivery means for the fleet, decided in the transaction that stores it; the rules are the Store's
 * (record/store.ts). Whoever asks for the same at the same moment, here or in another process, waits for it.
 */

import { RunhookError } from '../errors.ts'
import type { Delivery, StoredDelivery, Verdict } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import { answeredWith, settled } from '../record/asked.ts'
import { payloadRemoved } from '../record/removed.ts'
import { bodyHashOf, guidKeyOf } from '../record/repeats.ts'
import { deliveryOf, number, runOf } from '../record/rows.ts'
import type { Accepted, Wanted } from '../record/store.ts'
import { insertDelivery } from './insert.ts'
import { bodyLock, guidLock, labelQueue } from './keys.ts'
import { type Ask, enter, type LinedUp, lineUp, locksOf } from './lineup.ts'
import type { Plan, Planner } from './plan.ts'
import { findRepeats, type Repeated } from './repeats.ts'
import { stopRollout } from './rollouts.ts'
import { deliveryDigest } from './seal.ts'
import { cancelWaiting } from './transitions.ts'
import { advance } from './turns.ts'
import { Turnstile } from './turnstile.ts'
import { Headroom } from './waiting.ts'

type Settled = Omit<Accepted, 'delivery'>

/** `accept` and `rerun` of the Store. */
export class Acceptances {
  readonly #planner: Planner
  readonly #headroom: Headroom
  readonly #turnstile = new Turnstile()

  constructor(planner: Planner) {
    this.#planner = planner
    this.#headroom = new Headroom(planner.parts.maxWaiting)
  }

  async accept(
    delivery: Delivery,
    verdicts: readonly Verdict[],
    wanted: readonly Wanted[],
    redelivers?: StoredDelivery,
  ): Promise<Accepted> {
    const bodyHash = wanted.length > 0 ? bodyHashOf(delivery) : null
    await this.#makeQueues(wanted.map(({ hook }) => hook))
    const locks = locksOf(wanted)
    return this.#inTurn(locks, async (plan) => {
      await plan.lock([...repeatLocks(delivery, bodyHash), ...locks])
      const { original, held }: Repeated = redelivers
        ? { original: redelivers.duplicateOf ?? redelivers.id, held: new Map() }
        : await findRepeats(plan, delivery, wanted, bodyHash)
      const asks = wanted.filter((want) => !held.has(want)).map((want) => ({ ...want, attempt: 1 }))
      const { id: _, ...given }: Delivery & { id?: number } = delivery // a stored one is sent once more
      const fresh = { ...given, duplicateOf: original, bodyRemovedAt: null, answer: null, verdicts }
      const lined = await this.#lineUp(plan, fresh, asks)
      const runs = lined.runs.map(({ run }) => run)
      const stored: StoredDelivery = {
        ...fresh,
        id: lined.deliveryId,
        answer: answeredWith(
          delivery.asked,
          waitingOf(runs).map(({ id }) => id),
        ),
        verdicts: settled(verdicts, held, runs),
      }
      await insertDelivery(plan, stored, runs.length > 0 ? bodyHash : null)
      const digest = plan.sealKey && runs.length > 0 ? deliveryDigest(stored) : null
      return { delivery: stored, ...(await settle(plan, lined, asks, digest)) }
    })
  }

  /** A run of a rollout comes again on its worker alone, and is of that rollout still. */
  async rerun(runId: number, hook: Hook): Promise<Accepted> {
    await this.#makeQueues([hook])
    const locks = locksOf([{ hook }])
    return this.#inTurn(locks, async (plan) => {
      const [row] = await plan.query('SELECT * FROM runhook.runs WHERE id = $1', [runId])
      if (!row) throw new RunhookError('not-found', `There is no run #${runId}.`)
      const run = runOf(row)
      const delivery = await deliveryFor(plan, runId, run.deliveryId)
      const { rollout, worker, update, inputs } = run
      const pinned = rollout !== null && worker !== null && hook.placement.every
      const ask: Ask = {
        ...{ hook, update, inputs, attempt: run.attempt + 1 },
        ...(pinned && { pinned: { rollout, worker } }),
      }
      await plan.lock(locks)
      const lined = await lineUp(plan, delivery, [ask], this.#headroom)
      return {
        delivery,
        ...(await settle(plan, lined, [ask], plan.sealKey ? deliveryDigest(delivery) : null)),
      }
    })
  }

  #inTurn<T>(locks: readonly string[], work: (plan: Plan) => Promise<T>): Promise<T> {
    return this.#turnstile.pass(locks, () => this.#planner.transaction(work))
  }

  async #lineUp(
    plan: Plan,
    delivery: Omit<StoredDelivery, 'id'>,
    asks: readonly Ask[],
  ): Promise<LinedUp> {
    if (asks.length > 0) return lineUp(plan, delivery, asks, this.#headroom)
    const [row] = await plan.query(`SELECT nextval('runhook.deliveries_id_seq') AS id`)
    const nothing = { runs: [], superseded: new Map(), mayAdvance: [], rollouts: [] }
    return { deliveryId: row ? number(row, 'id') : 0, ...nothing }
  }

  /** Before the transaction, which would have to begin anew. */
  async #makeQueues(hooks: readonly Hook[]): Promise<void> {
    await this.#planner.parts.boss.ensure(hooks.map(({ placement }) => labelQueue(placement.label)))
  }
}

/** Of what a repeat is known by. */
function repeatLocks(delivery: Delivery, bodyHash: Uint8Array | null): string[] {
  const guid = guidKeyOf(delivery)
  return [
    ...(guid === null ? [] : [guidLock(guid)]),
    ...(bodyHash === null ? [] : [bodyLock(bodyHash)]),
  ]
}

function waitingOf(runs: readonly Run[]): Run[] {
  return runs.filter(({ status }) => status === 'queued')
}

async function settle(
  plan: Plan,
  lined: LinedUp,
  asks: readonly Ask[],
  digest: string | null,
): Promise<Settled> {
  const superseded = await enter(plan, lined, digest)
  const queued = waitingOf(lined.runs.map(({ run }) => run))
  const cancel: number[] = []
  for (const { hook } of asks) {
    const { group, cancelInProgress } = hook.concurrency
    const by = queued.findLast((run) => run.hook === hook.name)?.id
    if (group === null || !cancelInProgress || by === undefined) continue
    const stopped = await stopRunning(plan, group, by)
    cancel.push(...stopped.running)
    superseded.push(...stopped.waiting)
  }
  return { queued, begun: [], superseded, cancel }
}

/**
 * What runs in a group is asked to end; of a rollout that is under way there, no more begin. In this order: one that begins
 * meanwhile, and so is not cancelled as one that waits, runs by the time that is asked.
 */
async function stopRunning(
  plan: Plan,
  group: string,
  by: number,
): Promise<{ running: number[]; waiting: number[] }> {
  const reason = `superseded by run ${by}`
  const [under] = await plan.query(underWay, [group])
  const rest = under ? await stopRollout(plan, number(under, 'unit'), reason, 0) : []
  const places = await cancelWaiting(plan, rest, reason)
  const running = (await plan.query(wishToEnd, [group, reason])).map((row) => number(row, 'id'))
  plan.say('cancel', running)
  await advance(plan, places)
  return { running, waiting: places.map(({ id }) => id) }
}

/** What is to lose its payload now waits, or is seen to have lost it. */
async function deliveryFor(plan: Plan, runId: number, id: number): Promise<StoredDelivery> {
  const [row] = await plan.query('SELECT * FROM runhook.deliveries WHERE id = $1 FOR KEY SHARE', [
    id,
  ])
  if (!row) throw new RunhookError('storage', `Run ${runId} has lost its delivery.`)
  const delivery = deliveryOf(row)
  const removed = payloadRemoved(delivery)
  if (removed) throw removed
  return delivery
}

const wishToEnd = `UPDATE runhook.runs SET cancel = $2
  WHERE concurrency_group = $1 AND status = 'running' AND cancel IS NULL RETURNING id`

const underWay = `SELECT t.unit FROM runhook.turns t JOIN runhook.rollouts o ON o.id = t.unit
  WHERE t.concurrency_group = $1
    AND EXISTS (SELECT FROM runhook.runs r WHERE r.rollout = o.id AND r.started_at IS NOT NULL)`
