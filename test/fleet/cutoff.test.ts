import { expect } from 'vitest'
import { testUnless } from '../needs.ts'
import { aServer } from '../postgres/database.ts'
import { aNetwork, noNamespaces, workerCutOff } from './cutoff.ts'

testUnless(noNamespaces())(
  'a worker that is cut off ends its commands before its group goes on elsewhere',
  { timeout: 180_000 },
  async () => {
    const network = aNetwork()
    const server = await aServer({ network: `${network.address}/24` })
    const url = new URL(await server.createDatabase())
    url.hostname = network.address
    const figures = await workerCutOff(url.href, network, { cutMs: 14_000, leaseMs: 10_000 })
    expect(figures['its command ended after ms']).toBeLessThan(10_000)
  },
)
