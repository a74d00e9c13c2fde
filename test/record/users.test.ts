import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { digestOf, makeSecret } from '../../src/access/secret.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { aDirectory } from '../some.ts'
import { accountsContract } from './accounts-contract.ts'
import { sqlite } from './engine.ts'

accountsContract(sqlite)

async function aStore(directory = aDirectory()) {
  const store = openSqlite(directory)
  onTestFinished(() => store.close().catch(() => undefined)) // a test may have closed it
  return { directory, store, ...store.accounts }
}

test('what opens something is nowhere in the data directory, and survives a restart', async () => {
  const { directory, store, users, sessions, links } = await aStore()
  const ada = await users.create({ name: 'ada', role: 'viewer', createdBy: 'root' })
  const [session, link] = [makeSecret(), makeSecret()]
  const digest = (value: string) => digestOf(value) ?? Buffer.alloc(0)
  const more = { userId: ada.id, at: 0 }
  await sessions.create({ hash: digest(session), ...more, address: '', userAgent: '' })
  await users.setPassword('ada', 'scrypt$15$c2FsdA$a2V5', 1)
  await links.create({ hash: digest(link), ...more })
  await store.close()
  const bytes = readFileSync(join(directory, 'runhook.db'))
  expect([bytes.includes(digest(session)), bytes.includes(digest(link))]).toEqual([true, true])
  expect([bytes.includes(session.slice(4, 24)), bytes.includes(link.slice(4, 24))]).toEqual([
    false,
    false,
  ])
  const again = await aStore(directory)
  expect(await again.sessions.find(digest(session), 1)).toMatchObject({ user: { name: 'ada' } })
  expect(await again.users.passwordOf('ADA')).toBe('scrypt$15$c2FsdA$a2V5')
})
