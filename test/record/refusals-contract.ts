/** What every engine keeps of refused requests. */

import { describe, expect, onTestFinished, vi } from 'vitest'
import type { Refused } from '../../src/record/store.ts'
import { type Engine, opened } from './engine.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
export const NOON = Date.UTC(2026, 10, 23, 12)

/** Only the clock: what the store waits for goes on. */
export function itIs(time: number): void {
  vi.setSystemTime(time)
  onTestFinished(() => void vi.useRealTimers())
}

export const refused = (fields: Partial<Refused> = {}): Refused => ({
  at: Date.now(),
  method: 'POST',
  path: '/hooks/site',
  address: '203.0.113.7',
  status: 401,
  reason: 'signature matches no secret (tried SITE_SECRET)',
  ...fields,
})

export const all = { since: 0, limit: 1000 }

export function refusalsContract(engine: Engine): void {
  const { test } = engine

  test('refusals of one kind are counted together, the latest kind first', async () => {
    itIs(NOON)
    const { store } = await opened(engine)
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
    const open = await engine.place()
    for (let i = 0; i < 2; i++) {
      const { store, close } = await open()
      store.refuse(refused())
      await close()
    }
    expect((await (await open()).store.refusals(all)).refusals).toMatchObject([{ count: 2 }])
  })

  test('after a day an address is a network, and two networks of one are one', async () => {
    itIs(NOON)
    const { store } = await opened(engine)
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
  })

  test('after two weeks a refusal is forgotten', async () => {
    itIs(NOON)
    const { store } = await opened(engine)
    store.refuse(refused())
    await store.refusals(all)
    itIs(NOON + 14 * DAY + 2 * MINUTE)
    store.refuse(refused({ path: '/new' }))
    expect(await store.refusals(all)).toMatchObject({ total: 1, refusals: [{ path: '/new' }] })
  })

  describe('a flood', () => {
    test('of 50,000 different kinds in one minute is 500 rows and one for all others', async () => {
      itIs(NOON)
      const { store } = await opened(engine)
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
    })

    test('over days is 100,000 rows at most, the latest', async () => {
      itIs(NOON)
      const { store } = await opened(engine)
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
    const { store, close } = await opened(engine)
    await close()
    expect(() => store.refuse(refused())).not.toThrow()
  })
}
