import { expect, onTestFinished, test } from 'vitest'
import type { Secret } from '../../src/model/hook.ts'
import { sealTokens } from '../../src/postgres/sealed-tokens.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { type NewToken, roles, type Tokens } from '../../src/record/tokens.ts'
import { hashOf } from '../../src/show/admission.ts'
import { aDirectory, SECRET } from '../some.ts'

const key: Secret = { name: 'SEAL', value: SECRET }
const newer: Secret = { name: 'NEW', value: `new ${SECRET}` }

/** Whatever keeps them: what counts is what is asked of it. */
function aKeeper() {
  const store = openSqlite(aDirectory())
  onTestFinished(() => store.close())
  return store.tokens
}

function aNewToken(fields: Partial<NewToken> = {}): NewToken {
  const hash = hashOf(fields.name ?? 'ci')
  return { name: 'ci', role: 'viewer', createdBy: 'ada', expiresAt: null, hash, ...fields }
}

test.each(roles)('a token of role %s is found with its key, and with no other', async (role) => {
  const kept = aKeeper()
  const made = await sealTokens(kept, [key]).create(aNewToken({ role }))
  expect(await sealTokens(kept, [key]).find(hashOf('ci'))).toEqual(made)
  expect(await sealTokens(kept, [key]).find(hashOf('CI'))).toBeNull()
  expect(await sealTokens(kept, [newer]).find(hashOf('ci'))).toBeNull()
  expect(await kept.find(hashOf('ci'))).toBeNull()
})

test('a token that somebody wrote into the database opens nothing', async () => {
  const kept = aKeeper()
  await kept.create(aNewToken({ role: 'admin' }))
  expect(await sealTokens(kept, [key]).find(hashOf('ci'))).toBeNull()
})

test('nobody raises the role of a token there', async () => {
  const kept = aKeeper()
  await sealTokens(kept, [key]).create(aNewToken({ role: 'viewer' }))
  const rewritten: Tokens = {
    ...sealTokens(kept, [key]),
    async find(hash) {
      const found = await kept.find(hash)
      return found && { ...found, role: 'admin' }
    },
  }
  expect(await sealTokens(rewritten, [key]).find(hashOf('ci'))).toBeNull()
})

test('while a key is replaced, tokens of the old one are good, and new ones are of the new one', async () => {
  const kept = aKeeper()
  await sealTokens(kept, [key]).create(aNewToken())
  const both = sealTokens(kept, [newer, key])
  await both.create(aNewToken({ name: 'ada' }))
  expect(await both.find(hashOf('ci'))).toMatchObject({ name: 'ci' })
  const after = sealTokens(kept, [newer])
  expect(await after.find(hashOf('ada'))).toMatchObject({ name: 'ada' })
  expect(await after.find(hashOf('ci'))).toBeNull()
})

test('they are listed, used and revoked as any', async () => {
  const kept = aKeeper()
  const sealed = sealTokens(kept, [key])
  const { id } = await sealed.create(aNewToken())
  sealed.used(id, 60_000)
  await sealed.revoke('ci')
  expect(await sealed.list()).toEqual([
    expect.objectContaining({ id, lastUsedAt: 60_000, revokedAt: expect.any(Number) }),
  ])
})
