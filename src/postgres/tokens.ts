/** The tokens of the API in PostgreSQL. The contract is in record/tokens.ts. */

import { RunhookError } from '../errors.ts'
import { nameTaken, revokedAlready, tokenOf, unknownToken } from '../record/token-rows.ts'
import type { NewToken, Token, Tokens } from '../record/tokens.ts'
import { isTaken, type Postgres, type Session } from './connect.ts'
import { isAskedFor } from './sealed-accounts.ts'

const MINUTE_MS = 60_000

export class PostgresTokens implements Tokens {
  readonly #db: Postgres
  /** When each token's last use was noted here. */
  readonly #noted = new Map<number, number>()
  #noting: Promise<unknown> = Promise.resolve()

  constructor(database: Postgres) {
    this.#db = database
  }

  async create(token: NewToken): Promise<Token> {
    try {
      return await this.#db.transaction((session) => insert(session, token))
    } catch (error) {
      // Another process took the name meanwhile: the second look finds who.
      if (!isNameTaken(error)) throw error
      return this.#db.transaction((session) => insert(session, token))
    }
  }

  async list(): Promise<Token[]> {
    await this.#noting
    return (await this.#db.query('SELECT * FROM runhook.tokens ORDER BY id DESC')).map(tokenOf)
  }

  async find(hash: Uint8Array): Promise<Token | null> {
    const sql = 'SELECT * FROM runhook.tokens WHERE hash = $1'
    const [row] = await this.#db.query(sql, [Buffer.from(hash)])
    return row && isAskedFor(row, { hash }) ? tokenOf(row) : null
  }

  used(id: number, at: number): void {
    if (at - (this.#noted.get(id) ?? 0) < MINUTE_MS) return
    this.#noted.set(id, at)
    // What cannot be written is told of by the writes that matter; this one may be lost.
    const noted = this.#db.query(noteUse, [id, at, at - MINUTE_MS]).catch(() => undefined)
    this.#noting = Promise.all([this.#noting, noted])
  }

  revoke(which: number | string): Promise<Token> {
    const sql = typeof which === 'number' ? byId : byName
    return this.#db.transaction(async (session) => {
      const [row] = await session.query(`${sql} FOR UPDATE`, [which])
      if (!row) throw unknownToken(which)
      const token = tokenOf(row)
      if (token.revokedAt !== null) throw revokedAlready(token)
      const revokedAt = Date.now()
      const revoke = 'UPDATE runhook.tokens SET revoked_at = $2 WHERE id = $1'
      await session.query(revoke, [token.id, revokedAt])
      return { ...token, revokedAt }
    })
  }

  /** Resolves when every use that was noted is written, or lost. */
  async settled(): Promise<void> {
    await this.#noting
  }
}

async function insert(session: Session, token: NewToken): Promise<Token> {
  const { name, role, createdBy, expiresAt, hash } = token
  const [taken] = await session.query(byName, [name])
  if (taken) throw nameTaken(tokenOf(taken))
  const [row] = await session.query(
    `INSERT INTO runhook.tokens (hash, name, role, created_at, created_by, expires_at)
      VALUES ($1, $2, $3, $4, $5, $6) RETURNING *`,
    [Buffer.from(hash), name, role, Date.now(), createdBy, expiresAt],
  )
  if (!row) throw new RunhookError('storage', 'The token was not stored.')
  return tokenOf(row)
}

/** `transaction` gives what the server said as the cause of its own error. */
function isNameTaken(error: unknown): boolean {
  return error instanceof RunhookError && isTaken(error.cause)
}

const byName = 'SELECT * FROM runhook.tokens WHERE name = $1 AND revoked_at IS NULL'
const byId = 'SELECT * FROM runhook.tokens WHERE id = $1'

/** Once a minute in the whole fleet. */
const noteUse = `UPDATE runhook.tokens SET last_used_at = $2
  WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)`
