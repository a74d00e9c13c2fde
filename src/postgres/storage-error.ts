/**
 * What a database said, in our words, and what to do. Its codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */

import { messageOf, RunhookError, systemCode } from '../errors.ts'

/** read_only_sql_transaction: it has become so since the connection was made. */
export function isReadOnly(error: unknown): boolean {
  return systemCode(error) === '25006'
}

export function readOnly(cause?: unknown): RunhookError {
  const said = 'it can only be read, because it is a standby or was made read-only'
  return new RunhookError('storage', `The database cannot be used: ${said}.`, {
    hint: 'Where it is about to be promoted nothing has to be done; else let "database" of "server" lead to the primary.',
    cause,
  })
}

const CHECK = 'Check "database" of "server" in the hooks file, and that PostgreSQL runs.'

/** By what the server said: too_many_connections, disk_full. */
const hints: Readonly<Record<string, string>> = {
  '53300':
    '"Connections" in docs/fleet.md says how many are needed; all goes on when there are enough.',
  '53100': 'Make room on the disk of the database; all goes on by itself then.',
}

/** What the server or the way to it said, without the URL, in which the password is. */
export function asStorageError(error: unknown): RunhookError {
  if (error instanceof RunhookError) return error
  if (isReadOnly(error)) return readOnly(error)
  return new RunhookError('storage', `The database cannot be used: ${reasonOf(error)}.`, {
    hint: hints[systemCode(error) ?? ''] ?? CHECK,
    cause: error,
  })
}

/** Several addresses that were tried make an AggregateError, whose own message is empty. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return messageOf(error).replace(/\.$/, '')
}
