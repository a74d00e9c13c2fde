import { expect } from 'vitest'
import type { Hook } from '../../src/model/hook.ts'
import { aPush } from '../some.ts'
import { onPostgres as test } from './database.ts'
import { aFleet, inGroup, onEvery, retryNow, type TestFleet, type TestWorker } from './members.ts'

async function webs(fleet: TestFleet, count: number): Promise<TestWorker[]> {
  const names = Array.from({ length: count }, (_, index) => `web-${index + 1}`)
  const workers: TestWorker[] = []
  for (const name of names) workers.push(await fleet.worker(name, { labels: ['web'] }))
  return workers
}

/** Lets each worker take what it can, until nobody can. Resolves with who had which run. */
async function roll(workers: readonly TestWorker[], fails: readonly string[] = []) {
  const order: string[] = []
  for (let more = true; more; ) {
    more = false
    for (const worker of workers) {
      for (const id of await worker.take()) {
        more = true
        order.push(worker.identity.name)
        await worker.finish(id, fails.includes(worker.identity.name) ? 'failure' : 'success')
      }
    }
  }
  return order
}

const reasons = async (fleet: TestFleet) =>
  Object.fromEntries(
    (await fleet.runs()).map(({ worker, status, reason }) => [worker, reason ?? status]),
  )

test('each worker with the label has a run of its own, side by side', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 3)
  await fleet.worker('db-1', { labels: ['db'] })
  const { queued, delivery } = await fleet.accept(onEvery())
  expect(queued.map(({ worker, rollout }) => [worker, rollout])).toEqual([
    ['web-1', 1],
    ['web-2', 1],
    ['web-3', 1],
  ])
  expect(delivery.verdicts).toMatchObject([{ run: 1 }])
  expect(await fleet.turns()).toMatchObject([{ unit: 1 }])
  const taken = await Promise.all(workers.map((worker) => worker.take()))
  expect(taken).toEqual([[1], [2], [3]])
  await fleet.accept(onEvery())
  for (const [index, worker] of workers.entries()) {
    expect(await worker.take()).toEqual([]) // the rollout before has its turn until all of it has ended
    await worker.finish(index + 1)
  }
  expect(await workers[0]?.take()).toEqual([4])
})

test('a rolling deploy goes on one worker at a time', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 4)
  await fleet.accept(onEvery({ maxParallel: 1 }))
  const [one, two] = workers
  expect(await two?.take()).toEqual([])
  expect(await one?.take()).toEqual([1])
  expect(await two?.take()).toEqual([])
  await one?.finish(1)
  expect(await two?.take()).toEqual([2])
  await two?.finish(2)
  expect(await roll(workers)).toEqual(['web-3', 'web-4'])
  expect(await fleet.turns()).toEqual([])
  expect(await fleet.fleet.mend()).toBe(0)
})

test('a rolling deploy without a group, two at a time', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 3)
  const alone = { concurrency: { ...inGroup(null).concurrency } }
  await fleet.accept(onEvery({ maxParallel: 2 }, alone))
  expect(await workers[2]?.take()).toEqual([])
  expect(await workers[0]?.take()).toEqual([1])
  expect(await workers[1]?.take()).toEqual([2])
  await workers[1]?.finish(2)
  expect(await workers[2]?.take()).toEqual([3])
})

test('a rolling deploy stops at the first that fails, and says which have what', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 5)
  await fleet.accept(onEvery({ maxParallel: 1, failFast: true }))
  expect(await roll(workers, ['web-3'])).toEqual(['web-1', 'web-2', 'web-3'])
  expect(await reasons(fleet)).toEqual({
    'web-1': 'success',
    'web-2': 'success',
    'web-3': 'the command failed',
    'web-4': 'not run: web-3 failed (fail-fast)',
    'web-5': 'not run: web-3 failed (fail-fast)',
  })
  const rollout = await fleet.fleet.rollout(1)
  expect(rollout).toMatchObject({
    stopped: 'web-3 failed',
    maxParallel: 1,
    failFast: true,
    label: 'web',
  })
  expect(rollout?.runs.map(({ status }) => status)).toEqual([
    ...['success', 'success', 'failure', 'cancelled', 'cancelled'],
  ])
  expect((await fleet.fleet.deployed()).map(({ worker, status }) => [worker, status])).toEqual([
    ['web-1', 'success'],
    ['web-2', 'success'],
    ['web-3', 'failure'],
  ])
  expect(await fleet.turns()).toEqual([])
  await fleet.accept(onEvery({ maxParallel: 1, failFast: true }))
  expect(await roll(workers)).toHaveLength(5)
})

