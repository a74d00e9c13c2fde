/** The Store of a fleet: the contract, and what only a server of its own can do to it. */

import { expect, onTestFinished, vi } from 'vitest'
import { accept } from '../record/engine.ts'
import { storeContract } from '../record/store-contract.ts'
import { waitingContract } from '../record/waiting-contract.ts'
import { aDeliveryRow, aRunRow } from './connected.ts'
import { aServer, onPostgres } from './database.ts'
import { joined, postgres } from './engine.ts'
import { inGroup, onEvery } from './members.ts'
import { aReadyDatabase } from './ready.ts'

storeContract(postgres)
waitingContract(postgres)

onPostgres(
  'a thousand repeats at once start one run; whoever is not answered is told so',
  async () => {
    const { store } = await joined(await aReadyDatabase())
    const all = await Promise.allSettled(
      Array.from({ length: 1000 }, () => accept({ store }, { guid: 'same' }, inGroup(null))),
    )
    const kept = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(kept.flatMap(({ queued }) => queued)).toHaveLength(1)
    expect(await store.deliveries({ limit: 1001 })).toHaveLength(kept.length)
    for (const one of all) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ httpStatus: 503 })
    }
  },
)

onPostgres('a server that is away is told of, and nothing has to be restarted for it', async () => {
  const server = await aServer()
  const { database, store } = await joined(await server.createDatabase())
  const run = await aRunRow(database, { delivery: await aDeliveryRow(database) })
  for (const mode of ['immediate', 'fast', 'immediate'] as const) {
    await server.stop(mode)
    const asked = [store.run(run), store.runs({ limit: 1 }), store.refusals({ since: 0, limit: 1 })]
    for (const result of await Promise.allSettled([...asked, store.keepConfig(new Map())])) {
      expect(result).toMatchObject({ reason: { code: 'storage', httpStatus: 503 } })
    }
    await server.start()
    expect(await store.run(run)).toMatchObject({ id: run, status: 'success' })
  }
})

onPostgres('runs are listed by the worker whose they are', async () => {
  const { store, member } = await joined(await aReadyDatabase())
  for (const name of ['web-1', 'web-2']) await member.worker(name, { labels: ['web'] })
  await accept({ store }, {}, onEvery())
  const of = async (worker: string) =>
    (await store.runs({ worker, limit: 9 })).map((run) => run.worker)
  expect(await of('web-2')).toEqual(['web-2'])
  expect(await of('web-3')).toEqual([])
})

onPostgres('the texts of the hooks in use are said to be so every day', async () => {
  const { database, store } = await joined(await aReadyDatabase())
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  await store.keepConfig(new Map([['c-old', '{}']]))
  await store.keepConfig(new Map([['c-now', '{}']]))
  const first = Date.now()
  const usedAt = async () => {
    const rows = await database.query('SELECT hash, used_at FROM runhook.configs ORDER BY hash')
    return rows.map((row) => [row.hash, Number(row.used_at) - first])
  }
  const day = 24 * 60 * 60 * 1000
  vi.advanceTimersByTime(day)
  await vi.waitFor(async () =>
    expect(await usedAt()).toEqual([
      ['c-now', day],
      ['c-old', 0],
    ]),
  )
})
