/** The audit log in SQLite. The contract is in audit.ts. */

import { auditRowOf } from './account-rows.ts'
import { AUDIT_MS, type Audit, type AuditEntry, type AuditFilter, type AuditRow } from './audit.ts'
import type { Database } from './database.ts'

/** Old rows that go at once: it blocks the event loop. There are never more of them than new ones. */
const TIDY_AT_ONCE = 100

export class SqliteAudit implements Audit {
  readonly #db: Database
  readonly #sql: ReturnType<typeof statements>

  constructor(database: Database) {
    this.#db = database
    this.#sql = statements(database)
  }

  add({ at, who, via, address, what, object, outcome }: AuditEntry): Promise<void> {
    return this.#db.write(() => {
      this.#sql.tidy.run(at - AUDIT_MS, TIDY_AT_ONCE)
      this.#sql.insert.run(at, who, via, address, what, object, outcome)
    })
  }

  async list({ before = Number.MAX_SAFE_INTEGER, limit }: AuditFilter): Promise<AuditRow[]> {
    return this.#sql.list.all(before, limit).map(auditRowOf)
  }
}

function statements(db: Database) {
  return {
    insert: db.prepare(
      `INSERT INTO audit (at, who, via, address, what, object, outcome)
        VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    list: db.prepare('SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?'),
    tidy: db.prepare(
      'DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY at LIMIT ?)',
    ),
  }
}
