/** Who may ask, and who was turned away, as the API answers them; see schemas.ts. */

import * as v from 'valibot'
import type { AuditRow } from '../record/audit.ts'
import { roles, type Token } from '../record/tokens.ts'
import type { Session, User } from '../record/users.ts'
import { flag, id, named, text, time, timeOrNull, whole } from './schemas.ts'
import type { RefusalsView } from './views.ts'

const token: v.GenericSchema<Token> = named(
  'Token',
  v.object({
    id,
    name: text,
    role: v.picklist(roles),
    createdAt: time,
    createdBy: text,
    expiresAt: timeOrNull,
    lastUsedAt: timeOrNull,
    revokedAt: timeOrNull,
  }),
)

export const tokenList = v.object({ tokens: v.array(token) })
export const oneToken = v.object({ token })
export const newToken = v.object({ token, value: text })

const user: v.GenericSchema<User> = named(
  'User',
  v.object({
    id,
    name: text,
    identity: v.nullable(v.object({ issuer: text, subject: text })),
    role: v.picklist(roles),
    hasPassword: flag,
    createdAt: time,
    createdBy: text,
    disabledAt: timeOrNull,
  }),
)

export const userList = v.object({ users: v.array(user) })
export const oneUser = v.object({ user })
export const userLink = v.object({ link: text })
export const newUser = v.object({ user, link: text })

const session: v.GenericSchema<Session> = named(
  'Session',
  v.object({ id, user: text, createdAt: time, seenAt: time, address: text, userAgent: text }),
)

export const sessionList = v.object({ sessions: v.array(session) })
export const oneSession = v.object({ session })

const auditRow: v.GenericSchema<AuditRow> = named(
  'AuditRow',
  v.object({
    id,
    at: time,
    who: text,
    via: text,
    address: text,
    what: text,
    object: text,
    outcome: text,
  }),
)

export const auditPage = v.object({ rows: v.array(auditRow), next: v.nullable(id) })

export const refusalList: v.GenericSchema<RefusalsView> = v.object({
  since: time,
  total: whole,
  refusals: v.array(
    v.object({
      address: text,
      method: text,
      path: text,
      status: whole,
      reason: text,
      count: id,
      firstAt: time,
      lastAt: time,
      advice: v.nullable(text),
    }),
  ),
})
