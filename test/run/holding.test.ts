import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Cgroups } from '../../src/run/cgroups.ts'
import { foreseenLimits, type Holding, prepareLimits } from '../../src/run/holding.ts'
import { aDirectory, aHook, noTerms } from '../some.ts'

const limited = aHook({ terms: { ...noTerms, limits: { ...noTerms.limits, pids: 5 } } })
const none = /^limits of memory and processes are set by prlimit, .*: there are no control groups$/
const lacking = /set by prlimit, .*: its control group has no memory and no pids controller$/

test.each([
  ['without control groups', (): Holding => ({ says: '' }), none],
  [
    'with groups that lack controllers',
    (): Holding => ({ cgroups: new Cgroups(aDirectory(), 't'), says: '' }),
    lacking,
  ],
])(
  'the first config with a limit says how limits are held, at a reload too: %s',
  (_, make, says) => {
    const told: string[] = []
    const log = { info: (...words: unknown[]) => void told.push(String(words.at(-1)).trim()) }
    const holding = make()
    prepareLimits([aHook()], holding, log)
    expect(told).toEqual([])
    prepareLimits([aHook(), limited], holding, log)
    expect(told).toEqual([expect.stringMatching(says)])
  },
)

test('how limits will be held is foreseen by looking', () => {
  const base = aDirectory()
  expect(foreseenLimits([aHook()], { base })).toBeNull()
  expect(foreseenLimits([limited], { reason: 'x' })).toMatch(none)
  expect(foreseenLimits([limited], { base })).toMatch(lacking)
  writeFileSync(join(base, 'cgroup.controllers'), 'cpu memory pids\n')
  expect(foreseenLimits([limited], { base })).toMatch(/held by control groups$/)
})
