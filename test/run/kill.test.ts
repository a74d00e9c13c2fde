/**
 * Nothing outlives its run: twelve ways to get away, five ways to end, with control groups and without. With
 * them nothing is left of any; without, exactly what docs/running.md says, and the run says it too.
 */

import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findCgroupPlace } from '../../src/run/cgroup-place.ts'
import { markerOf } from '../../src/run/leftovers.ts'
import { environmentOf, processIds } from '../../src/run/proc.ts'
import { Slots } from '../../src/run/slots.ts'
import { testUnless, testWhereGiven } from '../needs.ts'
import { aRunhook } from '../running.ts'
import { aDirectory, noTerms, until } from '../some.ts'
import { type Escape, escapes } from './escapes.ts'
import { aBench, isAlive, shell } from './runs.ts'
import { noCgroups, someCgroups } from './ways.ts'

const isRoot = process.getuid?.() === 0
const usable = escapes.filter(({ needsRoot }) => isRoot || !needsRoot)
testUnless(isRoot ? null : 'this is not root, so no other user')('all ways out are tried', () => {
  expect(usable).toHaveLength(12)
})

const ends = ['timeout', 'cancel', 'stop', 'normal end'] as const
type End = (typeof ends)[number]

/** What was left, by who wrote its pid; whatever still lives after the test is ended. */
function pidsIn(file: string): number[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : []
}

function tidyUp(file: string): void {
  for (const pid of pidsIn(file).filter(isAlive)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
}

describe.each(['control group', 'fallback'] as const)('%s', (way) => {
  const run = way === 'control group' ? testWhereGiven(noCgroups) : test

  // One after the other within a style: what one leaves is seen by none but itself.
  run.concurrent.each(
    usable.flatMap((style) => ends.map((end) => [style.name, end, style] as const)),
  )('%s, %s', { timeout: 60_000 }, async (_name, end, style) => {
    const escaped = await cell(style, end, way === 'control group')
    const gets = way === 'fallback' && style.escapes === true
    expect(escaped.alive).toBe(gets ? style.count : 0)
    if (gets) for (const pid of escaped.pids) expect(escaped.text).toContain(`(${pid})`)
    expect(escaped.text).toContain('last words\n')
  })
})

/** One run that leaves something and ends in this way; what lives right after it. */
async function cell(style: Escape, end: End, held: boolean) {
  const bench = aBench()
  chmodSync(bench.directory, 0o711) // another user writes its pid there
  const cgroups = held ? someCgroups() : null
  const slots = new Slots('', cgroups)
  onTestFinished(() => slots.close())
  const pids = join(bench.directory, 'pids')
  writeFileSync(pids, '')
  onTestFinished(() => tidyUp(pids))
  const line = `${style.line(pids)}\n${waitFor(pids, style.count)}; echo last words; ${end === 'normal end' ? 'true' : 'touch ready; sleep 300'}`
  const controller = new AbortController()
  const running = bench.run([shell(line)], {
    hook: {
      env: { PIDS: pids },
      terms: noTerms,
      timeoutMs: end === 'timeout' ? 2500 : 60_000,
    },
    slots,
    ...(cgroups === null ? {} : { cgroups }),
    signal: controller.signal,
  })
  if (end === 'cancel' || end === 'stop') {
    await until(() => existsSync(join(bench.directory, 'ready')), 'its last words')
    controller.abort(end === 'stop' ? 'stop' : 'cancel:cancelled by ada')
  }
  const { text, status } = await running
  expect(status).toBe(statusOf[end])
  const found = pidsIn(pids)
  const marker = markerOf(bench.tools.token, 1)
  const marked = processIds().filter((pid) => environmentOf(pid).includes(`RUNHOOK_RUN=${marker}`))
  const alive = new Set([...found, ...marked].filter(isAlive))
  return { alive: alive.size, pids: found, text }
}

/** A shell line that waits until so many pids are there. */
const waitFor = (pids: string, count: number) =>
  `while [ "$(wc -l < ${pids})" -lt ${count} ]; do sleep 0.02; done`

const statusOf = {
  timeout: 'timed_out',
  cancel: 'cancelled',
  stop: 'interrupted',
  'normal end': 'success',
} as const

describe.each(['control group', 'fallback'] as const)('a crash and a restart, %s', (way) => {
  const run = way === 'control group' ? testWhereGiven(noCgroups) : test

  run(
    'what all ways out leave is ended before anything else starts',
    { timeout: 60_000 },
    async () => {
      const directory = aDirectory()
      chmodSync(directory, 0o711)
      const file = (index: number) => join(directory, `pids-${index}`)
      const hooks = Object.fromEntries(
        usable.map((style, index) => {
          writeFileSync(file(index), '')
          onTestFinished(() => tidyUp(file(index)))
          const line = `${style.line(file(index))}\n${waitFor(file(index), style.count)}; sleep 300`
          return [
            `style-${index}`,
            {
              on: 'manual',
              secret: 'a secret that is long enough',
              run: line,
              env: { PIDS: file(index) },
            },
          ]
        }),
      )
      const file_ = { server: { 'max-parallel': 50 } }
      const env = way === 'fallback' ? { RUNHOOK_CGROUPS: 'off' } : {}
      const first = await aRunhook({ directory, hooks, file: file_, env })
      for (const name of Object.keys(hooks)) await first.cli('trigger', name)
      await until(
        () => usable.every((style, index) => pidsIn(file(index)).length >= style.count),
        'all ways out',
      )
      await first.stop('SIGKILL')
      const second = await aRunhook({ directory, env })
      await until(async () => {
        const { stdout } = await second.cli('runs', '--json', '--status', 'interrupted')
        return JSON.parse(stdout).runs.length === usable.length
      }, 'all of them interrupted')
      const left = usable.filter((_, index) => pidsIn(file(index)).some(isAlive))
      const expected = way === 'fallback' ? usable.filter((style) => style.escapes) : []
      expect(left.map(({ name }) => name)).toEqual(expected.map(({ name }) => name))
      expect(await second.stop()).toBe(0)
      if (way === 'control group') expect(groupsOf(directory)).toEqual([])
    },
  )
})

/** Control groups that the server of this data directory has left. */
function groupsOf(directory: string): string[] {
  const place = findCgroupPlace('look')
  const database = new DatabaseSync(join(directory, '.runhook', 'runhook.db'), { readOnly: true })
  const row = database.prepare("SELECT value FROM settings WHERE name = 'token'").get()
  database.close()
  if ('reason' in place) throw new Error(place.reason)
  return readdirSync(place.base).filter((name) => name.includes(String(row?.value)))
}
