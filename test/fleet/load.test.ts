import { expect } from 'vitest'
import { aDatabase, onPostgres } from '../postgres/database.ts'
import { underLoad } from './ordeals.ts'

onPostgres(
  'three receivers and eight workers run what comes once, in order, and one at a time in each group',
  { timeout: 240_000 },
  async () => {
    const size = { receivers: 3, workers: 8, deliveries: 300, groups: 60, patienceMs: 120_000 }
    expect(await underLoad(await aDatabase(), size)).toMatchObject({ deliveries: 300 })
  },
)
