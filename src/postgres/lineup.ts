/**
 * New runs take their place: which numbers they get, which waiting ones they make pointless, whose turn it is.
 * Their locks are held.
 */

import { randomUUID } from 'node:crypto'
import type { StoredDelivery } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import { newRun } from '../record/asked.ts'
import { number, numberOrNull } from '../record/rows.ts'
import type { Wanted } from '../record/store.ts'
import { keptWaiting, tooManyWait } from '../record/waiting.ts'
import type { Row } from './connect.ts'
import { insertRuns, type NewRun, recordset } from './insert.ts'
import { groupLock, hookLock } from './keys.ts'
import type { Place } from './place.ts'
import type { Plan } from './plan.ts'
import { insertRollout, membersOf, membersSql, spread } from './rollouts.ts'
import { cancelWaiting } from './transitions.ts'
import { advance } from './turns.ts'
import { alikeSql, beyond, type Headroom, type Waiting } from './waiting.ts'

export interface Ask extends Wanted {
  readonly attempt: number
  /** Of an earlier rollout, one worker's run alone. */
  readonly pinned?: { readonly rollout: number; readonly worker: string }
}

export interface LinedUp {
  readonly deliveryId: number
  readonly runs: readonly NewRun[]
  /** Runs that waited, by the new run that replaces them. */
  readonly superseded: ReadonlyMap<number, readonly number[]>
  /** The turn may be somebody's: who comes next has to be looked for. */
  readonly mayAdvance: readonly Place[]
  readonly rollouts: readonly { readonly run: Run; readonly hook: Hook }[]
}

/** Sorted together with all others by whoever takes them. */
export function locksOf(asks: readonly Pick<Wanted, 'hook'>[]): string[] {
  return asks.flatMap(({ hook }) => [
    ...(hook.concurrency.group === null ? [] : [groupLock(hook.concurrency.group)]),
    ...(hook.maxParallel === null ? [] : [hookLock(hook.name)]),
  ])
}

/** Rejects with `busy` when more would wait than may. `delivery` without an id gets one. */
export async function lineUp(
  plan: Plan,
  delivery: Omit<StoredDelivery, 'id'> & { readonly id?: number },
  asks: readonly Ask[],
  headroom: Pick<Headroom, 'fits' | 'most'>,
): Promise<LinedUp> {
  const rows = await plan.query(situation, [recordset(asks.map(wish(delivery))), !delivery.id])
  const deliveryId = delivery.id ?? numberOrNull(rows[0] ?? {}, 'delivery') ?? 0
  const line = new Line()
  for (const row of rows) {
    const ask = asks[number(row, 'n')]
    if (!ask) continue
    const run = newRun(number(row, 'id'), { ...delivery, id: deliveryId }, ask, ask.attempt)
    line.add(ask, row, await members(plan, run, ask, row))
  }
  if (!(await headroom.fits(plan, line.growth))) throw tooManyWait(headroom.most)
  return { deliveryId, ...line.result }
}

/** The delivery is there by now. Resolves with the ids of waiting runs that are gone. */
export async function enter(plan: Plan, lined: LinedUp, digest: string | null): Promise<number[]> {
  for (const { run, hook } of lined.rollouts) await insertRollout(plan, run, hook)
  await insertRuns(plan, lined.runs, digest)
  const gone: Place[] = []
  for (const [by, ids] of lined.superseded) {
    gone.push(...(await cancelWaiting(plan, ids, `superseded by run ${by}`)))
  }
  await plan.send(
    lined.runs.flatMap(({ run, place, job }) =>
      job === null ? [] : [{ job, run: run.id, place }],
    ),
  )
  await advance(plan, [...lined.mayAdvance, ...gone])
  plan.say(
    'move',
    lined.runs.map(({ run }) => run.id),
  )
  return gone.map(({ id }) => id)
}

async function members(plan: Plan, run: Run, ask: Ask, row: Row): Promise<NewRun[]> {
  const { hook, pinned } = ask
  if (hook.placement.every && !pinned) return spread(plan, run, hook, membersOf(row))
  const place = {
    id: run.id,
    hook: hook.name,
    group: run.group,
    unit: run.id,
    rollout: pinned?.rollout ?? null,
    worker: pinned?.worker ?? null,
    label: hook.placement.label,
    maxParallel: hook.maxParallel,
  }
  const { rollout, worker } = place
  return [{ run: { ...run, rollout, worker }, place, job: null }]
}

/** What the new ones of one delivery do to the line, one after the other. */
class Line {
  readonly #runs: NewRun[] = []
  readonly #waiting = new Map<string, Waiting[]>()
  readonly #superseded = new Map<number, number[]>()
  readonly #mayAdvance: Place[] = []
  readonly #rollouts: { run: Run; hook: Hook }[] = []
  readonly #turns = new Set<string>()

