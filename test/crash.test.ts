/**
 * `kill -9` under load, two hundred times: what was acknowledged is stored and ends in exactly one final
 * status, no command runs twice for one run nor two of one group at once, nothing stays behind. Two servers
 * side by side, as a restart is mostly waiting: one with control groups where there are some, one without.
 */

import { expect } from 'vitest'
import { crashLoop, SEED } from './crash.ts'
import { needs } from './needs.ts'

const KILLS = 100

needs('flock')(
  `nothing acknowledged is lost, and nothing runs twice (CRASH_SEED=${SEED})`,
  async () => {
    const told = await Promise.all([
      crashLoop(KILLS, SEED),
      crashLoop(KILLS, SEED + 1, { RUNHOOK_CGROUPS: 'off' }),
    ])
    for (const { runs } of told) {
      expect(Object.keys(runs).toSorted()).toEqual([
        ...['cancelled', 'failure', 'interrupted', 'success'],
      ])
    }
    console.info(`CRASH_SEED=${SEED}`, ...told.map((one) => JSON.stringify(one)))
  },
  600_000,
)
