/** A run begins without the lock of its group, so others may change what stands beside it at that very moment. */

import { expect } from 'vitest'
import { beginRun } from '../../src/postgres/begin.ts'
import { until } from '../some.ts'
import { onPostgres as test } from './database.ts'
import { aFleet, onEvery, type TestFleet, type TestWorker } from './members.ts'

interface Web {
  readonly worker: TestWorker
  readonly instance: string
}

async function webs(fleet: TestFleet, names: readonly string[]): Promise<Web[]> {
  const all: Web[] = []
  for (const name of names) {
    const worker = await fleet.worker(name, { labels: ['web'] })
    const [row] = await fleet.db.query('SELECT instance FROM runhook.workers WHERE name = $1', [
      name,
    ])
    all.push({ worker, instance: String(row?.instance) })
  }
  return all
}

/** Begins the only run that there is for this worker, and commits that once `work` waits for it. */
async function during<T>(fleet: TestFleet, { worker, instance }: Web, work: () => Promise<T>) {
  const [claim] = await worker.claim()
  if (!claim) throw new Error('there is nothing to claim')
  const by = { worker: worker.identity.name, instance, config: () => 'c0ffee000000' }
  const [begun, waited] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const beginning = fleet.planner.transaction(async (plan) => {
    expect((await beginRun(plan, fleet.boss, claim, by))?.begun.run.status).toBe('running')
    begun.resolve()
    await waited.promise
  })
  await begun.promise
  const working = work()
  const waits = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`
  await until(async () => (await fleet.db.query(waits)).length > 0, 'the wait')
  waited.resolve()
  await beginning
  return working
}

const rest = async (fleet: TestFleet) =>
  (await fleet.runs()).map(({ id, status, reason }) => `${id} ${reason ?? status}`)

test('one that begins while the rest of its rollout is superseded keeps the turn until it has ended', async () => {
  const fleet = await aFleet()
  const [one, two] = await webs(fleet, ['web-1', 'web-2'])
  if (!one || !two) throw new Error('there are two')
  await fleet.accept(onEvery())
  await during(fleet, one, () => fleet.accept(onEvery()))
  expect(await rest(fleet)).toEqual([
    ...['1 running', '2 superseded by run 3', '3 queued', '4 queued'],
  ])
  expect(await two.worker.take()).toEqual([])
  await one.worker.finish(1)
  expect(await two.worker.take()).toEqual([4])
})

test('one that begins while another of its rollout fails goes on to its end', async () => {
  const fleet = await aFleet()
  const [one, two] = await webs(fleet, ['web-1', 'web-2', 'web-3'])
  if (!one || !two) throw new Error('there are three')
  await fleet.accept(onEvery({ failFast: true }))
  await one.worker.take()
  await during(fleet, two, () => one.worker.finish(1, 'failure'))
  expect(await rest(fleet)).toEqual([
    ...['1 the command failed', '2 running', '3 not run: web-1 failed (fail-fast)'],
  ])
  await two.worker.finish(2)
  expect(await fleet.turns()).toEqual([])
})

test('one that begins while a newer one cancels what is in progress is cancelled too', async () => {
  const fleet = await aFleet()
  const [one, two] = await webs(fleet, ['web-1', 'web-2', 'web-3'])
  if (!one || !two) throw new Error('there are three')
  const concurrency = { group: 'site', cancelInProgress: true, queue: 'max' } as const
  const hook = onEvery({}, { concurrency })
  await fleet.accept(hook)
  await one.worker.take()
  const accepted = await during(fleet, two, () => fleet.accept(hook))
  expect(accepted).toMatchObject({ cancel: [1, 2], superseded: [3] })
  expect(await rest(fleet)).toEqual([
    ...['1 running', '2 running', '3 superseded by run 6', '4 queued', '5 queued', '6 queued'],
  ])
})
