import { expect } from 'vitest'
import { onPostgres } from '../postgres/database.ts'
import { failovers } from './failover.ts'

onPostgres(
  'a fleet goes over to a standby, also one that cannot be written yet: nothing acknowledged is lost, nothing runs twice',
  { timeout: 180_000 },
  async () => {
    const size = { ways: ['early', 'clean'], lease: '15s', patienceMs: 90_000 } as const
    expect(await failovers(size)).toMatchObject({ failovers: 2 })
  },
)
