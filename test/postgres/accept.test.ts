import { expect } from 'vitest'
import { roomLock } from '../../src/postgres/keys.ts'
import { aHook, aPush } from '../some.ts'
import { onPostgres as test } from './database.ts'
import { aFleet, inGroup } from './members.ts'

test('a burst is coalesced before there is a worker', async () => {
  const fleet = await aFleet()
  for (let push = 0; push < 5; push++) await fleet.accept()
  expect(await fleet.statuses()).toEqual([
    'cancelled',
    'cancelled',
    'cancelled',
    'cancelled',
    'queued',
  ])
  expect((await fleet.run(4)).reason).toBe('superseded by run 5')
  expect(await fleet.waitingJobs()).toBe(1)
  const worker = await fleet.worker('one')
  expect(await worker.take()).toEqual([5])
})

test('one delivery that comes ten times at once to three receivers starts one run', async () => {
  const fleet = await aFleet()
  const receivers = [fleet, await fleet.join(), await fleet.join()]
  const accepted = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      receivers[index % 3]?.accept(inGroup(null), { guid: 'same' }),
    ),
  )
  expect(accepted.flatMap((one) => one?.queued ?? [])).toHaveLength(1)
  expect(await fleet.runs()).toHaveLength(1)
  const originals = accepted.filter((one) => one?.delivery.duplicateOf === null)
  expect(originals).toHaveLength(1)
})

test('runs of a group go one at a time, in the order of their numbers', async () => {
  const fleet = await aFleet()
  for (let push = 0; push < 3; push++) await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  for (const id of [1, 2, 3]) {
    expect(await worker.take()).toEqual([id])
    expect(await worker.take()).toEqual([])
    await worker.finish(id)
  }
  expect(await fleet.statuses()).toEqual(['success', 'success', 'success'])
  expect(await fleet.turns()).toEqual([])
})

test('what comes while one runs is coalesced into one that waits', async () => {
  const fleet = await aFleet()
  await fleet.accept()
  const worker = await fleet.worker('one')
  expect(await worker.take()).toEqual([1])
  for (let push = 0; push < 3; push++) await fleet.accept()
  expect(await fleet.statuses()).toEqual(['running', 'cancelled', 'cancelled', 'queued'])
  await worker.finish(1)
  expect(await worker.take()).toEqual([4])
})

test('twenty coalescing deliveries at once leave one that waits', async () => {
  const fleet = await aFleet()
  const receivers = [fleet, await fleet.join(), await fleet.join()]
  await Promise.all(Array.from({ length: 20 }, (_, index) => receivers[index % 3]?.accept()))
  const queued = (await fleet.runs()).filter(({ status }) => status === 'queued')
  expect(queued.map(({ id }) => id)).toEqual([20])
  expect(await fleet.turns()).toMatchObject([{ unit: 20 }])
})

test('another branch keeps its place', async () => {
  const fleet = await aFleet()
  await fleet.accept(aHook(), { updates: [aPush('main')] })
  await fleet.accept(aHook(), { updates: [aPush('next')] })
  await fleet.accept(aHook(), { updates: [aPush('main')] })
  expect(await fleet.statuses()).toEqual(['cancelled', 'queued', 'queued'])
  const worker = await fleet.worker('one')
  expect(await worker.take()).toEqual([2])
})

test('with cancel-in-progress the running one is asked to end, and the new one begins after it', async () => {
  const fleet = await aFleet()
  const hook = aHook({ concurrency: { group: 'site', cancelInProgress: true, queue: 'single' } })
  await fleet.accept(hook)
  const worker = await fleet.worker('one')
  await worker.take()
  const accepted = await fleet.accept(hook)
  expect(accepted.cancel).toEqual([1])
  expect(fleet.told).toContainEqual({ kind: 'cancel', run: 1 })
  expect(await worker.take()).toEqual([])
  const beat = await worker.claims.beat([worker.of(1)])
  expect([...beat.cancel]).toEqual([[1, 'superseded by run 2']])
  await worker.finish(1, 'cancelled')
  expect(await worker.take()).toEqual([2])
})

test('no more runs wait than may, whoever asks', async () => {
  const fleet = await aFleet({ maxWaiting: 5 })
  const receivers = [fleet, await fleet.join(), await fleet.join()]
  const results = await Promise.allSettled(
    Array.from({ length: 9 }, (_, index) => receivers[index % 3]?.accept(inGroup(null))),
  )
  const refused = results.filter((result) => result.status === 'rejected')
  expect(refused).toHaveLength(4)
  expect(refused[0]?.reason).toMatchObject({ code: 'busy' })
  expect(await fleet.db.query('SELECT 1 FROM runhook.deliveries')).toHaveLength(5)
})

test('as long as there is room, nobody waits for whoever counts what waits', async () => {
  const fleet = await aFleet()
  const held = Promise.withResolvers<void>()
  const counting = fleet.planner.transaction(async (plan) => {
    await plan.lock([roomLock])
    await held.promise
  })
  await Promise.all(['a', 'b', 'c'].map((group) => fleet.accept(inGroup(group))))
  held.resolve()
  await counting
  expect(await fleet.statuses()).toEqual(['queued', 'queued', 'queued'])
})

test('a burst for one group takes one connection of a receiver, and does not hold up others', async () => {
  const fleet = await aFleet({ connections: 3 })
  await fleet.accept(inGroup('busy'))
  const held = Promise.withResolvers<void>()
  const key = `SELECT pg_advisory_xact_lock(('x' || substr(encode(sha256('runhook 1 group busy'), 'hex'), 1, 16))::bit(64)::bigint)`
  const holding = fleet.db.transaction(async (session) => {
    await session.query(key)
    await held.promise
  })
  const burst = Array.from({ length: 10 }, () => fleet.accept(inGroup('busy')))
  expect((await fleet.accept(inGroup('quiet'))).queued).toHaveLength(1)
  held.resolve()
  await holding
  await Promise.all(burst)
  expect(await fleet.runs()).toHaveLength(12)
})
