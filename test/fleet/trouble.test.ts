import { expect } from 'vitest'
import { needs } from '../needs.ts'
import { aDatabase, aServer, onPostgres } from '../postgres/database.ts'
import { receiversRestarted } from './balancer.ts'
import { databaseRestarts, workerFrozen, workersKilled } from './ordeals.ts'

onPostgres(
  'a database that is killed and comes back loses nothing that was acknowledged',
  { timeout: 180_000 },
  async () => {
    const server = await aServer()
    const url = await server.createDatabase()
    const figures = await databaseRestarts(server, url, { times: 3, patienceMs: 60_000 })
    expect(figures).toMatchObject({ restarts: 3 })
  },
)

onPostgres(
  'workers killed in the middle leave nothing behind when their group goes on',
  { timeout: 240_000 },
  async () => {
    const figures = await workersKilled(await aDatabase(), { times: 4, patienceMs: 120_000 })
    expect(figures).toMatchObject({ kills: 4 })
  },
)

onPostgres(
  'what a frozen worker runs has ended before its group goes on, and thawed it works again',
  { timeout: 180_000 },
  async () => {
    const figures = await workerFrozen(await aDatabase(), { times: 1, patienceMs: 60_000 })
    expect(figures).toMatchObject({ rounds: 1 })
  },
)

needs('nginx')(
  'a receiver that restarts behind a balancer loses nothing that was acknowledged',
  { timeout: 180_000 },
  async () => {
    const figures = await receiversRestarted(await aDatabase(), { times: 3 })
    expect(figures).toMatchObject({ restarts: 3 })
  },
)
