/** Dry runs, of which anybody may ask for any number: two go on at once, and the others have their turn. */

import { setImmediate as turnOfOthers } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { createRedeliver } from '../../src/receive/redeliver.ts'
import { createTurns } from '../../src/receive/turns.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { aDirectory, until } from '../some.ts'

test('two dry runs read a delivery at once, however many are asked for', async () => {
  const store = openSqlite(aDirectory())
  const reading: (() => void)[] = []
  let most = 0
  const held: Pick<typeof store, 'delivery'> = {
    async delivery(id) {
      await new Promise<void>((resolve) => {
        most = Math.max(most, reading.push(resolve))
      })
      return store.delivery(id)
    },
  }
  const redeliver = createRedeliver({
    store: Object.assign(Object.create(store), held),
    log: silentLog(),
    endpoints: () => new Map(),
    accept: store.accept.bind(store),
  })
  const all = Array.from({ length: 9 }, () => redeliver(57, { dryRun: true }, 'ada'))
  const ends = Promise.allSettled(all)
  // What sends a delivery again is not held up by who tries it out.
  const real = redeliver(57, { dryRun: false }, 'ada').catch((error: Error) => error.message)
  expect(reading).toHaveLength(3)
  reading.pop()?.()
  expect(await real).toBe('There is no delivery #57.')
  most = 0
  for (let left = 9; left > 0; left -= 1) {
    await until(() => reading.length === Math.min(2, left), 'the next')
    reading.shift()?.()
  }
  const reasons = (await ends).map((one) => one.status === 'rejected' && one.reason.code)
  expect([most, reasons]).toEqual([2, Array(9).fill('not-found')])
  await store.close()
})

describe('turns', () => {
  const limits = { atOnce: 1, patience: 1000, called: 'dry runs' }

  test('let what else was asked go between two of them', async () => {
    const turns = createTurns(limits)
    const order: string[] = []
    const all = ['first', 'second'].map((name) => turns(async () => void order.push(name)))
    void turnOfOthers().then(() => order.push('others'))
    await Promise.all(all)
    expect(order).toEqual(['first', 'others', 'second'])
  })

  test('go to nobody who has waited too long, and to the next also after a failure', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const turns = createTurns(limits)
      const first = Promise.withResolvers<void>()
      const failing = turns(() => first.promise)
      const done: string[] = []
      const late = turns(async () => void done.push('late'))
      void late.catch(() => undefined)
      await vi.advanceTimersByTimeAsync(500)
      const next = turns(async () => void done.push('next'))
      await vi.advanceTimersByTimeAsync(500)
      await expect(late).rejects.toMatchObject({
        code: 'busy',
        message: 'Too many dry runs at once; nothing was done.',
      })
      first.reject(new Error('broken'))
      await expect(failing).rejects.toThrow('broken')
      await next
      await turns(async () => void done.push('last'))
      expect(done).toEqual(['next', 'last'])
    } finally {
      vi.useRealTimers()
    }
  })
})
