/**
 * What a delivery means for the database and the queue, decided inside the transaction that stores it:
 * is it a repeat, does a new run replace a waiting one, does it end a running one.
 */

import type { Answered, Check, Delivery, StoredDelivery, Verdict } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import { answeredWith, newRun, settled } from './asked.ts'
import type { Database } from './database.ts'
import { deliveryColumns, deliveryRow } from './delivery-row.ts'
import { bodyHashOf, Repeats } from './repeats.ts'
import { number } from './rows.ts'
import type { Accepted, Begun, Wanted } from './store.ts'
import type { Transitions } from './transitions.ts'
import { keptWaiting, type WaitingRuns } from './waiting.ts'

type MayBegin = (run: Run) => boolean
type Tally = { queued: Run[]; begun: Begun[]; superseded: number[]; cancel: number[] }

export class Acceptance {
  readonly #sql: ReturnType<typeof statements>
  readonly #repeats: Repeats
  readonly #waiting: WaitingRuns
  readonly #transitions: Transitions
  #nextDelivery: number

  constructor(database: Database, waiting: WaitingRuns, transitions: Transitions) {
    this.#sql = statements(database)
    this.#repeats = new Repeats(database)
    this.#waiting = waiting
    this.#transitions = transitions
    this.#nextDelivery = nextDelivery(database)
  }

  /**
   * `redelivers` is sent through once more by a person, who knows that it has come before. Null when there
   * is no room for its runs, with nothing written: a transaction is shared, and an error would undo it all.
   */
  accept(
    delivery: Delivery,
    verdicts: readonly Verdict[],
    wanted: readonly Wanted[],
    redelivers?: StoredDelivery,
    mayBegin: MayBegin = () => false,
  ): Accepted | null {
    const id = this.#nextDelivery
    const duplicateOf = redelivers
      ? (redelivers.duplicateOf ?? redelivers.id)
      : this.#repeats.original(delivery)
    const bodyHash = wanted.length > 0 ? bodyHashOf(delivery) : null
    const held = new Map<Wanted, Check>()
    for (const want of redelivers ? [] : wanted) {
      const check = this.#repeats.heldBack(want, delivery, bodyHash)
      if (check) held.set(want, check)
    }
    const going = wanted.filter((want) => !held.has(want))
    const next = this.#waiting.next
    const runs = going.map((want, index) => newRun(next + index, { ...delivery, id }, want, 1))
    if (!this.#fit(runs, going)) return null
    this.#nextDelivery++
    const stored: StoredDelivery = {
      ...delivery,
      id,
      duplicateOf,
      bodyRemovedAt: null,
      answer: answeredWith(
        delivery.asked,
        runs.map((run) => run.id),
      ),
      verdicts: settled(verdicts, held, runs),
    }
    this.#sql.insertDelivery.run(...deliveryRow(stored, runs.length > 0 ? bodyHash : null))
    const tally = this.#queue(runs, going, stored, mayBegin)
    if (tally.queued.length === runs.length) return { delivery: stored, ...tally }
    return { delivery: this.#toldOfFewer(stored, tally.queued), ...tally }
  }

  /** Of what it asked for, a later part has replaced an earlier one. */
  #toldOfFewer(delivery: StoredDelivery, left: readonly Run[]): StoredDelivery {
    const answer = answeredWith(
      delivery.asked,
      left.map((run) => run.id),
    )
    if (answer) this.#sql.answered.run(JSON.stringify(answer), delivery.id)
    return { ...delivery, answer }
  }

  /** Written in the transaction of whoever calls. */
  answered(deliveryId: number, answer: Answered): void {
    this.#sql.answered.run(JSON.stringify(answer), deliveryId)
  }

  /** A new attempt of an ended run, with the hook as it is now. */
  again(run: Run, delivery: StoredDelivery, hook: Hook): Accepted | null {
    const want = { hook, update: run.update, inputs: run.inputs }
    const next = newRun(this.#waiting.next, delivery, want, run.attempt + 1)
    if (!this.#fit([next], [want])) return null
    return { delivery, ...this.#queue([next], [want], delivery, () => false) }
  }

  #fit(runs: readonly Run[], wanted: readonly Wanted[]): boolean {
    return this.#waiting.fit(runs.map((run, index) => ({ run, keep: keptOf(wanted[index]) })))
  }

  #queue(
    runs: readonly Run[],
    wanted: readonly Wanted[],
    delivery: StoredDelivery,
    mayBegin: MayBegin,
  ): Tally {
    const tally: Tally = { queued: [], begun: [], superseded: [], cancel: [] }
    for (const [index, run] of runs.entries()) {
      const keep = keptOf(wanted[index])
      if (keep !== null) tally.superseded.push(...this.#waiting.supersede(run, keep))
      if (run.group !== null && wanted[index]?.hook.concurrency.cancelInProgress) {
        tally.cancel.push(...this.#running(run.group))
      }
      const begun = mayBegin(run)
      const stored: Run = begun ? { ...run, status: 'running', startedAt: Date.now() } : run
      this.#waiting.insert(stored)
      tally.queued.push(stored)
      if (begun) tally.begun.push(this.#transitions.begunWith(stored, delivery))
    }
    tally.queued = tally.queued.filter((run) => !tally.superseded.includes(run.id))
    return tally
  }

  #running(group: string): number[] {
    return this.#sql.running.all(group).map((row) => number(row, 'id'))
  }
}

function keptOf(want: Wanted | undefined): number | null {
  return want ? keptWaiting(want.hook.concurrency) : null
}

function nextDelivery(database: Database): number {
  const row = database.prepare('SELECT coalesce(max(id), 0) + 1 AS next FROM deliveries').get()
  return row ? number(row, 'next') : 1
}

function statements(db: Database) {
  return {
    running: db.prepare(`SELECT id FROM runs WHERE concurrency_group = ? AND status = 'running'`),
    answered: db.prepare('UPDATE deliveries SET answer = ? WHERE id = ?'),
    insertDelivery: db.prepare(
      `INSERT INTO deliveries (${deliveryColumns.join(', ')})
        VALUES (${deliveryColumns.map(() => '?').join(', ')})`,
    ),
  }
}