test('a retry in a rolling deploy keeps its place until it has succeeded', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 2)
  const [one, two] = workers
  await fleet.accept(onEvery({ maxParallel: 1, failFast: true }))
  await one?.take()
  expect(await one?.finish(1, 'failure', retryNow(1))).toMatchObject({ id: 3, worker: 'web-1' })
  expect(await two?.take()).toEqual([])
  expect(await one?.take()).toEqual([3])
  await one?.finish(3)
  expect(await two?.take()).toEqual([2])
  const rollout = await fleet.fleet.rollout(1)
  expect(rollout?.runs.map(({ id, attempt }) => [id, attempt])).toEqual([
    [3, 2],
    [2, 1],
  ])
})

test('a rollout that nobody has begun is superseded as one, and one that has is not', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 2)
  const hook = onEvery({ maxParallel: 1 })
  await fleet.accept(hook)
  const second = await fleet.accept(hook)
  expect(second.superseded).toEqual([1, 2])
  await workers[0]?.take()
  const third = await fleet.accept(hook)
  expect(third.superseded).toEqual([])
  await fleet.accept(hook)
  expect(await fleet.statuses()).toEqual([
    ...['cancelled', 'cancelled', 'running', 'queued'],
    ...['cancelled', 'cancelled', 'queued', 'queued'],
  ])
})

test('with cancel-in-progress a new rollout ends the one under way, also where that has not begun', async () => {
  const fleet = await aFleet()
  const [one, two] = await webs(fleet, 2)
  const concurrency = { group: 'site', cancelInProgress: true, queue: 'single' } as const
  const hook = onEvery({ maxParallel: 1 }, { concurrency })
  await fleet.accept(hook)
  await one?.take()
  const accepted = await fleet.accept(hook)
  expect(accepted).toMatchObject({ cancel: [1], superseded: [2] })
  expect(await two?.take()).toEqual([])
  await one?.finish(1, 'cancelled')
  expect(await one?.take()).toEqual([3])
  expect((await fleet.fleet.rollout(1))?.stopped).toBe('superseded by run 4')
})

test('a worker that is away when the delivery comes is passed over, and the rollout says so', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 3)
  await fleet.unseen('web-2', 2 * 3_600_000)
  await workers[2]?.claims.leave()
  const { queued } = await fleet.accept(onEvery({ catchUp: true }))
  expect(queued.map(({ worker }) => worker)).toEqual(['web-1'])
  expect(await reasons(fleet)).toMatchObject({
    'web-1': 'queued',
    'web-2': 'web-2 was away (last seen 2 h ago); it runs the newest when it returns',
    'web-3': 'web-3 was away (last seen 0 s ago); it runs the newest when it returns',
  })
})

test('a label that nobody ever had starts nothing, and the run says why', async () => {
  const fleet = await aFleet()
  const { queued } = await fleet.accept(onEvery())
  expect(queued).toEqual([])
  expect(await fleet.runs()).toMatchObject([
    {
      status: 'cancelled',
      reason: 'no worker with the label "web" has ever registered',
      worker: null,
    },
  ])
  expect(await fleet.turns()).toEqual([])
})

async function returns(fleet: TestFleet, name: string, hook: Hook) {
  const worker = await fleet.worker(name, { labels: ['web'] })
  const caught = await worker.claims.catchUp([hook])
  return { worker, caught: caught.map(({ deliveryId }) => deliveryId) }
}

test('a worker that was away runs the newest when it returns, once for each ref', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 2)
  const hook = onEvery({ catchUp: true })
  await fleet.unseen('web-2', 3_600_000)
  for (const branch of ['main', 'main', 'next']) {
    await fleet.accept(hook, { updates: [aPush(branch)] })
    await roll(workers.slice(0, 1))
  }
  const back = await returns(fleet, 'web-2', hook)
  expect(back.caught).toEqual([2, 3])
  expect(await back.worker.claims.catchUp([hook])).toEqual([]) // it waits already
  expect(await roll([back.worker])).toEqual(['web-2', 'web-2'])
  expect((await returns(fleet, 'web-2', hook)).caught).toEqual([])
  const rollout = await fleet.fleet.rollout(3)
  expect(rollout?.runs.map(({ worker, status }) => [worker, status])).toEqual([
    ['web-1', 'success'],
    ['web-2', 'success'],
  ])
})

