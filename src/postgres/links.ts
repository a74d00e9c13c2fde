/** Links that let somebody in once, in PostgreSQL. The contract is in record/users.ts. */

import { isLinkOver, userOf } from '../record/account-rows.ts'
import type { LinkFor, Links, NewLink, User } from '../record/users.ts'
import { LINK_MS } from '../record/users.ts'
import type { Postgres, Row, Session } from './connect.ts'
import { type AccountSeal, isAskedFor } from './sealed-accounts.ts'
import type { PostgresUsers } from './users.ts'

export class PostgresLinks implements Links {
  readonly #db: Postgres
  readonly #users: PostgresUsers
  readonly #seal: AccountSeal

  constructor(database: Postgres, users: PostgresUsers, seal: AccountSeal) {
    this.#db = database
    this.#users = users
    this.#seal = seal
  }

  create({ hash, userId, at }: NewLink): Promise<void> {
    return this.#db.transaction(async (session) => {
      const [user] = await usersOf(session, userId)
      const fields = { hash, user_id: userId, user_name: user?.name, created_at: at }
      const old = 'DELETE FROM runhook.links WHERE created_at <= $1 AND coalesce(user_id, 0) <> $2'
      await session.query(old, [at - LINK_MS, userId ?? 0])
      // In the place of the one that was there: of several receivers that make one at once, the last counts.
      await session.query(
        `INSERT INTO runhook.links (hash, user_id, created_at, seal) VALUES ($1, $2, $3, $4)
          ON CONFLICT ((coalesce(user_id, 0))) DO UPDATE
          SET hash = excluded.hash, created_at = excluded.created_at, seal = excluded.seal`,
        [Buffer.from(hash), userId, at, this.#seal.of('link', fields)],
      )
    })
  }

  async find(hash: Uint8Array, at: number): Promise<LinkFor | null> {
    const sql = 'SELECT * FROM runhook.links WHERE hash = $1'
    const [row] = await this.#db.query(sql, [Buffer.from(hash)])
    return row && isAskedFor(row, { hash }) ? this.#open(this.#db, row, at) : null
  }

  use(hash: Uint8Array, at: number, name: string): Promise<User | null> {
    return this.#db.transaction(async (session) => {
      const sql = 'DELETE FROM runhook.links WHERE hash = $1 RETURNING *'
      const [row] = await session.query(sql, [Buffer.from(hash)])
      if (!row || !isAskedFor(row, { hash })) return null
      // Nobody else is made meanwhile: there is one first admin.
      if (row.user_id === null) await session.query(`LOCK TABLE runhook.users ${LOCK}`)
      const found = await this.#open(session, row, at)
      if (found === null || 'user' in found) return found?.user ?? null
      return this.#users.insert(session, { name, role: 'admin', createdBy: 'the first link' })
    })
  }

  async #open(session: Session, row: Row, at: number): Promise<LinkFor | null> {
    const [user] = await usersOf(session, row.user_id)
    const fits = this.#seal.fits('link', { ...row, user_name: user?.name })
    if (!fits || isLinkOver(row, at)) return null
    if (row.user_id === null) return (await this.#users.hasAdmin(session)) ? null : { first: true }
    const mayCome = user && this.#users.isGenuine(user) && user.disabled_at === null
    return mayCome ? { user: userOf(user) } : null
  }
}

const LOCK = 'IN SHARE ROW EXCLUSIVE MODE'

/** The one of that number; none for null. */
async function usersOf(session: Session, id: unknown): Promise<Row[]> {
  const found = await session.query('SELECT * FROM runhook.users WHERE id = $1', [id])
  return found.filter((row) => isAskedFor(row, { id }))
}
