/** What PostgreSQL keeps of people, put together, for all servers of a fleet. The contract is in record/users.ts. */

import type { Secret } from '../model/hook.ts'
import type { Accounts } from '../record/users.ts'
import { PostgresAudit } from './audit.ts'
import type { Postgres } from './connect.ts'
import { PostgresLinks } from './links.ts'
import { AccountSeal } from './sealed-accounts.ts'
import { PostgresSessions } from './sessions.ts'
import { PostgresUsers } from './users.ts'

export interface FleetAccounts extends Accounts {
  /**
   * For the start of a server: lets users outlive a key that is being replaced. Resolves with what the operator
   * should know, in a sentence, or null.
   */
  renew(): Promise<string | null>
}

/** `keys`: of `server.seal`; none = what stands in the database counts as it is. */
export function accountsIn(database: Postgres, keys: readonly Secret[]): FleetAccounts {
  const seal = new AccountSeal(keys)
  const users = new PostgresUsers(database, seal)
  return {
    users,
    sessions: new PostgresSessions(database, users, seal),
    links: new PostgresLinks(database, users, seal),
    audit: new PostgresAudit(database),
    async renew() {
      const strangers = await users.renew()
      if (strangers === 0) return null
      const who = strangers === 1 ? '1 user' : `${strangers} users`
      return `${who} in the database cannot sign in: no key of "seal" has sealed them. Make those that you know anew with "runhook user add"`
    },
  }
}
