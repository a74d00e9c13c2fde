/** What every engine keeps of the tokens of the API. */

import { expect, onTestFinished } from 'vitest'
import type { NewToken } from '../../src/record/tokens.ts'
import { hashOf } from '../../src/show/admission.ts'
import { type Engine, opened } from './engine.ts'

export function aNewToken(fields: Partial<NewToken> = {}): NewToken {
  const hash = hashOf(fields.name ?? 'ci')
  return { name: 'ci', role: 'operator', createdBy: 'ada', expiresAt: null, hash, ...fields }
}

export function tokensContract(engine: Engine): void {
  const { test } = engine

  test('a token is found by the hash of its value, and by nothing near it', async () => {
    const { tokens } = await opened(engine)
    const made = await tokens.create(aNewToken())
    expect(made).toEqual({
      id: 1,
      name: 'ci',
      role: 'operator',
      createdAt: expect.any(Number),
      createdBy: 'ada',
      expiresAt: null,
      lastUsedAt: null,
      revokedAt: null,
    })
    expect(await tokens.find(hashOf('ci'))).toEqual(made)
    expect(await tokens.find(hashOf('CI'))).toBeNull()
    expect(await tokens.find(hashOf('ci').subarray(0, 31))).toBeNull()
    expect(await tokens.find(new Uint8Array())).toBeNull()
  })

  test('two tokens of one name cannot both be valid', async () => {
    const { tokens } = await opened(engine)
    await tokens.create(aNewToken())
    const again = aNewToken({ hash: hashOf('another') })
    await expect(tokens.create(again)).rejects.toMatchObject({
      code: 'conflict',
      message: 'There is a token "ci" already, #1.',
      hint: 'Take another name, or revoke that one first: runhook token revoke ci',
    })
    await tokens.revoke('ci')
    expect(await tokens.create(again)).toMatchObject({ id: 2, name: 'ci', revokedAt: null })
    expect((await tokens.list()).map(({ id, revokedAt }) => [id, revokedAt !== null])).toEqual([
      [2, false],
      [1, true],
    ])
  })

  test('a token is revoked once, by its number or its name, and is found revoked from then on', async () => {
    const { tokens } = await opened(engine)
    await tokens.create(aNewToken({ name: 'one' }))
    await tokens.create(aNewToken({ name: 'two' }))
    expect(await tokens.revoke(1)).toMatchObject({ name: 'one', revokedAt: expect.any(Number) })
    expect(await tokens.revoke('two')).toMatchObject({ id: 2 })
    expect((await tokens.find(hashOf('one')))?.revokedAt).toEqual(expect.any(Number))
    await expect(tokens.revoke(1)).rejects.toMatchObject({
      code: 'conflict',
      message: 'Token #1 (one) is revoked already.',
    })
    await expect(tokens.revoke('two')).rejects.toMatchObject({
      code: 'not-found',
      message: 'There is no valid token "two".',
      hint: '"runhook token list" shows them all.',
    })
    await expect(tokens.revoke(3)).rejects.toMatchObject({ message: 'There is no token #3.' })
  })

  test('the last use is noted at most once a minute, and survives a restart', async () => {
    const open = await engine.place()
    const { close, tokens } = await open()
    await tokens.create(aNewToken())
    const lastUse = async () => (await tokens.list())[0]?.lastUsedAt
    tokens.used(1, 1_000_000)
    tokens.used(1, 1_059_999)
    expect(await lastUse()).toBe(1_000_000)
    tokens.used(1, 1_060_000)
    expect(await lastUse()).toBe(1_060_000)
    await close()
    expect((await (await open()).tokens.list())[0]).toMatchObject({ lastUsedAt: 1_060_000 })
  })

  test('a use that can no longer be written disturbs nobody', async () => {
    const { close, tokens } = await opened(engine)
    await tokens.create(aNewToken())
    const unhandled: unknown[] = []
    const listen = (thrown: unknown) => unhandled.push(thrown)
    process.on('unhandledRejection', listen)
    onTestFinished(() => void process.off('unhandledRejection', listen))
    await close()
    tokens.used(1, Date.now())
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(unhandled).toEqual([])
  })

  test('of two that take one name at once, one gets it', async () => {
    const { tokens } = await opened(engine)
    const made = await Promise.allSettled([
      tokens.create(aNewToken()),
      tokens.create(aNewToken({ hash: hashOf('another') })),
    ])
    expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const [refused] = made.filter((one) => one.status === 'rejected')
    expect(refused?.reason).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('already, #'),
    })
  })
}
