/** Rows of tokens to tokens, and what is said of them, whatever database they are in. */

import { RunhookError } from '../errors.ts'
import { number, numberOrNull, type Row, text } from './rows.ts'
import { type Role, roles, type Token } from './tokens.ts'

export function nameTaken({ id, name }: Token): RunhookError {
  return new RunhookError('conflict', `There is a token "${name}" already, #${id}.`, {
    hint: `Take another name, or revoke that one first: runhook token revoke ${name}`,
  })
}

export function unknownToken(which: number | string): RunhookError {
  const what = typeof which === 'number' ? `no token #${which}` : `no valid token "${which}"`
  return new RunhookError('not-found', `There is ${what}.`, {
    hint: '"runhook token list" shows them all.',
  })
}

export function revokedAlready({ id, name }: Token): RunhookError {
  return new RunhookError('conflict', `Token #${id} (${name}) is revoked already.`)
}

export function tokenOf(row: Row): Token {
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

export function roleOf(value: string): Role {
  const known = roles.find((role) => role === value)
  if (known) return known
  throw new RunhookError('storage', `The database holds a token with an unknown role.`)
}
