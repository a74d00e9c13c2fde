/** The tokens of the API in SQLite. The contract is in tokens.ts. */

import { RunhookError } from '../errors.ts'
import type { Database } from './database.ts'
import { number, numberOrNull, type Row, text } from './rows.ts'
import { type NewToken, type Role, roles, type Token, type Tokens } from './tokens.ts'

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
      if (!row) throw unknown(which)
      const token = tokenOf(row)
      if (token.revokedAt !== null) {
        throw new RunhookError('conflict', `Token #${token.id} (${token.name}) is revoked already.`)
      }
      const revokedAt = Date.now()
      this.#sql.revoke.run(revokedAt, token.id)
      return { ...token, revokedAt }
    })
  }
}

function nameTaken({ id, name }: Token): RunhookError {
  return new RunhookError('conflict', `There is a token "${name}" already, #${id}.`, {
    hint: `Take another name, or revoke that one first: runhook token revoke ${name}`,
  })
}

function unknown(which: number | string): RunhookError {
  const what = typeof which === 'number' ? `no token #${which}` : `no valid token "${which}"`
  return new RunhookError('not-found', `There is ${what}.`, {
    hint: '"runhook token list" shows them all.',
  })
}

function tokenOf(row: Row): Token {
  return {
    id: number(row, 'id'),
    name: text(row, 'name'),
    role: roleOf(text(row, 'role')),
    createdAt: number(row, 'created_at'),
    createdBy: text(row, 'created_by'),
    expiresAt: numberOrNull(row, 'expires_at'),
    lastUsedAt: numberOrNull(row, 'last_used_at'),
    revokedAt: numberOrNull(row, 'revoked_at'),
  }
}

function roleOf(value: string): Role {
  const known = roles.find((role) => role === value)
  if (known) return known
  throw new RunhookError('storage', `The database holds a token with an unknown role.`)
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
