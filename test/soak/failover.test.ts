/** A database that fails over, or is in trouble, in full size. Each prints its figures. */

import { failovers, lateFailover, type Way } from '../fleet/failover.ts'
import type { Figures } from '../fleet/ordeals.ts'
import { connectionsExhausted, connectionsForgotten, diskFull } from '../fleet/troubles.ts'
import { testUnless } from '../needs.ts'
import { onPostgres } from '../postgres/database.ts'

const tell = (figures: Figures) => process.stdout.write(`${JSON.stringify(figures)}\n`)
const times = (count: number, way: Way) => Array.from({ length: count }, () => way)

onPostgres('a fleet goes over to its standby twenty times', async () => {
  const ways = [...times(8, 'clean'), ...times(8, 'early'), ...times(4, 'lingering')]
  tell(await failovers({ ways, lease: '30s', patienceMs: 300_000 }))
})

onPostgres('a standby goes and comes back, three times', async () => {
  tell(await failovers({ ways: times(3, 'alone'), lease: '60s', patienceMs: 300_000 }))
})

onPostgres('a standby is promoted when the lease is over', async () => {
  tell(await lateFailover({ leaseMs: 10_000 }))
})

onPostgres('all connections are forgotten on the way', async () => {
  tell(await connectionsForgotten())
})

onPostgres('there are too few connections for a while', async () => {
  tell(await connectionsExhausted())
})

testUnless(process.getuid?.() === 0 ? null : 'a small disk needs root to mount it')(
  'the disk of the database is full for a while',
  async () => {
    tell(await diskFull())
  },
)
