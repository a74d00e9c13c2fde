import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqlite } from '../../src/record/sqlite.ts'
import { reaches, roles } from '../../src/record/tokens.ts'
import { hashOf, makeToken } from '../../src/show/admission.ts'
import { aDirectory } from '../some.ts'
import { sqlite } from './engine.ts'
import { aNewToken, tokensContract } from './tokens-contract.ts'

tokensContract(sqlite)

test('the value itself is nowhere in the data directory', async () => {
  const directory = aDirectory()
  const store = openSqlite(directory)
  const value = makeToken()
  await store.tokens.create(aNewToken({ hash: hashOf(value) }))
  await store.close()
  const bytes = readFileSync(join(directory, 'runhook.db'))
  expect(bytes.includes(hashOf(value))).toBe(true)
  expect(bytes.includes(value)).toBe(false)
  expect(bytes.includes(value.slice(3, 20))).toBe(false)
})

test('each role reaches what those before it reach', () => {
  const table = roles.map((role) => roles.map((needed) => reaches(role, needed)))
  expect(table).toEqual([
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ])
})
