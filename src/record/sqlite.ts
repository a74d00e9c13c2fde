/**
 * The Store on node:sqlite: the embedded default, nothing to install. The contract is in store.ts.
 * Each method is one or a few statements; what a delivery means for the queue is decided in accept.ts,
 * inside the same transaction that stores it.
 */

import { randomBytes } from 'node:crypto'
import { RunhookError } from '../errors.ts'
import type { Answered, Delivery, StoredDelivery, Verdict } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import type { Run, RunEnd, StepRecord } from '../model/run.ts'
import { Acceptance } from './accept.ts'
import { AtHand } from './at-hand.ts'
import { asStorageError, Database } from './database.ts'
import type { Disk } from './disk.ts'
import { RefusalBook } from './refusals.ts'
import { payloadRemoved } from './removed.ts'
import { deliveryOf, number, runOf, stepOf, text, withoutBody } from './rows.ts'
import { accountsIn } from './sqlite-accounts.ts'
import { SqlitePrune } from './sqlite-prune.ts'
import { SqliteRefusals } from './sqlite-refusals.ts'
import { deliveryConditions, runConditions, statements } from './sqlite-sql.ts'
import { SqliteTokens } from './sqlite-tokens.ts'
import type {
  Accepted,
  Begun,
  DeliveryFilter,
  QueueStore,
  Refusal,
  RefusalFilter,
  Refused,
  RetryPlan,
  RunFilter,
  Wanted,
} from './store.ts'
import { Transitions } from './transitions.ts'
import type { Accounts } from './users.ts'
import { tooManyWait, WaitingRuns } from './waiting.ts'

export interface SqliteOptions {
  /** So many runs may wait; see `accept`. */
  readonly maxWaiting?: number
  /** Deliveries are refused while it has no room for them. */
  readonly disk?: Pick<Disk, 'refusal'>
  /** Called once when the disk has lost writes: see Database. */
  readonly onBroken?: (error: RunhookError) => void
}

export function openSqlite(directory: string, options: SqliteOptions = {}): SqliteStore {
  const database = new Database(directory, options.onBroken)
  try {
    return new SqliteStore(database, options) // the first to read what is there
  } catch (error) {
    throw asStorageError(error, directory)
  }
}

export class SqliteStore implements QueueStore {
  readonly #db: Database
  readonly #acceptance: Acceptance
  readonly #transitions: Transitions
  readonly #maxWaiting: number
  readonly #refusals: RefusalBook
  readonly #atHand = new AtHand()
  readonly #sql: ReturnType<typeof statements>
  /** Names this data directory in the environment of its commands, so that their leftovers can be found. */
  readonly token: string
  readonly tokens: SqliteTokens
  readonly accounts: Accounts
  readonly prune: SqlitePrune
  readonly #disk: Pick<Disk, 'refusal'> | undefined

  constructor(database: Database, { disk, maxWaiting = Number.POSITIVE_INFINITY }: SqliteOptions) {
    const waiting = new WaitingRuns(database, maxWaiting)
    this.#disk = disk
    this.prune = new SqlitePrune(database)
    this.#db = database
    this.#maxWaiting = maxWaiting
    this.#transitions = new Transitions(database, waiting)
    this.#acceptance = new Acceptance(database, waiting, this.#transitions)
    this.#refusals = new RefusalBook(new SqliteRefusals(database))
    this.#sql = statements(database)
    this.token = this.#ownToken()
    this.tokens = new SqliteTokens(database)
    this.accounts = accountsIn(database)
  }