  /** How many more wait than did. */
  get growth(): number {
    const gone = [...this.#superseded.values()].flat().length
    return this.#runs.filter(({ run }) => run.status === 'queued').length - gone
  }

  get result(): Omit<LinedUp, 'deliveryId'> {
    return {
      runs: this.#runs,
      superseded: this.#superseded,
      mayAdvance: this.#mayAdvance,
      rollouts: this.#rollouts,
    }
  }

  add({ hook, pinned }: Ask, row: Row, added: readonly NewRun[]): void {
    const [first] = added
    if (!first) return
    if (first.place.rollout === first.run.id) this.#rollouts.push({ run: first.run, hook })
    const waits = added.filter(({ run }) => run.status === 'queued')
    const keep = keptWaiting(hook.concurrency)
    const ids = waits.map(({ run }) => run.id)
    if (keep !== null && ids.length > 0) this.#makeRoom(first.run, row, pinned?.worker, keep, ids)
    const job = waits.length === 1 && this.#mayGo(first.place, row) ? randomUUID() : null
    if (job === null && this.#mayBeNext(first.place, row)) this.#mayAdvance.push(first.place)
    this.#runs.push(
      ...added.map((one) => ({ ...one, job: one.run.status === 'queued' ? job : null })),
    )
  }

  /** It need not wait for anybody, which is the rule: then it is sent as it is written. */
  #mayGo({ group, rollout, maxParallel }: Place, row: Row): boolean {
    if (maxParallel !== null || rollout !== null) return false
    if (group === null) return true
    if (row.turn != null || row.line === true || this.#turns.has(group)) return false
    this.#turns.add(group)
    return true
  }

  #mayBeNext({ group, maxParallel }: Place, row: Row): boolean {
    return group === null || maxParallel !== null || (row.turn == null && !this.#turns.has(group))
  }

  #makeRoom(run: Run, row: Row, worker: string | undefined, keep: number, ids: number[]): void {
    const { group, hook, refName, event, inputs } = run
    const key = JSON.stringify([group, hook, refName, event, inputs, worker])
    const waiting = this.#waiting.get(key) ?? waitingOf(row)
    const gone = beyond(waiting, keep)
    for (const unit of gone) this.#supersede(unit.ids, run.id)
    const left = waiting.filter((unit) => !gone.includes(unit))
    this.#waiting.set(key, [...left, { unit: run.id, ids, retry: false }])
  }

  /** Those of this very delivery never come to wait. */
  #supersede(ids: readonly number[], by: number): void {
    const fresh = (id: number) => this.#runs.findIndex(({ run }) => run.id === id)
    for (const id of ids) {
      const index = fresh(id)
      const one = this.#runs[index]
      if (one === undefined) continue
      const run: Run = {
        ...one.run,
        status: 'cancelled',
        finishedAt: one.run.queuedAt,
        reason: `superseded by run ${by}`,
      }
      if (one.job !== null && one.place.group !== null) this.#turns.delete(one.place.group)
      this.#runs[index] = { ...one, run, job: null }
    }
    const old = ids.filter((id) => fresh(id) < 0)
    if (old.length > 0) this.#superseded.set(by, [...(this.#superseded.get(by) ?? []), ...old])
  }
}

/** Runs of `row.waiting`, as our own statement made it, by unit. */
function waitingOf(row: Row): Waiting[] {
  const runs = Array.isArray(row.waiting)
    ? (row.waiting as { id: number; unit: number; retry: boolean }[])
    : []
  const units = Map.groupBy(runs, ({ unit }) => unit)
  return [...units].map(([unit, ofUnit]) => {
    return { unit, ids: ofUnit.map(({ id }) => id), retry: ofUnit.some(({ retry }) => retry) }
  })
}

const wish = (delivery: Omit<StoredDelivery, 'id'>) => (ask: Ask, n: number) => {
  const { event, refName, inputs, hook, group } = newRun(0, { ...delivery, id: 0 }, ask, 1)
  return {
    n,
    hook,
    concurrency_group: group,
    ref_name: refName,
    event,
    inputs: JSON.stringify(inputs),
    worker: ask.pinned?.worker ?? null,
    keeps: keptWaiting(ask.hook.concurrency) !== null,
    label: ask.hook.placement.every && !ask.pinned ? ask.hook.placement.label : null,
  }
}

const situation = `SELECT w.n, nextval('runhook.runs_id_seq') AS id,
    CASE WHEN $2::boolean THEN (SELECT nextval('runhook.deliveries_id_seq')) END AS delivery,
    (SELECT unit FROM runhook.turns t WHERE t.concurrency_group = w.concurrency_group) AS turn,
    EXISTS (SELECT FROM runhook.runs q WHERE q.concurrency_group = w.concurrency_group
      AND q.status = 'queued' AND q.job IS NULL) AS line,
    CASE WHEN w.keeps THEN (SELECT json_agg(json_build_object('id', r.id, 'unit', r.unit,
        'retry', r.retry IS NOT NULL)) FROM runhook.runs r WHERE ${alikeSql}) END AS waiting,
    CASE WHEN w.label IS NOT NULL THEN ${membersSql} END AS members
  FROM json_to_recordset($1::json) AS w (n integer, hook text, concurrency_group text, ref_name text,
    event text, inputs text, worker text, keeps boolean, label text)`
