import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { networkOf } from '../../src/network/networks.ts'
import { openSqlite, type SqliteStore } from '../../src/record/sqlite.ts'
import type { Refused } from '../../src/record/store.ts'
import { aDirectory } from '../some.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const NOON = Date.UTC(2026, 10, 23, 12)

function aStore(directory = aDirectory()): SqliteStore {
  const store = openSqlite(directory)
  onTestFinished(() => store.close().catch(() => undefined))
  return store
}

/** Only the clock: what the store waits for goes on. */
function itIs(time: number): void {
  vi.setSystemTime(time)
  onTestFinished(() => void vi.useRealTimers())
}

const refused = (fields: Partial<Refused> = {}): Refused => ({
  at: Date.now(),
  method: 'POST',
  path: '/hooks/site',
  address: '203.0.113.7',
  status: 401,
  reason: 'signature matches no secret (tried SITE_SECRET)',
  ...fields,
})

const all = { since: 0, limit: 1000 }

test('refusals of one kind are counted together, the latest kind first', async () => {
  itIs(NOON)
  const store = aStore()
  for (let i = 0; i < 3; i++) store.refuse(refused({ at: NOON + i * 1000 }))
  store.refuse(refused({ path: '/x', status: 404, reason: 'nothing answers', at: NOON + 500 }))
  store.refuse(refused({ at: NOON + 5 * MINUTE }))
  expect(await store.refusals(all)).toEqual({
    total: 5,
    refusals: [
      {
        method: 'POST',
        path: '/hooks/site',
        address: '203.0.113.7',
        status: 401,
        reason: 'signature matches no secret (tried SITE_SECRET)',
        count: 4,
        firstAt: NOON,
        lastAt: NOON + 5 * MINUTE,
      },
      {
        method: 'POST',
        path: '/x',
        address: '203.0.113.7',
        status: 404,
        reason: 'nothing answers',
        count: 1,
        firstAt: NOON,
        lastAt: NOON + 500,
      },
    ],
  })
  expect(await store.refusals({ since: NOON + MINUTE, limit: 1 })).toMatchObject({
    total: 1,
    refusals: [{ count: 1 }],
  })
})

test('they are there after a restart, and go on being counted in the same minute', async () => {
  itIs(NOON)
  const directory = aDirectory()
  const first = aStore(directory)
  first.refuse(refused())
  await first.close()
  const second = aStore(directory)
  second.refuse(refused())
  await second.close()
  expect((await aStore(directory).refusals(all)).refusals).toMatchObject([{ count: 2 }])
})

test('after a day an address is a network, and two networks of one are one', async () => {
  itIs(NOON)
  const directory = aDirectory()
  const store = aStore(directory)
  for (const last of [7, 8]) store.refuse(refused({ address: `203.0.113.${last}` }))
  store.refuse(refused({ address: '2001:db8:0:1:a:b:c:d' }))
  await store.refusals(all)
  itIs(NOON + DAY + MINUTE)
  store.refuse(refused({ address: '203.0.113.9' }))
  await store.refusals(all)
  const { refusals } = await store.refusals(all)
  expect(refusals.map(({ address, count }) => [address, count])).toEqual([
    ['203.0.113.9', 1],
    ['203.0.113.0/24', 2],
    ['2001:db8:0:1::/64', 1],
  ])
  const database = new DatabaseSync(join(directory, 'runhook.db'))
  onTestFinished(() => database.close())
  const row = database.prepare("SELECT count(*) AS n FROM refusals WHERE address LIKE '%.7'").get()
  expect(row?.n).toBe(0)
})

test('after two weeks a refusal is forgotten', async () => {
  itIs(NOON)
  const store = aStore()
  store.refuse(refused())
  await store.refusals(all)
  itIs(NOON + 14 * DAY + 2 * MINUTE)
  store.refuse(refused({ path: '/new' }))
  expect(await store.refusals(all)).toMatchObject({ total: 1, refusals: [{ path: '/new' }] })
})

describe('a flood', () => {
  test('of 50,000 different kinds in one minute is 500 rows and one for all others', async () => {
    itIs(NOON)
    const directory = aDirectory()
    const store = aStore(directory)
    for (let i = 0; i < 50_000; i++) store.refuse(refused({ path: `/hooks/${i}` }))
    const { refusals, total } = await store.refusals(all)
    expect(total).toBe(50_000)
    expect(refusals).toHaveLength(501)
    const rest = refusals.find(({ count }) => count > 1)
    expect(rest).toEqual({
      method: '',
      path: '',
      address: '',
      status: 0,
      reason: 'beyond 500 kinds in one minute; not told apart',
      count: 49_500,
      firstAt: NOON,
      lastAt: NOON,
    })
    await store.close()
    expect(statSync(join(directory, 'runhook.db')).size).toBeLessThan(1024 * 1024)
  })

  test('over days is 100,000 rows at most, the latest', async () => {
    itIs(NOON)
    const store = aStore()
    for (let minute = 0; minute < 230; minute++) {
      const at = NOON + minute * MINUTE
      for (let i = 0; i < 500; i++) store.refuse(refused({ at, path: `/${i}` }))
      itIs(at)
    }
    await store.refusals(all)
    itIs(NOON + 232 * MINUTE)
    const { total, refusals } = await store.refusals({ since: 0, limit: 1 })
    expect(total).toBeLessThanOrEqual(100_500)
    expect(total).toBeGreaterThanOrEqual(100_000)
    expect(refusals[0]?.lastAt).toBe(NOON + 229 * MINUTE)
  })
})

test('counting neither throws nor waits, even where nothing can be written any more', async () => {
  const store = aStore()
  await store.close()
  expect(() => store.refuse(refused())).not.toThrow()
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
