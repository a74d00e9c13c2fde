/** Routes of tokens, for admins: make one (its value is told once), list them, revoke one. */

import { RunhookError } from '../errors.ts'
import { roles, type Token, type Tokens } from '../record/tokens.ts'
import { callerOf, hashOf, makeToken, PREFIX } from './admission.ts'
import { readFields } from './body.ts'
import { called, like, oneOf, type Reader } from './parameters.ts'
import type { Routes } from './routes.ts'
import { newToken, oneToken, tokenList } from './schemas-access.ts'

/** Begins with a letter, so that it is no number; never looks like a token's value, which is secret. */
const NAME = new RegExp(`^(?!${PREFIX})[A-Za-z][A-Za-z0-9._@+-]{0,62}$`)

const name = like(NAME, 'a letter and then up to 62 letters, digits, or . _ @ + -')

/** In milliseconds. Longer than the hooks file's durations, which are timers. */
const expires: Reader<number> = {
  allowed: 'a number of minutes, hours or days such as 90d, at most 3650d',
  schema: { type: 'string', pattern: '^[1-9][0-9]{0,6}[mhd]$', examples: ['90d'] },
  read(text) {
    const [, count = '', unit = ''] = /^([1-9][0-9]{0,6})([mhd])$/.exec(text) ?? []
    const ms = Number(count) * (units[unit] ?? 0)
    return ms > 0 && ms <= LONGEST_MS ? ms : undefined
  },
}

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }
const LONGEST_MS = 3650 * 86_400_000

const which: Reader<number | string> = {
  allowed: 'the number or the name of a token',
  schema: { type: 'string' },
  read: (text) => (/^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : name.read(text)),
}

const fields = { name, role: oneOf(roles), expires }

const example = 'Send {"name": "ci", "role": "operator", "expires": "90d"}.'

const create = {
  role: 'admin',
  audit: 'token.add',
  summary: 'Make a token',
  body: {
    type: 'object',
    properties: { name: name.schema, role: fields.role.schema, expires: expires.schema },
    required: ['name', 'role'],
    additionalProperties: false,
  },
  answers: { 201: { says: 'The token, and its value for the only time', schema: newToken } },
  refusals: [409],
} as const

const list = {
  role: 'admin',
  summary: 'List all tokens there ever were, newest first',
  answers: { 200: { says: 'The tokens, without their values', schema: tokenList } },
} as const

const revoke = {
  role: 'admin',
  audit: 'token.revoke',
  summary: 'Revoke a token: from now on it opens nothing',
  path: { which: called('the token', which) },
  answers: { 200: { says: 'The token as it was', schema: oneToken } },
  refusals: [404, 409],
} as const

/** `tell` hears of whatever changes who may do what. */
export function tokenRoutes(routes: Routes, tokens: Tokens, tell: (text: string) => void): void {
  routes.post('/tokens', create, async (c) => {
    const answer = await made(tokens, await c.req.text(), callerOf(c))
    c.set('about', `token ${answer.token.name} (${answer.token.role})`)
    tell(`token ${answer.token.name} (${answer.token.role}) made by ${callerOf(c)}`)
    return c.json(answer, 201)
  })
  routes.get('/tokens', list, async (c) => c.json({ tokens: await tokens.list() }))
  routes.delete('/tokens/:which', revoke, async (c, { path }) => {
    c.set('about', `token ${path.which}`)
    const token = await tokens.revoke(path.which)
    tell(`token ${token.name} (${token.role}) revoked by ${callerOf(c)}`)
    return c.json({ token })
  })
}

async function made(
  tokens: Tokens,
  text: string,
  createdBy: string,
): Promise<{ token: Token; value: string }> {
  const { name, role, expires } = readFields(text, fields, example)
  if (name === undefined || role === undefined) {
    const missing = name === undefined ? 'name' : 'role'
    throw new RunhookError('invalid', `${missing} is missing.`, { hint: example })
  }
  const value = makeToken()
  const expiresAt = expires === undefined ? null : Date.now() + expires
  const hash = hashOf(value)
  return { token: await tokens.create({ name, role, createdBy, expiresAt, hash }), value }
}
