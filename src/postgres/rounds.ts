/**
 * Whose turn it is to remove what is old: one process of the fleet at a time, once an hour together. The turn
 * is a row, by the clock of the database; who has it renews it, and who is gone loses it after minutes.
 */

import { randomUUID } from 'node:crypto'
import type { Rounds } from '../record/prune.ts'
import type { Postgres } from './connect.ts'

const MINUTE_MS = 60_000
const TURN_MS = 5 * MINUTE_MS
const RENEW_MS = MINUTE_MS
/** Less than the hour that each process waits, so that one which comes after an hour finds it over. */
const AGAIN_MS = 50 * MINUTE_MS
/** Also where too much is kept: what a round leaves the next one right after it would leave too. */
const URGENT_MS = MINUTE_MS

export class PostgresRounds implements Rounds {
  readonly #db: Postgres
  /** Who this is, for one that has lost its turn without noticing. */
  readonly #by = randomUUID()

  constructor(database: Postgres) {
    this.#db = database
  }

  async begin(urgent: boolean): Promise<(() => Promise<void>) | null> {
    const pause = urgent ? URGENT_MS : AGAIN_MS
    const mine = await this.#db.query(take, [this.#by, TURN_MS, pause])
    if (mine.length === 0) return null
    const renewing = setInterval(() => {
      this.#db.query(renew, [this.#by, TURN_MS]).catch(() => undefined) // there are three more times
    }, RENEW_MS).unref()
    return async () => {
      clearInterval(renewing)
      await this.#db.query(end, [this.#by])
    }
  }
}

const now = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`
const kept = (name: string) => `(settings.value::json->>'${name}')::bigint`
const value = (until: string, ended: string) =>
  `json_build_object('by', $1::text, 'until', ${until}, 'ended', ${ended})::text`

const take = `
  INSERT INTO runhook.settings (name, value) VALUES ('retention', ${value(`${now} + $2::bigint`, '0')})
  ON CONFLICT (name) DO UPDATE SET value = ${value(`${now} + $2::bigint`, kept('ended'))}
  WHERE ${kept('until')} < ${now} AND ${kept('ended')} + $3::bigint < ${now}
  RETURNING name`

const renew = `
  UPDATE runhook.settings SET value = ${value(`${now} + $2::bigint`, kept('ended'))}
  WHERE name = 'retention' AND value::json->>'by' = $1`

const end = `
  UPDATE runhook.settings SET value = ${value('0', now)}
  WHERE name = 'retention' AND value::json->>'by' = $1`