  async accept(
    delivery: Delivery,
    verdicts: readonly Verdict[],
    wanted: readonly Wanted[],
    redelivers?: StoredDelivery,
    mayBegin?: (run: Run) => boolean,
  ): Promise<Accepted> {
    const full = this.#disk?.refusal
    if (full) throw full
    const accepted = this.#orBusy(
      await this.#db.write(() =>
        this.#acceptance.accept(delivery, verdicts, wanted, redelivers, mayBegin),
      ),
    )
    for (const { id, status } of accepted.queued) {
      if (status === 'queued') this.#atHand.keep(id, accepted.delivery)
    }
    for (const id of accepted.superseded) this.#atHand.take(id)
    return accepted
  }

  answered(deliveryId: number, answer: Answered): void {
    this.#db.writeLazily(() => this.#acceptance.answered(deliveryId, answer)).catch(() => undefined) // it is missed by nobody but who looks
  }

  begin(runId: number, config: string): Promise<Begun | null> {
    const delivery = this.#atHand.take(runId)
    return this.#db.write(() => this.#transitions.begin(runId, config, delivery))
  }

  finish(runId: number, end: RunEnd, retry: RetryPlan | null = null): Promise<Run | null> {
    this.#atHand.take(runId)
    return this.#db.writeLazily(() => this.#transitions.finish(runId, end, retry))
  }

  cancelWaiting(runId: number, reason: string): Promise<boolean> {
    this.#atHand.take(runId)
    return this.#db.write(() => this.#transitions.cancelWaiting(runId, reason))
  }

  async rerun(runId: number, hook: Hook): Promise<Accepted> {
    const accepted = await this.#db.write(() => {
      const row = this.#sql.run.get(runId)
      if (!row) throw new RunhookError('not-found', `There is no run #${runId}.`)
      const delivery = this.#sql.delivery.get(number(row, 'delivery_id'))
      if (!delivery) throw new RunhookError('storage', `Run ${runId} has lost its delivery.`)
      const stored = deliveryOf(delivery)
      const removed = payloadRemoved(stored)
      if (removed) throw removed
      return this.#acceptance.again(runOf(row), stored, hook)
    })
    return this.#orBusy(accepted)
  }

  requeue(runId: number): Promise<void> {
    return this.#db.write(() => this.#transitions.requeue(runId))
  }

  async run(id: number): Promise<Run | null> {
    this.#db.flush()
    const row = this.#sql.run.get(id)
    return row ? runOf(row) : null
  }

  async steps(runId: number): Promise<StepRecord[]> {
    this.#db.flush()
    return this.#sql.steps.all(runId).map(stepOf)
  }

  async runs(filter: RunFilter): Promise<Run[]> {
    if (filter.worker !== undefined) return [] // it has none
    this.#db.flush()
    const { where, values } = runConditions(filter)
    const sql = `SELECT * FROM runs ${where} ORDER BY id DESC LIMIT ?`
    return this.#db
      .prepare(sql)
      .all(...values, filter.limit)
      .map(runOf)
  }

  async hooksWithRuns(): Promise<string[]> {
    this.#db.flush()
    return this.#sql.hooksWithRuns.all().map((row) => text(row, 'hook'))
  }

  async delivery(id: number): Promise<StoredDelivery | null> {
    this.#db.flush()
    const row = this.#sql.delivery.get(id)
    return row ? deliveryOf(row) : null
  }

  async deliveries(filter: DeliveryFilter): Promise<StoredDelivery[]> {
    this.#db.flush()
    const { where, values } = deliveryConditions(filter)
    const sql = `SELECT ${withoutBody} FROM deliveries ${where} ORDER BY id DESC LIMIT ?`
    return this.#db
      .prepare(sql)
      .all(...values, filter.limit)
      .map(deliveryOf)
  }

  /** How long refusals are counted for; two weeks where nothing else is said. */
  keepRefusals(ms: number): void {
    this.#refusals.keptMs = ms
  }

  refuse(refused: Refused): void {
    this.#refusals.add(refused)
  }

  async refusals(filter: RefusalFilter): Promise<{ refusals: Refusal[]; total: number }> {
    return this.#refusals.read(filter)
  }

  async unfinished(): Promise<Run[]> {
    this.#db.flush()
    return this.#sql.unfinished.all().map(runOf)
  }

  keepConfig(texts: ReadonlyMap<string, string>): Promise<void> {
    return this.#db.write(() => {
      for (const [hash, source] of texts) this.#sql.keepConfig.run(hash, source, Date.now())
    })
  }

  async configText(hash: string): Promise<string | null> {
    const row = this.#sql.configText.get(hash)
    return row ? text(row, 'text') : null
  }

  swapSetting(name: string, value: string): Promise<string | null> {
    return this.#db.write(() => {
      const row = this.#sql.setting.get(name)
      this.#sql.keepSetting.run(name, value)
      return row ? text(row, 'value') : null
    })
  }

  async close(): Promise<void> {
    void this.#refusals.save()
    await this.#db.close()
  }

  #orBusy(accepted: Accepted | null): Accepted {
    if (accepted) return accepted
    throw tooManyWait(this.#maxWaiting)
  }

  #ownToken(): string {
    const kept = this.#db.prepare("SELECT value FROM settings WHERE name = 'token'").get()
    if (kept) return text(kept, 'value')
    const fresh = randomBytes(12).toString('hex')
    this.#db.prepare("INSERT INTO settings (name, value) VALUES ('token', ?)").run(fresh)
    return fresh
  }
}
