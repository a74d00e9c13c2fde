/** Sessions, and links that make one, in SQLite. The contracts are in users.ts. */

import { RunhookError } from '../errors.ts'
import { isLinkOver, isOver, sessionOf, userOf } from './account-rows.ts'
import type { Database } from './database.ts'
import { number } from './rows.ts'
import type { SqliteUsers } from './sqlite-users.ts'
import {
  IDLE_MS,
  LINK_MS,
  type LinkFor,
  type Links,
  type NewLink,
  type NewSession,
  SESSION_MS,
  SESSIONS_MAX,
  type Session,
  type Sessions,
  type User,
} from './users.ts'

const MINUTE_MS = 60_000

export class SqliteSessions implements Sessions {
  readonly #db: Database
  readonly #sql: ReturnType<typeof sessionStatements>
  /** When each was last noted to be used, as what is gathered for the disk cannot be read yet. */
  readonly #noted = new Map<number, number>()

  constructor(database: Database) {
    this.#db = database
    this.#sql = sessionStatements(database)
  }

  create({ hash, userId, at, address, userAgent }: NewSession): Promise<Session> {
    return this.#db.write(() => {
      this.#sql.tidy.run(at - IDLE_MS, at - SESSION_MS)
      this.#sql.beyond.run(userId, userId, SESSIONS_MAX - 1)
      const made = this.#sql.insert.get(hash, userId, at, at, address, userAgent)
      const row = made && this.#sql.byId.get(number(made, 'id'))
      if (!row) throw new RunhookError('storage', 'The session was not stored.')
      return sessionOf(row)
    })
  }

  async find(hash: Uint8Array, at: number): Promise<{ session: Session; user: User } | null> {
    const row = this.#sql.byHash.get(hash)
    if (!row) return null
    const session = sessionOf(row)
    const user = this.#sql.user.get(number(row, 'user_id'))
    if (!user || user.disabled_at !== null || isOver(session, at)) return null
    return { session, user: userOf(user) }
  }

  seen(id: number, at: number): void {
    if (at - (this.#noted.get(id) ?? 0) < MINUTE_MS) return
    this.#noted.set(id, at)
    // A full disk is told of by the writes that matter; this one may be lost.
    this.#db.writeLazily(() => this.#sql.seen.run(at, id)).catch(() => {})
  }

  async list(at: number): Promise<Session[]> {
    this.#db.flush()
    return this.#sql.all
      .all()
      .map(sessionOf)
      .filter((session) => !isOver(session, at))
  }

  end(id: number): Promise<Session | null> {
    this.#noted.delete(id)
    return this.#db.write(() => {
      const row = this.#sql.byId.get(id)
      this.#sql.end.run(id)
      return row ? sessionOf(row) : null
    })
  }
}

export class SqliteLinks implements Links {
  readonly #db: Database
  readonly #users: SqliteUsers
  readonly #sql: ReturnType<typeof linkStatements>

  constructor(database: Database, users: SqliteUsers) {
    this.#db = database
    this.#users = users
    this.#sql = linkStatements(database)
  }

  create({ hash, userId, at }: NewLink): Promise<void> {
    return this.#db.write(() => {
      this.#sql.replace.run(userId, at - LINK_MS)
      this.#sql.insert.run(hash, userId, at)
    })
  }

  async find(hash: Uint8Array, at: number): Promise<LinkFor | null> {
    return this.#find(hash, at)
  }

  use(hash: Uint8Array, at: number, name: string): Promise<User | null> {
    return this.#db.write(() => {
      const found = this.#find(hash, at)
      this.#sql.remove.run(hash)
      if (found === null || 'user' in found) return found?.user ?? null
      return this.#users.insert({ name, role: 'admin', createdBy: 'the first link' })
    })
  }

  #find(hash: Uint8Array, at: number): LinkFor | null {
    const row = this.#sql.find.get(hash)
    if (!row || isLinkOver(row, at)) return null
    if (row.user_id === null) return this.#users.hasAdmin ? null : { first: true }
    const user = this.#sql.user.get(number(row, 'user_id'))
    return user && user.disabled_at === null ? { user: userOf(user) } : null
  }
}

function sessionStatements(db: Database) {
  const select = `SELECT sessions.*, users.name AS user_name
    FROM sessions JOIN users ON users.id = sessions.user_id`
  return {
    byHash: db.prepare(`${select} WHERE hash = ?`),
    byId: db.prepare(`${select} WHERE sessions.id = ?`),
    all: db.prepare(`${select} ORDER BY seen_at DESC, sessions.id DESC`),
    user: db.prepare('SELECT * FROM users WHERE id = ?'),
    insert: db.prepare(
      `INSERT INTO sessions (hash, user_id, created_at, seen_at, address, user_agent)
        VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
    ),
    seen: db.prepare('UPDATE sessions SET seen_at = ? WHERE id = ?'),
    end: db.prepare('DELETE FROM sessions WHERE id = ?'),
    beyond: db.prepare(
      `DELETE FROM sessions WHERE user_id = ? AND id NOT IN (SELECT id FROM sessions
        WHERE user_id = ? ORDER BY seen_at DESC, id DESC LIMIT ?)`,
    ),
    tidy: db.prepare('DELETE FROM sessions WHERE seen_at <= ? OR created_at <= ?'),
  }
}

function linkStatements(db: Database) {
  return {
    find: db.prepare('SELECT * FROM links WHERE hash = ?'),
    user: db.prepare('SELECT * FROM users WHERE id = ?'),
    insert: db.prepare('INSERT INTO links (hash, user_id, created_at) VALUES (?, ?, ?)'),
    // IS, so that it also replaces the one that is for nobody yet.
    replace: db.prepare('DELETE FROM links WHERE user_id IS ? OR created_at <= ?'),
    remove: db.prepare('DELETE FROM links WHERE hash = ?'),
  }
}
