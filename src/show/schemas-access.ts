/** Who may ask, and who was turned away, as the API answers them; see schemas.ts. */

import * as v from 'valibot'
import { roles, type Token } from '../record/tokens.ts'
import { id, named, text, time, timeOrNull, whole } from './schemas.ts'
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
    }),
  ),
})
