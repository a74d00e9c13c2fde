/** Users in PostgreSQL. The contract is in record/users.ts. */

import { RunhookError } from '../errors.ts'
import { unknownUser, userOf, userTaken } from '../record/account-rows.ts'
import { number, text, textOrNull } from '../record/rows.ts'
import type { Role } from '../record/tokens.ts'
import type { Identity, NewUser, User, Users } from '../record/users.ts'
import type { Postgres, Row, Session } from './connect.ts'
import { type AccountSeal, isAskedFor } from './sealed-accounts.ts'

export class PostgresUsers implements Users {
  readonly #db: Postgres
  readonly #seal: AccountSeal

  constructor(database: Postgres, seal: AccountSeal) {
    this.#db = database
    this.#seal = seal
  }

  create(user: NewUser): Promise<User> {
    return this.#db.transaction((session) => this.insert(session, user))
  }

  /** Inside a transaction of somebody else's. A row of that name, or identity, which is nobody's makes room. */
  async insert(session: Session, { name, identity, role, createdBy }: NewUser): Promise<User> {
    const who = { issuer: identity?.issuer ?? null, subject: identity?.subject ?? null }
    const named = await session.query(`${byName} FOR UPDATE`, [name])
    const known = await session.query(`${byIdentity} FOR UPDATE`, [who.issuer, who.subject])
    for (const there of [...named, ...known]) {
      if (this.isGenuine(there)) throw userTaken(text(there, 'name'))
      await session.query('DELETE FROM runhook.users WHERE id = $1', [there.id])
    }
    const [next] = await session.query(NEXT_ID)
    const id = number(next ?? {}, 'id')
    const at = Date.now()
    const seal = this.#seal.of('user', { id, name, ...who, role, created_at: at })
    const [row] = await session.query(
      `INSERT INTO runhook.users (id, name, role, created_at, created_by, seal, issuer, subject)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING *`,
      [id, name, role, at, createdBy, seal, who.issuer, who.subject],
    )
    if (row) return this.#asMade(row, id)
    const [other] = await session.query(byName, [name]) // another process was first
    throw userTaken(other ? text(other, 'name') : name)
  }

  /** Inside a transaction of somebody else's. */
  async hasAdmin(session: Session): Promise<boolean> {
    const rows = await session.query("SELECT * FROM runhook.users WHERE role = 'admin'")
    return rows.some((row) => this.isGenuine(row))
  }

  isGenuine(row: Row): boolean {
    return this.#seal.fits('user', row)
  }

  async list(): Promise<User[]> {
    const rows = await this.#db.query(`SELECT * FROM runhook.users ORDER BY ${NAME}`)
    return rows.filter((row) => this.isGenuine(row)).map(userOf)
  }

  async find(name: string): Promise<User | null> {
    const row = await this.#find(this.#db, byName, name)
    return row && userOf(row)
  }

  async findBy({ issuer, subject }: Identity): Promise<User | null> {
    const [row] = await this.#db.query(byIdentity, [issuer, subject])
    return row && isAskedFor(row, { issuer, subject }) && this.isGenuine(row) ? userOf(row) : null
  }

  async passwordOf(name: string): Promise<string | null> {
    const row = await this.#find(this.#db, byName, name)
    return row && textOrNull(row, 'password')
  }

  setRole(name: string, role: Role): Promise<User> {
    return this.#change(name, () => ({ role }))
  }

  setPassword(name: string, password: string | null, keep: number | null = null): Promise<User> {
    return this.#change(name, () => ({ password }), { keep })
  }

  signOut(name: string): Promise<User> {
    return this.#change(name, () => ({}), { keep: null })
  }

  disable(name: string, at: number): Promise<User> {
    const change = ({ disabled_at }: Row) => ({ disabled_at: disabled_at ?? at })
    return this.#change(name, change, { keep: null })
  }

  enable(name: string): Promise<User> {
    return this.#change(name, () => ({ disabled_at: null }))
  }

  remove(name: string): Promise<User> {
    return this.#db.transaction(async (session) => {
      const row = await this.#named(session, name)
      await session.query('DELETE FROM runhook.users WHERE id = $1', [row.id]) // sessions and links with it
      return userOf(row)
    })
  }

  /** Seals anew what an older key has sealed. Resolves with how many rows no key has sealed. */
  async renew(): Promise<number> {
    const rows = await this.#db.query('SELECT * FROM runhook.users')
    for (const row of rows.filter((row) => this.#seal.isOld('user', row))) {
      const sql = 'UPDATE runhook.users SET seal = $2 WHERE id = $1 AND seal = $3'
      await this.#db.query(sql, [row.id, this.#seal.of('user', row), row.seal])
    }
    return rows.filter((row) => !this.isGenuine(row)).length
  }

  /** With `ends`, all his sessions but one go, and his links. */
  #change(
    name: string,
    changed: (row: Row) => Row,
    ends?: { readonly keep: number | null },
  ): Promise<User> {
    return this.#db.transaction(async (session) => {
      const row = await this.#named(session, name)
      const next: Row = { ...row, ...changed(row) }
      const [stored] = await session.query(
        `UPDATE runhook.users SET role = $2, password = $3, disabled_at = $4, seal = $5
          WHERE id = $1 RETURNING *`,
        [next.id, next.role, next.password, next.disabled_at, this.#seal.of('user', next)],
      )
      if (!stored) throw new RunhookError('storage', 'The user was not stored.')
      if (ends) {
        const sessions = 'DELETE FROM runhook.sessions WHERE user_id = $1 AND id <> $2'
        await session.query(sessions, [next.id, ends.keep ?? 0]) // none has the number 0
        await session.query('DELETE FROM runhook.links WHERE user_id = $1', [next.id])
      }
      return this.#asMade(stored, next.id)
    })
  }

  /** A trigger may have made another of it, or the row of somebody else. */
  #asMade(row: Row, id: unknown): User {
    if (isAskedFor(row, { id }) && this.isGenuine(row)) return userOf(row)
    throw new RunhookError('storage', 'The database has stored another user than it was told.')
  }

  async #named(session: Session, name: string): Promise<Row> {
    const row = await this.#find(session, `${byName} FOR UPDATE`, name)
    if (row) return row
    throw unknownUser(name)
  }

  async #find(session: Session, sql: string, name: string): Promise<Row | null> {
    const [row] = await session.query(sql, [name])
    return row && folded(row.name) === folded(name) && this.isGenuine(row) ? row : null
  }
}

/** As NAME has it. */
function folded(name: unknown): string {
  return String(name).replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** As its index has it. */
const NAME = 'lower(name COLLATE "C")'
const byName = `SELECT * FROM runhook.users WHERE ${NAME} = lower($1::text COLLATE "C")`
const byIdentity = 'SELECT * FROM runhook.users WHERE issuer = $1 AND subject = $2'
const NEXT_ID = `SELECT nextval(pg_get_serial_sequence('runhook.users', 'id')) AS id`
