import { expect } from 'vitest'
import { all, itIs, NOON, refusalsContract, refused } from '../record/refusals-contract.ts'
import { aDatabase, onPostgres } from './database.ts'
import { joined, postgres } from './engine.ts'

refusalsContract(postgres)

const receiver = async (url: string) => (await joined(url)).store

onPostgres('what several receivers refuse is counted together', async () => {
  itIs(NOON)
  const url = await aDatabase()
  const receivers = await Promise.all([1, 2, 3].map(() => receiver(url)))
  for (let i = 0; i < 20; i++) {
    for (const [index, receiver] of receivers.entries()) {
      for (let kind = 0; kind < 50; kind++) {
        receiver.refuse(refused({ path: `/hooks/${index % 2 ? kind : 49 - kind}` }))
      }
    }
    await Promise.all(receivers.map((receiver) => receiver.refusals(all)))
  }
  const { refusals, total } = await (await receiver(url)).refusals(all)
  expect(total).toBe(3000)
  expect(refusals.map(({ count }) => count)).toEqual(Array(50).fill(60))
})

onPostgres('several receivers that shorten addresses at once count nobody twice', async () => {
  itIs(NOON)
  const url = await aDatabase()
  const first = await receiver(url)
  for (let last = 1; last < 200; last++) first.refuse(refused({ address: `203.0.113.${last}` }))
  first.refuse(refused({ address: '' }))
  first.refuse(refused({ address: 'nowhere' }))
  await first.close()
  itIs(NOON + 25 * 60 * 60_000)
  const receivers = await Promise.all([1, 2, 3, 4].map(() => receiver(url)))
  await Promise.all(receivers.map((receiver) => receiver.refusals(all)))
  const { refusals } = await first.refusals(all)
  const counts = refusals.map(({ address, count }) => [address, count])
  expect(counts.toSorted()).toEqual([
    ['', 1],
    ['203.0.113.0/24', 199],
    ['nowhere', 1],
  ])
})
