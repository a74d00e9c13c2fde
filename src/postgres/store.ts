/**
 * The Store on PostgreSQL, which several processes share. The contract is in record/store.ts. What a delivery
 * means for the queue of the fleet is decided by whom this is given.
 */

import type { Answered, Delivery, StoredDelivery, Verdict } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import type { Run, StepRecord } from '../model/run.ts'
import { RefusalBook } from '../record/refusals.ts'
import { shownDelivery, shownRun, stepOf, text, withoutBody } from '../record/rows.ts'
import type {
  Accept,
  Accepted,
  DeliveryFilter,
  Refusal,
  RefusalFilter,
  Refused,
  RunFilter,
  Store,
  Wanted,
} from '../record/store.ts'
import type { Postgres } from './connect.ts'
import { deliveryConditions, runConditions } from './filters.ts'
import { PostgresPrune } from './prune.ts'
import { PostgresRefusals } from './refusals.ts'
import { PostgresTokens } from './tokens.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** The two methods that queue runs. */
export interface Planning {
  readonly accept: Accept
  readonly rerun: (runId: number, hook: Hook) => Promise<Accepted>
}

export class PostgresStore implements Store {
  readonly #db: Postgres
  readonly #planning: Planning
  readonly #refusals: RefusalBook
  /** Those of the API. */
  readonly tokens: PostgresTokens
  readonly prune: PostgresPrune
  /** Texts in use here, which are said to be so every day. */
  #texts: ReadonlyMap<string, string> = new Map()
  #again: NodeJS.Timeout | null = null
  /** Answers that are being written down. */
  readonly #told = new Set<Promise<void>>()

  /** The connection stays its owner's: `close` leaves it open. */
  constructor(database: Postgres, planning: Planning) {
    this.#db = database
    this.#planning = planning
    this.#refusals = new RefusalBook(new PostgresRefusals(database))
    this.tokens = new PostgresTokens(database)
    this.prune = new PostgresPrune(database)
  }

  accept(
    delivery: Delivery,
    verdicts: readonly Verdict[],
    wanted: readonly Wanted[],
    redelivers?: StoredDelivery,
  ): Promise<Accepted> {
    return this.#planning.accept(delivery, verdicts, wanted, redelivers)
  }

  answered(deliveryId: number, answer: Answered): void {
    const told = this.#db.query(answeredSql, [deliveryId, JSON.stringify(answer)]).then(
      () => undefined,
      () => undefined, // it is missed by nobody but who looks
    )
    this.#told.add(told)
    void told.then(() => this.#told.delete(told))
  }

  rerun(runId: number, hook: Hook): Promise<Accepted> {
    return this.#planning.rerun(runId, hook)
  }

  async run(id: number): Promise<Run | null> {
    const [row] = await this.#db.query('SELECT * FROM runhook.runs WHERE id = $1', [id])
    return row ? shownRun(row) : null
  }

  async steps(runId: number): Promise<StepRecord[]> {
    const sql = 'SELECT * FROM runhook.steps WHERE run_id = $1 ORDER BY number'
    return (await this.#db.query(sql, [runId])).map(stepOf)
  }

  async runs(filter: RunFilter): Promise<Run[]> {
    const { where, values } = runConditions(filter)
    const sql = `SELECT * FROM runhook.runs ${where} ORDER BY id DESC LIMIT $1`
    return (await this.#db.query(sql, [filter.limit, ...values])).map(shownRun)
  }

  async hooksWithRuns(): Promise<string[]> {
    return (await this.#db.query(HOOKS_WITH_RUNS)).map((row) => text(row, 'hook'))
  }

  async delivery(id: number): Promise<StoredDelivery | null> {
    const [row] = await this.#db.query('SELECT * FROM runhook.deliveries WHERE id = $1', [id])
    return row ? shownDelivery(row) : null
  }

  async deliveries(filter: DeliveryFilter): Promise<StoredDelivery[]> {
    const { where, values } = deliveryConditions(filter)
    const sql = `SELECT ${withoutBody} FROM runhook.deliveries ${where} ORDER BY id DESC LIMIT $1`
    return (await this.#db.query(sql, [filter.limit, ...values])).map(shownDelivery)
  }

  /** How long refusals are counted for; two weeks where nothing else is said. */
  keepRefusals(ms: number): void {
    this.#refusals.keptMs = ms
  }

  refuse(refused: Refused): void {
    this.#refusals.add(refused)
  }

  refusals(filter: RefusalFilter): Promise<{ refusals: Refusal[]; total: number }> {
    return this.#refusals.read(filter)
  }

  /**
   * Whoever removes what is old cannot know the texts of other machines, so each says every day that its own
   * are in use.
   */
  async keepConfig(texts: ReadonlyMap<string, string>): Promise<void> {
    await this.#db.query(
      `INSERT INTO runhook.configs (hash, text, used_at)
        SELECT *, $3::bigint FROM unnest($1::text[], $2::text[])
        ON CONFLICT (hash) DO UPDATE SET used_at = greatest(configs.used_at, excluded.used_at)`,
      [[...texts.keys()], [...texts.values()], Date.now()],
    )
    this.#texts = texts
    this.#again ??= setInterval(() => {
      this.keepConfig(this.#texts).catch(() => undefined) // tomorrow is soon enough
    }, DAY_MS).unref()
  }

  async configText(hash: string): Promise<string | null> {
    const [row] = await this.#db.query('SELECT text FROM runhook.configs WHERE hash = $1', [hash])
    return row ? text(row, 'text') : null
  }

  /** What was counted and noted is written, or lost, when it resolves. */
  async close(): Promise<void> {
    if (this.#again) clearInterval(this.#again)
    await Promise.all([this.#refusals.save(), this.tokens.settled(), ...this.#told])
  }
}

/** Nobody waits for its commit, and after a crash it may be missing: so it need not be synced. */
const answeredSql = `WITH unsynced AS (SELECT set_config('synchronous_commit', 'off', true))
  UPDATE runhook.deliveries SET answer = $2 FROM unsynced WHERE id = $1`

/** One step in the index for each hook, and not one for each run. */
const HOOKS_WITH_RUNS = `
  WITH RECURSIVE known (hook) AS (
    SELECT min(hook) FROM runhook.runs
    UNION ALL
    SELECT (SELECT min(hook) FROM runhook.runs WHERE runs.hook > known.hook) FROM known WHERE hook IS NOT NULL
  ) SELECT hook FROM known WHERE hook IS NOT NULL`
