/** Rows of users, sessions and the audit log to what they are, and what is said of users, in either database. */

import { RunhookError } from '../errors.ts'
import type { AuditRow } from './audit.ts'
import { number, numberOrNull, type Row, text, textOrNull } from './rows.ts'
import { roleOf } from './token-rows.ts'
import { IDLE_MS, type Identity, LINK_MS, SESSION_MS, type Session, type User } from './users.ts'

export function userOf(row: Row): User {
  return {
    id: number(row, 'id'),
    name: text(row, 'name'),
    identity: identityOf(row),
    role: roleOf(text(row, 'role')),
    hasPassword: row.password !== null,
    createdAt: number(row, 'created_at'),
    createdBy: text(row, 'created_by'),
    disabledAt: numberOrNull(row, 'disabled_at'),
  }
}

function identityOf(row: Row): Identity | null {
  const [issuer, subject] = [textOrNull(row, 'issuer'), textOrNull(row, 'subject')]
  return issuer === null || subject === null ? null : { issuer, subject }
}

/** `name`: as he was first called. */
export function userTaken(name: string): RunhookError {
  return new RunhookError('conflict', `There is a user "${name}" already.`, {
    hint: `"runhook user link ${name}" lets that one in.`,
  })
}

export function unknownUser(name: string): RunhookError {
  return new RunhookError('not-found', `There is no user "${name}".`, {
    hint: `"runhook user list" shows them all; "runhook user add ${name} --role viewer" makes one.`,
  })
}

/** With the name of its user as `user_name`. */
export function sessionOf(row: Row): Session {
  return {
    id: number(row, 'id'),
    user: text(row, 'user_name'),
    createdAt: number(row, 'created_at'),
    seenAt: number(row, 'seen_at'),
    address: text(row, 'address'),
    userAgent: text(row, 'user_agent'),
  }
}

export function isOver({ createdAt, seenAt }: Session, at: number): boolean {
  return createdAt + SESSION_MS <= at || seenAt + IDLE_MS <= at
}

/** Of the row of a link. */
export function isLinkOver(row: Row, at: number): boolean {
  return number(row, 'created_at') + LINK_MS <= at
}

export function auditRowOf(row: Row): AuditRow {
  return {
    id: number(row, 'id'),
    at: number(row, 'at'),
    who: text(row, 'who'),
    via: text(row, 'via'),
    address: text(row, 'address'),
    what: text(row, 'what'),
    object: text(row, 'object'),
    outcome: text(row, 'outcome'),
  }
}
