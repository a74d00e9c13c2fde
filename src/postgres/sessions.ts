/** Sessions of the dashboard in PostgreSQL. The contract is in record/users.ts. */

import { RunhookError } from '../errors.ts'
import { isOver, sessionOf, userOf } from '../record/account-rows.ts'
import { number, text } from '../record/rows.ts'
import {
  IDLE_MS,
  type NewSession,
  SESSION_MS,
  SESSIONS_MAX,
  type Session,
  type Sessions,
  type User,
} from '../record/users.ts'
import type { Postgres, Row, Session as Statements } from './connect.ts'
import { type AccountSeal, isAskedFor } from './sealed-accounts.ts'
import type { PostgresUsers } from './users.ts'

const MINUTE_MS = 60_000

export class PostgresSessions implements Sessions {
  readonly #db: Postgres
  readonly #users: PostgresUsers
  readonly #seal: AccountSeal
  /** When each was last noted here to be used. */
  readonly #noted = new Map<number, number>()
  #noting: Promise<unknown> = Promise.resolve()

  constructor(database: Postgres, users: PostgresUsers, seal: AccountSeal) {
    this.#db = database
    this.#users = users
    this.#seal = seal
  }

  create({ hash, userId, at, address, userAgent }: NewSession): Promise<Session> {
    return this.#db.transaction(async (session) => {
      const [user] = await session.query('SELECT * FROM runhook.users WHERE id = $1', [userId])
      if (!user || !isAskedFor(user, { id: userId }) || !this.#users.isGenuine(user)) {
        throw new RunhookError('not-found', 'The user of this session was removed meanwhile.')
      }
      await tidy(session, at)
      await session.query(beyond, [userId, SESSIONS_MAX - 1])
      const more = { user_name: text(user, 'name') }
      const seal = this.#seal.of('session', { hash, user_id: userId, created_at: at, ...more })
      const [row] = await session.query(
        `INSERT INTO runhook.sessions (hash, user_id, created_at, seen_at, address, user_agent, seal)
          VALUES ($1, $2, $3, $3, $4, $5, $6) RETURNING *`,
        [Buffer.from(hash), userId, at, address, userAgent, seal],
      )
      if (!row) throw new RunhookError('storage', 'The session was not stored.')
      return sessionOf({ ...row, ...more })
    })
  }

  async find(hash: Uint8Array, at: number): Promise<{ session: Session; user: User } | null> {
    const [row] = await this.#db.query(`${select} WHERE hash = $1`, [Buffer.from(hash)])
    if (!row || !isAskedFor(row, { hash }) || !this.#seal.fits('session', row)) return null
    const session = sessionOf(row)
    const byId = 'SELECT * FROM runhook.users WHERE id = $1'
    const [user] = await this.#db.query(byId, [number(row, 'user_id')])
    const asked = { id: row.user_id, name: row.user_name }
    if (!user || !isAskedFor(user, asked) || !this.#users.isGenuine(user)) return null
    if (user.disabled_at !== null || isOver(session, at)) return null
    return { session, user: userOf(user) }
  }

  seen(id: number, at: number): void {
    if (at - (this.#noted.get(id) ?? 0) < MINUTE_MS) return
    this.#noted.set(id, at)
    // What cannot be written is told of by the writes that matter; this one may be lost.
    const noted = this.#db.query(noteUse, [id, at, at - MINUTE_MS]).catch(() => undefined)
    this.#noting = Promise.all([this.#noting, noted])
  }

  async list(at: number): Promise<Session[]> {
    await this.#noting
    const rows = await this.#db.query(`${select} ORDER BY seen_at DESC, sessions.id DESC`)
    return rows
      .filter((row) => this.#seal.fits('session', row))
      .map(sessionOf)
      .filter((session) => !isOver(session, at))
  }

  async end(id: number): Promise<Session | null> {
    this.#noted.delete(id)
    const [row] = await this.#db.query(
      `DELETE FROM runhook.sessions USING runhook.users WHERE sessions.id = $1 AND users.id = user_id
        RETURNING sessions.*, users.name AS user_name`,
      [id],
    )
    return row ? sessionOf(row) : null
  }
}

async function tidy(session: Statements, at: number): Promise<Row[]> {
  // Two who tidy at once would wait for each other.
  const over = `SELECT id FROM runhook.sessions WHERE seen_at <= $1 OR created_at <= $2
    FOR UPDATE SKIP LOCKED`
  const sql = `DELETE FROM runhook.sessions WHERE id IN (${over})`
  return session.query(sql, [at - IDLE_MS, at - SESSION_MS])
}

/** Of a user who signs in twice at once one may tidy less than there is; his next session makes up for it. */
const beyond = `DELETE FROM runhook.sessions WHERE id IN (SELECT id FROM runhook.sessions
  WHERE user_id = $1 ORDER BY seen_at DESC, id DESC OFFSET $2 FOR UPDATE SKIP LOCKED)`

const select = `SELECT sessions.*, users.name AS user_name
  FROM runhook.sessions JOIN runhook.users ON users.id = sessions.user_id`

/** Once a minute in the whole fleet. */
const noteUse = 'UPDATE runhook.sessions SET seen_at = $2 WHERE id = $1 AND seen_at <= $3'
