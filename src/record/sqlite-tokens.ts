/** The tokens of the API in SQLite. The contract is in tokens.ts. */

import { RunhookError } from '../errors.ts'
import type { Database } from './database.ts'
import { nameTaken, revokedAlready, tokenOf, unknownToken } from './token-rows.ts'
import type { NewToken, Token, Tokens } from './tokens.ts'

const MINUTE_MS = 60_000

export class SqliteTokens implements Tokens {
  readonly #db: Database
  readonly #sql: ReturnType<typeof statements>
  /** When each token's last use was noted, as what is gathered for the disk cannot be read yet. */
  readonly #noted = new Map<number, number>()

  constructor(database: Database) {
    this.#db = database
    this.#sql = statements(database)
  }

  create({ name, role, createdBy, expiresAt, hash }: NewToken): Promise<Token> {
    return this.#db.write(() => {
      const taken = this.#sql.named.get(name)
      if (taken) throw nameTaken(tokenOf(taken))
      const row = this.#sql.insert.get(hash, name, role, Date.now(), createdBy, expiresAt)
      if (!row) throw new RunhookError('storage', 'The token was not stored.')
      return tokenOf(row)
    })
  }

  async list(): Promise<Token[]> {
    this.#db.flush()
    return this.#sql.all.all().map(tokenOf)
  }

  /** Does not flush: a stranger who guesses must not end what was gathered for one commit. */
  async find(hash: Uint8Array): Promise<Token | null> {
    const row = this.#sql.byHash.get(hash)
    return row ? tokenOf(row) : null
  }

  used(id: number, at: number): void {
    if (at - (this.#noted.get(id) ?? 0) < MINUTE_MS) return
    this.#noted.set(id, at)
    // A full disk is told of by the writes that matter; this one may be lost.
    this.#db.writeLazily(() => this.#sql.used.run(at, id)).catch(() => {})
  }

  revoke(which: number | string): Promise<Token> {
    return this.#db.write(() => {
      const row = typeof which === 'number' ? this.#sql.byId.get(which) : this.#sql.named.get(which)
      if (!row) throw unknownToken(which)
      const token = tokenOf(row)
      if (token.revokedAt !== null) throw revokedAlready(token)
      const revokedAt = Date.now()
      this.#sql.revoke.run(revokedAt, token.id)
      return { ...token, revokedAt }
    })
  }
}

function statements(db: Database) {
  return {
    named: db.prepare('SELECT * FROM tokens WHERE name = ? AND revoked_at IS NULL'),
    byId: db.prepare('SELECT * FROM tokens WHERE id = ?'),
    byHash: db.prepare('SELECT * FROM tokens WHERE hash = ?'),
    all: db.prepare('SELECT * FROM tokens ORDER BY id DESC'),
    insert: db.prepare(
      `INSERT INTO tokens (hash, name, role, created_at, created_by, expires_at)
        VALUES (?, ?, ?, ?, ?, ?) RETURNING *`,
    ),
    used: db.prepare('UPDATE tokens SET last_used_at = ? WHERE id = ?'),
    revoke: db.prepare('UPDATE tokens SET revoked_at = ? WHERE id = ?'),
  }
}
