import { expect } from 'vitest'
import { until } from '../some.ts'
import { onPostgres as test } from './database.ts'
import { aFleet, ended, inGroup, retryNow } from './members.ts'

test('two workers do not share a name while one of them lives', async () => {
  const fleet = await aFleet()
  await fleet.worker('one', { host: 'alpha' })
  const other = fleet.worker('one', { token: 'another folder' })
  await expect(other).rejects.toMatchObject({
    code: 'conflict',
    message: 'A worker named "one" is alive already, on alpha.',
  })
  await fleet.unseen('one', 11_000)
  expect((await fleet.worker('one', { token: 'another folder' })).former).toEqual([])
})

test('of two that come at once with one name, one is refused', async () => {
  const fleet = await aFleet()
  const both = ['a', 'b'].map((token) => fleet.worker('one', { token }))
  const results = await Promise.allSettled(both)
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('a worker is alive, lost or stopped by the clock of the database', async () => {
  const fleet = await aFleet()
  const worker = await fleet.worker('one', { slots: 3, labels: ['web', 'eu'] })
  await fleet.worker('two')
  const stopped = await fleet.worker('three')
  await stopped.claims.leave()
  await fleet.unseen('two', 11_000)
  await fleet.accept(inGroup(null, { placement: { ...inGroup(null).placement, label: 'web' } }))
  await worker.take()
  const workers = await fleet.fleet.workers()
  expect(workers.map(({ name, state, running }) => [name, state, running])).toEqual([
    ['one', 'alive', 1],
    ['three', 'stopped', 0],
    ['two', 'lost', 0],
  ])
  expect(workers[0]).toMatchObject({
    labels: ['web', 'eu'],
    slots: 3,
    version: '1.0.0',
    host: 'box',
  })
  expect(Math.abs((workers[0]?.seenAt ?? 0) - Date.now())).toBeLessThan(60_000)
  expect(await fleet.fleet.counts()).toEqual({ waiting: 0, running: 1 })
})

test('a new life in the same folder takes over what the one before had begun, and settles it', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('a'))
  await fleet.accept(inGroup('b'))
  const before = await fleet.worker('one')
  await before.take()
  const after = await fleet.worker('one')
  expect(after.former.map(({ id }) => id).sort()).toEqual([1, 2])
  // Until they are settled they are kept, also those of which it knows no claim.
  await fleet.db.query(`UPDATE runhook_boss.job SET heartbeat_on = now() - interval '9 seconds'`)
  await after.claims.beat([])
  const [stale] = await fleet.db.query(
    `SELECT count(*) AS n FROM runhook_boss.job WHERE heartbeat_on < now() - interval '5 seconds'`,
  )
  expect(stale?.n).toBe(0)
  await after.claims.settle(1, true, ended('interrupted'), retryNow(1))
  await after.claims.settle(2, false, ended('interrupted'), retryNow(2))
  expect(await fleet.statuses()).toEqual(['interrupted', 'queued', 'queued'])
  expect(await after.take()).toEqual([2, 3])
})

test('the life before is told that all of its claims are lost', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('a'))
  const before = await fleet.worker('one')
  await before.take()
  await fleet.worker('one')
  await expect(before.claims.beat([before.of(1)])).rejects.toMatchObject({ code: 'conflict' })
  expect(await before.finish(1)).toBeNull()
  expect(await fleet.statuses()).toEqual(['running'])
})

test('nothing is taken before it is registered', async () => {
  const fleet = await aFleet()
  const worker = await fleet.worker('one')
  await worker.claims.leave()
  await expect(worker.claims.beat([])).rejects.toMatchObject({ code: 'conflict' })
})

test('a lease that is renewed lasts, and one that is not is over after its time', async () => {
  const fleet = await aFleet({ supervise: true })
  await fleet.accept(inGroup('a'))
  await fleet.accept(inGroup('b'))
  const idle = await fleet.worker('idle')
  const [dropped] = await idle.take(1)
  const alive = await fleet.worker('alive')
  const [kept] = await alive.take(1)
  if (dropped === undefined || kept === undefined) throw new Error('each has a run')
  const since = performance.now()
  const lost = await until(async () => {
    expect(await alive.claims.beat([alive.of(kept)])).toMatchObject({ lost: [] })
    const found = await fleet.fleet.lost()
    return found.length > 0 && found
  })
  expect(lost.map(({ run }) => run.id)).toEqual([dropped])
  expect(performance.now() - since).toBeGreaterThan(9000) // ten seconds by the clock of the database
})
