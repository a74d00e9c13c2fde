import { expect } from 'vitest'
import { all, itIs, NOON, refusalsContract, refused } from '../record/refusals-contract.ts'
import { migrated } from './connected.ts'
import { onPostgres } from './database.ts'
import { aStore, postgres } from './engine.ts'

refusalsContract(postgres)

onPostgres('what several receivers refuse is counted together', async () => {
  itIs(NOON)
  const database = await migrated()
  const receivers = await Promise.all([1, 2, 3].map(() => aStore(database)))
  for (let i = 0; i < 20; i++) {
    for (const [index, receiver] of receivers.entries()) {
      for (let kind = 0; kind < 50; kind++) {
        receiver.refuse(refused({ path: `/hooks/${index % 2 ? kind : 49 - kind}` }))
      }
    }
    await Promise.all(receivers.map((receiver) => receiver.refusals(all)))
  }
  const { refusals, total } = await (await aStore(database)).refusals(all)
  expect(total).toBe(3000)
  expect(refusals.map(({ count }) => count)).toEqual(Array(50).fill(60))
})

onPostgres('several receivers that shorten addresses at once count nobody twice', async () => {
  itIs(NOON)
  const database = await migrated()
  const first = await aStore(database)
  for (let last = 1; last < 200; last++) first.refuse(refused({ address: `203.0.113.${last}` }))
  first.refuse(refused({ address: '' }))
  first.refuse(refused({ address: 'nowhere' }))
  await first.close()
  itIs(NOON + 25 * 60 * 60_000)
  const receivers = await Promise.all([1, 2, 3, 4].map(() => aStore(database)))
  await Promise.all(receivers.map((receiver) => receiver.refusals(all)))
  const { refusals } = await first.refusals(all)
  const counts = refusals.map(({ address, count }) => [address, count])
  expect(counts.toSorted()).toEqual([
    ['', 1],
    ['203.0.113.0/24', 199],
    ['nowhere', 1],
  ])
})
