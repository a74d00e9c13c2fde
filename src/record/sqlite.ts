/**
 * The Store on node:sqlite: the embedded default, nothing to install. The contract is in store.ts.
 * Each method is one or a few statements; what a delivery means for the queue is decided in accept.ts,
 * inside the same transaction that stores it.
 */

import { randomBytes } from 'node:crypto'
import { RunhookError } from '../errors.ts'
import type { Delivery, Hook, Run, RunEnd, StepRecord, StoredDelivery, Verdict } from '../model.ts'
import { Acceptance } from './accept.ts'
import { Database } from './database.ts'
import type { Disk } from './disk.ts'
import { Prune } from './prune.ts'
import { RefusalBook } from './refusals.ts'
import { payloadRemoved } from './removed.ts'
import { deliveryOf, number, runOf, stepOf, text } from './rows.ts'
import { conditions, statements } from './sqlite-sql.ts'
import { SqliteTokens } from './sqlite-tokens.ts'
import type {
  Accepted,
  DeliveryFilter,
  Refusal,
  RefusalFilter,
  Refused,
  RunFilter,
  Store,
  Wanted,
} from './store.ts'

const withoutBody = `id, received_at, endpoint, host, guid, event, action, repository, default_branch,
  sender, updates, proof, address, headers, problem, duplicate_of, body_removed_at, verdicts`

export interface SqliteOptions {
  /** Deliveries are refused while it has no room for them. */
  readonly disk?: Pick<Disk, 'refusal'>
  /** Called once when the disk has lost writes: see Database. */
  readonly onBroken?: (error: RunhookError) => void
}

export function openSqlite(directory: string, { disk, onBroken }: SqliteOptions = {}): SqliteStore {
  return new SqliteStore(new Database(directory, onBroken), disk)
}

export class SqliteStore implements Store {
  readonly #db: Database
  readonly #acceptance: Acceptance
  readonly #refusals: RefusalBook
  readonly #sql: ReturnType<typeof statements>
  /** Names this data directory in the environment of its commands, so that their leftovers can be found. */
  readonly token: string
  /** Those of the API. */
  readonly tokens: SqliteTokens
  readonly prune: Prune
  readonly #disk: Pick<Disk, 'refusal'> | undefined

  constructor(database: Database, disk?: Pick<Disk, 'refusal'>) {
    this.#disk = disk
    this.prune = new Prune(database)
    this.#db = database
    this.#acceptance = new Acceptance(database)
    this.#refusals = new RefusalBook(database)
    this.#sql = statements(database)
    this.token = this.#ownToken()
    this.tokens = new SqliteTokens(database)
  }

  accept(
    delivery: Delivery,
    verdicts: readonly Verdict[],
    wanted: readonly Wanted[],
    redelivers?: StoredDelivery,
    mayBegin?: (run: Run) => boolean,
  ): Promise<Accepted> {
    const full = this.#disk?.refusal
    if (full) return Promise.reject(full)
    return this.#db.write(() =>
      this.#acceptance.accept(delivery, verdicts, wanted, redelivers, mayBegin),
    )
  }

  begin(runId: number, config: string): Promise<{ run: Run; delivery: StoredDelivery } | null> {
    return this.#db.write(() => {
      const row = this.#sql.begin.get(Date.now(), config, runId)
      if (!row) return null
      const run = runOf(row)
      const delivery = this.#sql.delivery.get(run.deliveryId)
      if (!delivery) throw new RunhookError('storage', `Run ${runId} has lost its delivery.`)
      return { run, delivery: deliveryOf(delivery) }
    })
  }

  finish(runId: number, end: RunEnd): Promise<void> {
    const now = Date.now()
    return this.#db.writeLazily(() => {
      this.#sql.finish.run(
        end.status,
        now,
        end.exitCode,
        end.signal,
        end.reason,
        end.outputBytes,
        end.outputCut,
        runId,
      )
      for (const step of end.steps) this.#insertStep(runId, step)
    })
  }

  cancelWaiting(runId: number, reason: string): Promise<boolean> {
    return this.#db.write(
      () => this.#sql.cancelWaiting.run(Date.now(), reason, runId).changes === 1,
    )
  }

  rerun(runId: number, hook: Hook): Promise<Accepted> {
    return this.#db.write(() => {
      const row = this.#sql.run.get(runId)
      if (!row) throw new RunhookError('not-found', `There is no run ${runId}.`)
      const delivery = this.#sql.delivery.get(number(row, 'delivery_id'))
      if (!delivery) throw new RunhookError('storage', `Run ${runId} has lost its delivery.`)
      const stored = deliveryOf(delivery)
      const removed = payloadRemoved(stored)
      if (removed) throw removed
      return this.#acceptance.again(runOf(row), stored, hook)
    })
  }

  requeue(runId: number): Promise<void> {
    return this.#db.write(() => void this.#sql.requeue.run(runId))
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
    this.#db.flush()
    const { where, values } = conditions({
      'hook = ?': filter.hook,
      'status = ?': filter.status,
      'delivery_id = ?': filter.deliveryId,
      'id < ?': filter.before,
    })
    const sql = `SELECT * FROM runs ${where} ORDER BY id DESC LIMIT ?`
    return this.#db
      .prepare(sql)
      .all(...values, filter.limit)
      .map(runOf)
  }

  async delivery(id: number): Promise<StoredDelivery | null> {
    this.#db.flush()
    const row = this.#sql.delivery.get(id)
    return row ? deliveryOf(row) : null
  }

  async deliveries(filter: DeliveryFilter): Promise<StoredDelivery[]> {
    this.#db.flush()
    const { where, values } = conditions({
      'id < ?': filter.before,
      'duplicate_of = ?': filter.duplicateOf,
    })
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
    this.#refusals.save()
    await this.#db.close()
  }

  #insertStep(runId: number, step: StepRecord): void {
    this.#sql.insertStep.run(
      runId,
      step.number,
      step.title,
      step.startedAt,
      step.finishedAt,
      step.exitCode,
      step.signal,
      step.outputFrom,
      step.outputTo,
    )
  }

  #ownToken(): string {
    const kept = this.#db.prepare("SELECT value FROM settings WHERE name = 'token'").get()
    if (kept) return text(kept, 'value')
    const fresh = randomBytes(12).toString('hex')
    this.#db.prepare("INSERT INTO settings (name, value) VALUES ('token', ?)").run(fresh)
    return fresh
  }
}
