import { expect } from 'vitest'
import { hashOf, makeToken } from '../../src/show/admission.ts'
import { aNewToken, tokensContract } from '../record/tokens-contract.ts'
import { onPostgres } from './database.ts'
import { deceives } from './deceiving.ts'
import { joined, postgres } from './engine.ts'
import { aReadyDatabase } from './ready.ts'

tokensContract(postgres)

onPostgres('the value itself is nowhere in the database', async () => {
  const { database, store } = await joined(await aReadyDatabase())
  const value = makeToken()
  await store.tokens.create(aNewToken({ hash: hashOf(value) }))
  const rows = await database.query('SELECT tokens::text AS all FROM runhook.tokens')
  expect(rows[0]?.all).toContain(Buffer.from(hashOf(value)).toString('hex'))
  expect(rows[0]?.all).not.toContain(value.slice(3, 20))
})

onPostgres('a use that several processes note is written once a minute', async () => {
  const url = await aReadyDatabase()
  const [one, two] = [(await joined(url)).store, (await joined(url)).store]
  await one.tokens.create(aNewToken())
  one.tokens.used(1, 1_000_000)
  await one.tokens.settled()
  two.tokens.used(1, 1_050_000)
  expect(await two.tokens.list()).toMatchObject([{ lastUsedAt: 1_000_000 }])
  two.tokens.used(1, 1_110_000)
  expect(await two.tokens.list()).toMatchObject([{ lastUsedAt: 1_110_000 }])
  expect(await one.tokens.list()).toMatchObject([{ lastUsedAt: 1_110_000 }])
})

onPostgres('a view that gives some token for any that is asked for opens nothing', async () => {
  const { database, store } = await joined(await aReadyDatabase())
  await store.tokens.create(aNewToken({ role: 'admin' }))
  const madeUp = hashOf(makeToken())
  await deceives(database, 'tokens', 'hash', Buffer.from(madeUp))
  expect(await store.tokens.find(madeUp)).toBeNull()
})
