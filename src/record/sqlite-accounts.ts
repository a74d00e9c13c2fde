/** What SQLite keeps of people, put together. The contract is in users.ts. */

import type { Database } from './database.ts'
import { SqliteAudit } from './sqlite-audit.ts'
import { SqliteLinks, SqliteSessions } from './sqlite-sessions.ts'
import { SqliteUsers } from './sqlite-users.ts'
import type { Accounts } from './users.ts'

export function accountsIn(database: Database): Accounts {
  const users = new SqliteUsers(database)
  return {
    users,
    sessions: new SqliteSessions(database),
    links: new SqliteLinks(database, users),
    audit: new SqliteAudit(database),
  }
}
