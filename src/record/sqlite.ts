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
import { RefusalBook } from './refusals.ts'
import { deliveryOf, number, runOf, stepOf, text } from './rows.ts'
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
  sender, updates, proof, address, headers, problem, duplicate_of, verdicts`

/** `onBroken` is called once when the disk has lost writes: see Database. */
export function openSqlite(
  directory: string,
  onBroken?: (error: RunhookError) => void,
): SqliteStore {
  return new SqliteStore(new Database(directory, onBroken))
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

  constructor(database: Database) {
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
      return this.#acceptance.again(runOf(row), deliveryOf(delivery), hook)
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
      for (const [hash, source] of texts) this.#sql.keepConfig.run(hash, source)
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

/** `WHERE` of the conditions whose value was given, each with one `?`. */
function conditions(given: Readonly<Record<string, string | number | undefined>>) {
  const used = Object.entries(given).filter((entry) => entry[1] !== undefined)
  const where = used.length > 0 ? `WHERE ${used.map(([sql]) => sql).join(' AND ')}` : ''
  return { where, values: used.map((entry) => entry[1] ?? null) }
}

function statements(db: Database) {
  return {
    begin: db.prepare(
      `UPDATE runs SET status = 'running', started_at = ?, config = ?
        WHERE id = ? AND status = 'queued' RETURNING *`,
    ),
    finish: db.prepare(
      `UPDATE runs SET status = ?, finished_at = ?, exit_code = ?, signal = ?, reason = ?,
        output_bytes = ?, output_cut = ? WHERE id = ? AND status IN ('queued', 'running')`,
    ),
    cancelWaiting: db.prepare(
      `UPDATE runs SET status = 'cancelled', finished_at = ?, reason = ? WHERE id = ? AND status = 'queued'`,
    ),
    requeue: db.prepare(
      `UPDATE runs SET status = 'queued', started_at = NULL WHERE id = ? AND status = 'running'`,
    ),
    run: db.prepare('SELECT * FROM runs WHERE id = ?'),
    steps: db.prepare('SELECT * FROM steps WHERE run_id = ? ORDER BY number'),
    delivery: db.prepare('SELECT * FROM deliveries WHERE id = ?'),
    unfinished: db.prepare(`SELECT * FROM runs WHERE status IN ('queued', 'running') ORDER BY id`),
    keepConfig: db.prepare('INSERT OR IGNORE INTO configs (hash, text) VALUES (?, ?)'),
    configText: db.prepare('SELECT text FROM configs WHERE hash = ?'),
    setting: db.prepare('SELECT value FROM settings WHERE name = ?'),
    keepSetting: db.prepare('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)'),
    insertStep: db.prepare('INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
  }
}
