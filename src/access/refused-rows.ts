/**
 * Rows of what was asked for and not done: some for each visitor, for a viewer who goes on asking would fill the disk
 * for as long as rows are kept. What was done is always kept.
 */

import { createAttempts } from '../network/attempts.ts'
import type { Audit, AuditEntry } from '../record/audit.ts'

const WINDOW_MS = 15 * 60_000
/** Of one visitor in that time; as in guess.ts. */
const ON_RECORD = 200

/** The same, which leaves out what is too much and says so once in a window, in a row of its own. */
export function withFewRefused(audit: Audit, now = Date.now): Audit {
  const refused = createAttempts({ max: ON_RECORD, windowMs: WINDOW_MS, now })
  return {
    list: (filter) => audit.list(filter),
    async add(entry: AuditEntry) {
      if (entry.outcome === 'ok') return audit.add(entry)
      const visitor = `${entry.via} ${entry.who}`
      if (refused.wait('', visitor) > 0) return
      const isLast = refused.failed('', visitor) === ON_RECORD
      await audit.add(entry)
      if (isLast)
        await audit.add({ ...entry, what: 'audit', object: LEFT_OUT, outcome: 'too many' })
    },
  }
}

const LEFT_OUT = 'more that is refused, for up to 15 minutes'
