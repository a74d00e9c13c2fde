/** The audit log in PostgreSQL. The contract is in record/audit.ts. */

import { auditRowOf } from '../record/account-rows.ts'
import {
  AUDIT_MS,
  type Audit,
  type AuditEntry,
  type AuditFilter,
  type AuditRow,
} from '../record/audit.ts'
import type { Postgres } from './connect.ts'

/** Old rows that go with each new one. */
const TIDY_AT_ONCE = 100

export class PostgresAudit implements Audit {
  readonly #db: Postgres

  constructor(database: Postgres) {
    this.#db = database
  }

  async add({ at, who, via, address, what, object, outcome }: AuditEntry): Promise<void> {
    const values = [at, who, via, address, what, object, outcome]
    await this.#db.query(ADD, [...values, at - AUDIT_MS, TIDY_AT_ONCE])
  }

  async list({ before = Number.MAX_SAFE_INTEGER, limit }: AuditFilter): Promise<AuditRow[]> {
    const sql = 'SELECT * FROM runhook.audit WHERE id < $1 ORDER BY id DESC LIMIT $2'
    return (await this.#db.query(sql, [before, limit])).map(auditRowOf)
  }
}

/** What another server tidies at the same moment is left to it. */
const ADD = `WITH tidied AS (
    DELETE FROM runhook.audit WHERE id IN (
      SELECT id FROM runhook.audit WHERE at < $8 ORDER BY at LIMIT $9 FOR UPDATE SKIP LOCKED
    )
  )
  INSERT INTO runhook.audit (at, who, via, address, what, object, outcome)
    VALUES ($1, $2, $3, $4, $5, $6, $7)`
