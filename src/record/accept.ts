/**
 * What a delivery means for the database and the queue, decided inside the transaction that stores it:
 * is it a repeat, does a new run replace a waiting one, does it end a running one.
 */

import type { Check, Delivery, Hook, Run, StoredDelivery, Update, Verdict } from '../model.ts'
import type { Database } from './database.ts'
import { bodyHashOf, guidKeyOf, Repeats } from './repeats.ts'
import { number } from './rows.ts'
import type { Accepted, Wanted } from './store.ts'

type MayBegin = (run: Run) => boolean
type Tally = { queued: Run[]; superseded: number[]; cancel: number[] }

export class Acceptance {
  readonly #sql: ReturnType<typeof statements>
  readonly #repeats: Repeats
  #nextDelivery: number
  #nextRun: number

  constructor(database: Database) {
    this.#sql = statements(database)
    this.#repeats = new Repeats(database)
    this.#nextDelivery = nextId(database, 'deliveries')
    this.#nextRun = nextId(database, 'runs')
  }

  /** `redelivers` is sent through once more by a person, who knows that it has come before. */
  accept(
    delivery: Delivery,
    verdicts: readonly Verdict[],
    wanted: readonly Wanted[],
    redelivers?: StoredDelivery,
    mayBegin: MayBegin = () => false,
  ): Accepted {
    const id = this.#nextDelivery++
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
    const runs = going.map((want) => this.#newRun(id, delivery, want, 1))
    const stored: StoredDelivery = {
      ...delivery,
      id,
      duplicateOf,
      bodyRemovedAt: null,
      verdicts: settle(verdicts, held, runs),
    }
    this.#insertDelivery(stored, runs.length > 0 ? bodyHash : null)
    return { delivery: stored, ...this.#queue(runs, going, mayBegin) }
  }

  /** A new attempt of an ended run, with the hook as it is now. */
  again(run: Run, delivery: StoredDelivery, hook: Hook): Accepted {
    const want = { hook, update: run.update, inputs: run.inputs }
    const next = this.#newRun(delivery.id, delivery, want, run.attempt + 1)
    return { delivery, ...this.#queue([next], [want], () => false) }
  }

  #queue(runs: readonly Run[], wanted: readonly Wanted[], mayBegin: MayBegin): Tally {
    const tally: Tally = { queued: [], superseded: [], cancel: [] }
    for (const [index, run] of runs.entries()) {
      const concurrency = wanted[index]?.hook.concurrency
      if (run.group !== null && concurrency?.queue === 'single') {
        tally.superseded.push(...this.#supersede(run))
      }
      if (run.group !== null && concurrency?.cancelInProgress) {
        tally.cancel.push(...this.#running(run.group))
      }
      const begun = mayBegin(run)
      const stored: Run = begun ? { ...run, status: 'running', startedAt: Date.now() } : run
      this.#insertRun(stored)
      tally.queued.push(stored)
    }
    tally.queued = tally.queued.filter((run) => !tally.superseded.includes(run.id))
    return tally
  }

  /**
   * Only what the new run makes pointless: a waiting run of the same hook for the same ref. A push to
   * another branch, or another hook of the group, still has work to do and keeps its place.
   */
  #supersede(run: Run): number[] {
    return this.#sql.supersede
      .all(
        run.queuedAt,
        `superseded by run ${run.id}`,
        run.group,
        run.hook,
        run.event,
        run.refName,
        JSON.stringify(run.inputs),
      )
      .map((row) => number(row, 'id'))
  }

  #running(group: string): number[] {
    return this.#sql.running.all(group).map((row) => number(row, 'id'))
  }

  #newRun(deliveryId: number, delivery: Delivery, want: Wanted, attempt: number): Run {
    const update = delivery.updates[want.update]
    return {
      id: this.#nextRun++,
      deliveryId,
      hook: want.hook.name,
      update: want.update,
      group: want.hook.concurrency.group,
      attempt,
      status: 'queued',
      queuedAt: Date.now(),
      startedAt: null,
      finishedAt: null,
      exitCode: null,
      signal: null,
      reason: null,
      config: want.hook.config,
      event: update?.event || delivery.event,
      refName: refNameOf(update),
      sha: update?.sha ?? null,
      sender: delivery.sender,
      inputs: want.inputs,
      outputBytes: 0,
      outputCut: 0,
    }
  }

  #insertRun(run: Run): void {
    this.#sql.insertRun.run(
      run.id,
      run.deliveryId,
      run.hook,
      run.update,
      run.group,
      run.attempt,
      run.status,
      run.queuedAt,
      run.startedAt,
      run.config,
      run.event,
      run.refName,
      run.sha,
      run.sender,
      JSON.stringify(run.inputs),
    )
  }

  #insertDelivery(delivery: StoredDelivery, bodyHash: Uint8Array | null): void {
    this.#sql.insertDelivery.run(
      delivery.id,
      delivery.receivedAt,
      delivery.endpoint,
      delivery.host,
      delivery.guid,
      guidKeyOf(delivery),
      delivery.event,
      delivery.action,
      delivery.repository,
      delivery.defaultBranch,
      delivery.sender,
      JSON.stringify(delivery.updates),
      delivery.proof,
      delivery.address,
      JSON.stringify(delivery.headers),
      delivery.problem,
      delivery.duplicateOf,
      JSON.stringify(delivery.verdicts),
      bodyHash,
      delivery.body,
    )
  }
}

/** Writes into each verdict what the database decided: the run it started, or why it was held back. */
function settle(
  verdicts: readonly Verdict[],
  held: ReadonlyMap<Wanted, Check>,
  runs: readonly Run[],
): Verdict[] {
  return verdicts.map((verdict) => {
    const same = (hook: string, update: number) =>
      verdict.hook === hook && verdict.update === update && verdict.matched
    const check = [...held].find(([want]) => same(want.hook.name, want.update))?.[1]
    if (check) return { ...verdict, matched: false, checks: [...verdict.checks, check] }
    const run = runs.find((candidate) => same(candidate.hook, candidate.update))
    return run ? { ...verdict, run: run.id } : verdict
  })
}

function refNameOf(update: Update | undefined): string | null {
  return update?.tag ?? update?.branch ?? null
}

function nextId(database: Database, table: 'deliveries' | 'runs'): number {
  const row = database.prepare(`SELECT coalesce(max(id), 0) + 1 AS next FROM ${table}`).get()
  return row ? number(row, 'next') : 1
}

function statements(db: Database) {
  return {
    supersede: db.prepare(
      `UPDATE runs SET status = 'cancelled', finished_at = ?, reason = ?
        WHERE concurrency_group = ? AND status = 'queued' AND hook = ? AND event = ?
          AND ref_name IS ? AND inputs = ? RETURNING id`,
    ),
    running: db.prepare(`SELECT id FROM runs WHERE concurrency_group = ? AND status = 'running'`),
    insertRun: db.prepare(
      `INSERT INTO runs (id, delivery_id, hook, update_index, concurrency_group, attempt, status,
        queued_at, started_at, config, event, ref_name, sha, sender, inputs)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertDelivery: db.prepare(
      `INSERT INTO deliveries (id, received_at, endpoint, host, guid, guid_key, event, action,
        repository, default_branch, sender, updates, proof, address, headers, problem, duplicate_of, verdicts,
        body_hash, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
  }
}
