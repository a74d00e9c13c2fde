import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { networkOf } from '../../src/network/networks.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { aDirectory } from '../some.ts'
import { sqlite } from './engine.ts'
import { all, itIs, NOON, refusalsContract, refused } from './refusals-contract.ts'

refusalsContract(sqlite)

test('a flood of 50,000 different kinds in one minute is a small file', async () => {
  itIs(NOON)
  const directory = aDirectory()
  const store = openSqlite(directory)
  for (let i = 0; i < 50_000; i++) store.refuse(refused({ path: `/hooks/${i}` }))
  expect(await store.refusals(all)).toMatchObject({ total: 50_000 })
  await store.close()
  expect(statSync(join(directory, 'runhook.db')).size).toBeLessThan(1024 * 1024)
})

test.each([
  ['203.0.113.7', '203.0.113.0/24'],
  ['::ffff:203.0.113.7', '203.0.113.0/24'],
  ['2001:db8:0:1:a:b:c:d', '2001:db8:0:1::/64'],
  ['2001:0db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
