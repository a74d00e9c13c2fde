/** How often somebody may be wrong, and right, about a password. A real database; its hashes cost little here. */

import { scryptSync } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { createGuess } from '../../src/access/guess.ts'
import { isPassword } from '../../src/access/password.ts'
import { networksOf } from '../../src/network/allowed.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { aDirectory } from '../some.ts'

const PASSWORD = 'correct horse battery'
const salt = Buffer.alloc(16)
const key = scryptSync(PASSWORD, salt, 32, { N: 2 ** 4 })
const cheap = `scrypt$04$${salt.toString('base64url')}$${key.toString('base64url')}`
const incoming = {} as IncomingMessage

async function aGuess(...names: string[]) {
  const store = openSqlite(aDirectory())
  onTestFinished(() => store.close())
  const { accounts } = store
  for (const name of names) {
    await accounts.users.create({ name, role: 'viewer', createdBy: 'root' })
    await accounts.users.setPassword(name, cheap)
  }
  const clock = { now: 1_000_000 }
  const guess = createGuess({
    accounts,
    settings: { publicUrl: null, trusted: networksOf([]), proxyLogin: null, oidc: null },
    addressOf: () => '203.0.113.7',
    report: () => undefined,
    refuse: () => undefined,
    warn: () => undefined,
    now: () => clock.now,
  })
  return { clock, ask: (name: string, password = PASSWORD) => guess(incoming, name, password) }
}

const right = { user: expect.objectContaining({ name: 'ada' }) }

test('an account is held up that is right so often that it does nothing else: each time leaves a row', async () => {
  const { ask, clock } = await aGuess('ada', 'bob')
  for (let n = 0; n < 60; n += 1) expect(await ask('ada')).toEqual(right)
  expect(await ask('Ada')).toEqual({ wait: 900 })
  expect(await ask('bob')).toMatchObject({ user: { name: 'bob' } })
  clock.now += 901_000
  expect(await ask('ada')).toEqual(right)
})

test('what was not looked at in a flood of others counts against nobody', async () => {
  const { ask } = await aGuess('ada')
  const flood = Promise.allSettled(Array.from({ length: 40 }, () => isPassword('x', cheap)))
  const tries = await Promise.allSettled(Array.from({ length: 10 }, () => ask('ada', 'wrong')))
  expect(tries.map((one) => one.status === 'rejected' && one.reason.code)).toEqual(
    Array(10).fill('busy'),
  )
  await flood
  expect(await ask('ada')).toEqual(right)
})
