/** Routes of tokens: what an admin may send, and what is made of it. */

import { expect, test } from 'vitest'
import { hashOf } from '../../src/show/admission.ts'
import { serveStrangers } from './strangers.ts'
import { aWorld } from './world.ts'

async function served() {
  const strangers = await serveStrangers(aWorld())
  const admin = await strangers.token('admin', { name: 'ada' })
  const make = (body: string) => strangers.json('/tokens', { method: 'POST', token: admin, body })
  return { ...strangers, admin, make }
}

test('a token that was made opens what its role says, and is told of without its value', async () => {
  const { make, json, call, admin } = await served()
  const { status, json: made } = await make('{"name":"ci","role":"operator","expires":"12h"}')
  expect(status).toBe(201)
  expect(made.value).toMatch(/^rh_[\w-]{43}$/)
  expect(made.token).toMatchObject({ id: 2, name: 'ci', role: 'operator', createdBy: 'ada' })
  expect(made.token.expiresAt - made.token.createdAt - 12 * 3_600_000).toBeLessThan(1000)
  expect((await call('/status', { token: made.value })).status).toBe(200)
  expect((await call('/tokens', { token: made.value })).status).toBe(403)
  const { json: list } = await json('/tokens', { token: admin })
  expect(list.tokens.map((one: { name: string }) => one.name)).toEqual(['ci', 'ada'])
  const told = JSON.stringify(list)
  expect(told).not.toContain(made.value)
  expect(told).not.toContain(hashOf(made.value).toString('hex'))
})

const example = 'Send {"name": "ci", "role": "operator", "expires": "90d"}.'
const allowedTime = 'a number of minutes, hours or days such as 90d, at most 3650d'

test.each<[string, number, string, string | null]>([
  ['', 422, 'name is missing.', example],
  ['{"name":"ci"}', 422, 'role is missing.', example],
  [
    '{"name":"ci","role":"root"}',
    422,
    'role is "root"; allowed is one of viewer, operator, admin.',
    null,
  ],
  [
    '{"name":"ci","role":["admin"]}',
    422,
    'role is a list; allowed is one of viewer, operator, admin.',
    null,
  ],
  [
    '{"name":"ci","role":"viewer","expires":90}',
    422,
    `expires is a number; allowed is ${allowedTime}.`,
    null,
  ],
  [
    '{"name":"ci","role":"viewer","expires":"0d"}',
    422,
    `expires is "0d"; allowed is ${allowedTime}.`,
    null,
  ],
  [
    '{"name":"ci","role":"viewer","expires":null}',
    422,
    `expires is null; allowed is ${allowedTime}.`,
    null,
  ],
  [
    '{"name":"ci","role":"viewer","id":1}',
    400,
    'Unknown key "id"; allowed: name, role, expires.',
    null,
  ],
  [
    '{"name":"ci","role":"viewer","__proto__":1}',
    400,
    'Unknown key "__proto__"; allowed: name, role, expires.',
    null,
  ],
  ['[]', 400, 'The body is a list, not an object.', example],
  ['{"name"', 400, 'The body is not JSON.', example],
])('%s makes no token', async (body, status, message, hint) => {
  const { make, tokens } = await served()
  const { status: given, json } = await make(body)
  expect([given, json.error.message, json.error.hint]).toEqual([status, message, hint])
  expect(await tokens.list()).toHaveLength(1)
})

test('an admin may revoke his own token, and that is the end of it', async () => {
  const { call, admin } = await served()
  const revoke = () => call('/tokens/ada', { method: 'DELETE', token: admin })
  expect([(await revoke()).status, (await revoke()).status]).toEqual([200, 401])
})

test.each(['rh_abc', '0', '-1', 'a%2Fb', '%00', 'ada%20'])(
  '/tokens/%s names no token',
  async (which) => {
    const { call, admin, tokens } = await served()
    const { status } = await call(`/tokens/${which}`, { method: 'DELETE', token: admin })
    expect(status).toBe(422)
    expect((await tokens.list())[0]?.revokedAt).toBeNull()
  },
)
