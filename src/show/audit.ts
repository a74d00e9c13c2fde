/** The route of the audit log, for admins: who did what, and whether it was done. */

import type { Accounts } from '../record/users.ts'
import { id, upTo } from './parameters.ts'
import type { Routes } from './routes.ts'
import { auditPage } from './schemas-access.ts'

const list = {
  role: 'admin',
  summary: 'The audit log, newest first',
  query: { before: id, limit: upTo(500) },
  answers: {
    200: { says: 'A page of rows; "next" is the "before" of the page after it', schema: auditPage },
  },
} as const

export function auditRoute(routes: Routes, accounts: Accounts | undefined): void {
  routes.get('/audit', list, async (c, { query: { before, limit = 50 } }) => {
    const found = (await accounts?.audit.list({ before, limit: limit + 1 })) ?? []
    const rows = found.slice(0, limit)
    return c.json({ rows, next: found.length > limit ? (rows.at(-1)?.id ?? null) : null })
  })
}
