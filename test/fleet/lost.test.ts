import { expect, test } from 'vitest'
import { Away } from '../../src/fleet/away.ts'
import { LostRuns } from '../../src/fleet/lost.ts'
import { silentLog } from '../../src/log.ts'
import type { Hook } from '../../src/model/hook.ts'
import type { Run, RunEnd } from '../../src/model/run.ts'
import type { Worker } from '../../src/postgres/contract.ts'
import type { RetryPlan } from '../../src/record/store.ts'
import { aRun } from '../run/runs.ts'
import { aHook } from '../some.ts'

const web1: Worker = {
  name: 'web-1',
  labels: ['web'],
  version: '0.1.0',
  host: 'here',
  slots: 4,
  leaseMs: 20_000,
  startedAt: 0,
  seenAt: 0,
  state: 'lost',
  running: 1,
  waiting: 0,
}

function settling(run: Run, hook: Hook | undefined, settlesAll = true) {
  const concluded: { end: RunEnd; plan: RetryPlan | null }[] = []
  let away = false
  const lost = new LostRuns({
    fleet: {
      lost: async () => {
        if (away) throw new Error('it is away')
        return concluded.length > 0 ? [] : [{ run, job: 'job-1' }]
      },
      conclude: async (_, end, plan) => {
        concluded.push({ end, plan })
        return null
      },
      mend: async () => 0,
      workers: async () => [web1],
    },
    hook: () => hook,
    settlesAll,
    outputSize: async () => 42,
    leaseMs: 30_000,
    away: new Away(silentLog()),
    log: silentLog(),
  })
  const goAway = (yes: boolean) => {
    away = yes
  }
  return { lost, concluded, goAway }
}

const run = aRun({ worker: 'web-1', hook: 'deploy-site' })

test('a run whose worker was lost is interrupted, by the lease of that worker', async () => {
  const { lost, concluded } = settling(run, aHook())
  await lost.look()
  expect(concluded).toMatchObject([
    {
      end: {
        status: 'interrupted',
        reason: 'worker web-1 gave no sign of life for 20s; it was not run again',
        outputBytes: 42,
      },
      plan: null,
    },
  ])
})

test('it is run again where its hook says so of interrupted runs', async () => {
  const retry = { times: 2, delayMs: 1000, on: ['interrupted' as const] }
  const { lost, concluded } = settling(run, aHook({ retry }))
  await lost.look()
  expect(concluded[0]?.end.reason).toBe('worker web-1 gave no sign of life for 20s')
  expect(concluded[0]?.plan).toMatchObject({ says: 'retry 1 of 2 in 1s' })
})

test('of a worker that is known no more its own lease stands for the other', async () => {
  const { lost, concluded } = settling(aRun({ worker: 'gone' }), aHook())
  await lost.look()
  expect(concluded[0]?.end.reason).toContain('worker gone gave no sign of life for 30s')
})

test('a worker leaves runs of hooks that it does not have to others, a receiver does not', async () => {
  const worker = settling(run, undefined, false)
  await worker.lost.look()
  expect(worker.concluded).toEqual([])
  const receiver = settling(run, undefined)
  await receiver.lost.look()
  expect(receiver.concluded).toHaveLength(1)
})

test('a database that is away is asked again', async () => {
  const { lost, concluded, goAway } = settling(run, aHook())
  goAway(true)
  await lost.look()
  goAway(false)
  await lost.look()
  expect(concluded).toHaveLength(1)
})
