import { expect } from 'vitest'
import { crashLoop, SEED } from '../crash.ts'
import { needs } from '../needs.ts'

/** `CRASH_KILLS=20` for a short one. */
const KILLS = Number(process.env.CRASH_KILLS ?? 2000)

needs('flock')(`${KILLS} kills: nothing acknowledged is lost, and nothing runs twice`, async () => {
  const told = await Promise.all([
    crashLoop(KILLS / 2, SEED),
    crashLoop(KILLS / 2, SEED + 1, { RUNHOOK_CGROUPS: 'off' }),
  ])
  console.info(`CRASH_SEED=${SEED}`, ...told.map((one) => JSON.stringify(one)))
  expect(told.map(({ kills }) => kills)).toEqual([KILLS / 2, KILLS / 2])
})