test('a worker that returns after the payload was removed runs nothing, and the rollout says why', async () => {
  const fleet = await aFleet()
  await fleet.worker('web-1', { labels: ['web'] })
  await fleet.worker('web-2', { labels: ['web'] })
  await fleet.unseen('web-2', 2 * 3_600_000)
  const hook = onEvery({ catchUp: true })
  await fleet.accept(hook)
  await fleet.db.query(`UPDATE runhook.deliveries SET body = '', body_removed_at = $1`, [
    Date.now(),
  ])
  expect((await returns(fleet, 'web-2', hook)).caught).toEqual([])
  const reasons = (await fleet.runs()).map(({ worker, reason }) => [worker, reason])
  const why = 'web-2 was away (last seen 2 h ago); when it returned the payload had been removed'
  expect(reasons).toContainEqual(['web-2', why])
})

test('a worker that is new runs the newest, if the hook says catch-up', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 1)
  const hook = onEvery({ catchUp: true })
  await fleet.accept(hook)
  await roll(workers)
  expect((await returns(fleet, 'web-2', onEvery())).caught).toEqual([])
  const late = await returns(fleet, 'web-3', hook)
  expect(late.caught).toEqual([1])
  expect(await roll([late.worker])).toEqual(['web-3'])
})

test('neither a rollout that was stopped nor one that failed there is caught up with', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 2)
  const hook = onEvery({ maxParallel: 1, failFast: true, catchUp: true })
  await fleet.accept(hook)
  await roll(workers, ['web-1'])
  expect((await returns(fleet, 'web-1', hook)).caught).toEqual([])
  expect((await returns(fleet, 'web-2', hook)).caught).toEqual([])
  expect((await returns(fleet, 'web-3', hook)).caught).toEqual([])
})

test('what waits for a worker that goes away and stays away is given up after a while', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 2)
  await fleet.accept(onEvery({ maxParallel: 1 }))
  await fleet.unseen('web-1', 60_000)
  expect(await fleet.fleet.mend()).toBe(0)
  expect(await workers[1]?.take()).toEqual([]) // it may just be starting anew
  await fleet.unseen('web-1', 180_000)
  expect(await fleet.fleet.mend()).toBe(0)
  expect((await fleet.run(1)).reason).toBe('web-1 was away (last seen 3 min ago)')
  expect(await workers[1]?.take()).toEqual([2])
})

test('a worker that is removed leaves nothing that waits for it', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 2)
  await fleet.accept(onEvery({ maxParallel: 1 }))
  await expect(fleet.fleet.removeWorker('web-1')).rejects.toMatchObject({ code: 'conflict' })
  await expect(fleet.fleet.removeWorker('web-9')).rejects.toMatchObject({ code: 'not-found' })
  await fleet.unseen('web-1', 60_000)
  await fleet.fleet.removeWorker('web-1')
  expect((await fleet.run(1)).reason).toBe('web-1 was away, and was removed')
  expect(await workers[1]?.take()).toEqual([2])
  expect((await fleet.fleet.workers()).map(({ name }) => name)).toEqual(['web-2'])
  await expect(workers[0]?.claims.beat([])).rejects.toMatchObject({ code: 'conflict' })
})

test('a run of a rollout that is run again goes to its worker, and belongs to the rollout', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 2)
  const hook = onEvery()
  await fleet.accept(hook)
  await roll(workers, ['web-2'])
  const { queued } = await fleet.accepting.rerun(2, hook)
  expect(queued).toMatchObject([{ id: 3, worker: 'web-2', rollout: 1, attempt: 2 }])
  await fleet.accepting.rerun(1, hook)
  expect(await fleet.statuses()).toEqual(['success', 'failure', 'queued', 'queued'])
  expect(await roll(workers)).toEqual(['web-2', 'web-1'])
  expect((await fleet.fleet.rollout(1))?.runs.map(({ status }) => status)).toEqual([
    'success',
    'success',
  ])
})

test('rollouts are listed newest first, by hook and page by page', async () => {
  const fleet = await aFleet()
  const workers = await webs(fleet, 1)
  for (const name of ['one', 'two', 'one']) {
    await fleet.accept(onEvery({}, { name }))
    await roll(workers)
  }
  const ids = async (filter: object) =>
    (await fleet.fleet.rollouts({ limit: 10, ...filter })).map(({ id }) => id)
  expect(await ids({})).toEqual([3, 2, 1])
  expect(await ids({ hook: 'one' })).toEqual([3, 1])
  expect(await ids({ before: 3, limit: 1 })).toEqual([2])
  expect(await fleet.fleet.rollout(9)).toBeNull()
})
