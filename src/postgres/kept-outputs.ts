/**
 * The outputs in PostgreSQL as a whole: how many bytes they are, and which belong to no run. The size is what
 * their runs say, because a look at every row would take minutes, and the table's own does not become less
 * when rows go. Runs end on all machines, so it is asked for, not counted: see tables-outputs.ts.
 */

import type { KeptOutputs } from '../record/prune.ts'
import { number } from '../record/rows.ts'
import type { Postgres } from './connect.ts'
import { lock, outputLock } from './keys.ts'

/** How old the size may be when a run ends; it is asked anew before each round. */
const KNOWN_MS = 5 * 60_000
/** Rows that go at once: some megabytes. */
const ROWS = 500
const RUNS = 200
/** Changes of the size that are added up at once: a part of a second, also after an import. */
const CHANGES = 50_000

export class PostgresKeptOutputs implements KeptOutputs {
  readonly #db: Postgres
  #bytes = 0
  #countedAt = 0

  constructor(database: Postgres) {
    this.#db = database
  }

  get bytes(): number {
    return this.#bytes
  }

  add(): void {
    if (Date.now() - this.#countedAt < KNOWN_MS) return
    this.count().catch(() => undefined) // the next round asks again
  }

  async count(): Promise<void> {
    this.#countedAt = Date.now()
    for (;;) {
      const [row] = await this.#db.transaction(async (session) => {
        await lock(session, [outputLock])
        return session.query(foldChanges, [CHANGES])
      })
      this.#bytes = Math.max(0, row ? number(row, 'bytes') : 0)
      if (!row || number(row, 'changes') < CHANGES) return
    }
  }

  async remove(runIds: readonly number[]): Promise<void> {
    for (;;) {
      const [row] = await this.#db.query(removeRows, [runIds, ROWS])
      if (!row) return
      this.#bytes = Math.max(0, this.#bytes - number(row, 'bytes'))
      if (number(row, 'rows') < ROWS) return
    }
  }

  /** A run is stored before its output, so what has none once its rows were seen never will. */
  async *tidy(): AsyncGenerator<void> {
    let after = 0
    for (;;) {
      const ids = (await this.#db.query(runsWithRows, [after, RUNS])).map((row) =>
        number(row, 'id'),
      )
      const last = ids.at(-1)
      if (last === undefined) return
      after = last
      const gone = await this.#db.query(ofNoRun, [ids])
      await this.#removeOfNoRun(gone.map((row) => number(row, 'id')))
      yield
    }
  }

  /** It was never counted. */
  async #removeOfNoRun(runIds: readonly number[]): Promise<void> {
    if (runIds.length === 0) return
    const { bytes } = this
    await this.remove(runIds)
    this.#bytes = bytes
  }
}

/** One at a time: whoever came second would not see the sum that the first one writes. Fewer than asked for are all. */
const foldChanges = `
  WITH gone AS (
    DELETE FROM runhook.output_changes
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM runhook.output_changes LIMIT $1)) RETURNING bytes
  ), folded AS (SELECT count(*) AS changes, coalesce(sum(bytes), 0) AS bytes FROM gone
  ), kept AS (INSERT INTO runhook.output_changes SELECT bytes FROM folded WHERE bytes <> 0)
  SELECT changes, bytes::bigint FROM folded`

const removeRows = `
  WITH gone AS (
    DELETE FROM runhook.outputs WHERE (run_id, at) IN (
      SELECT run_id, at FROM runhook.outputs WHERE run_id = ANY ($1) LIMIT $2)
    RETURNING octet_length(bytes) AS bytes
  )
  SELECT count(*) AS rows, coalesce(sum(bytes), 0)::bigint AS bytes FROM gone`

/** From one number to the next by the index; PostgreSQL would read all rows to tell the numbers apart. */
const runsWithRows = `
  WITH RECURSIVE found AS (
    (SELECT run_id FROM runhook.outputs WHERE run_id > $1 ORDER BY run_id LIMIT 1)
    UNION ALL
    SELECT (SELECT run_id FROM runhook.outputs WHERE run_id > found.run_id ORDER BY run_id LIMIT 1)
    FROM found WHERE found.run_id IS NOT NULL
  )
  SELECT run_id AS id FROM found WHERE run_id IS NOT NULL LIMIT $2`

const ofNoRun = `
  SELECT id FROM unnest($1::bigint[]) AS had (id)
  WHERE NOT EXISTS (SELECT 1 FROM runhook.runs WHERE runs.id = had.id)`
