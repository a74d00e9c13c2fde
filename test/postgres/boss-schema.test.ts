import { expect } from 'vitest'
import { BOSS_SCHEMA, bossSchema, migrateBoss } from '../../src/postgres/boss-schema.ts'
import { migrate } from '../../src/postgres/schema.ts'
import { connected } from './connected.ts'
import { aDatabase, onPostgres } from './database.ts'

onPostgres('several processes may make the tables of pg-boss at the same moment', async () => {
  for (let times = 0; times < 6; times++) {
    const url = await aDatabase()
    const all = Array.from({ length: 8 }, () => connected(url))
    await Promise.all(all.map((one) => migrate(one).then(() => migrateBoss(one))))
    for (const one of all.slice(0, 1)) expect(await bossSchema(one)).toBe(BOSS_SCHEMA)
  }
})
