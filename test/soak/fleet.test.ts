/** A fleet in full size. Each prints its figures. */

import { receiversRestarted } from '../fleet/balancer.ts'
import { aNetwork, noNamespaces, workerCutOff } from '../fleet/cutoff.ts'
import {
  databaseRestarts,
  type Figures,
  underLoad,
  workerFrozen,
  workersKilled,
} from '../fleet/ordeals.ts'
import { needs, testUnless } from '../needs.ts'
import { aDatabase, aServer, onPostgres } from '../postgres/database.ts'

const tell = (figures: Figures) => process.stdout.write(`${JSON.stringify(figures)}\n`)

onPostgres(
  '10,000 deliveries for 400 groups through three receivers to eight workers',
  async () => {
    const server = await aServer()
    const size = {
      receivers: 3,
      workers: 8,
      deliveries: 10_000,
      groups: 400,
      patienceMs: 1_200_000,
    }
    tell(await underLoad(await server.createDatabase(), size))
  },
)

onPostgres('PostgreSQL is killed twenty times under load', async () => {
  const server = await aServer()
  tell(
    await databaseRestarts(server, await server.createDatabase(), {
      times: 20,
      patienceMs: 300_000,
    }),
  )
})

onPostgres('workers are killed fifty times', async () => {
  tell(await workersKilled(await aDatabase(), { times: 50, patienceMs: 600_000 }))
})

onPostgres('a worker is frozen beyond its lease, five times', async () => {
  tell(await workerFrozen(await aDatabase(), { times: 5, patienceMs: 300_000 }))
})

testUnless(noNamespaces())('a worker is cut off for a minute', async () => {
  const network = aNetwork()
  const server = await aServer({ network: `${network.address}/24` })
  const url = new URL(await server.createDatabase())
  url.hostname = network.address
  tell(await workerCutOff(url.href, network, { cutMs: 60_000, leaseMs: 30_000 }))
})

needs('nginx')('a receiver behind a balancer is restarted twenty times', async () => {
  tell(await receiversRestarted(await aDatabase(), { times: 20 }))
})
