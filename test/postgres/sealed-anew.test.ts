/**
 * What follows from a run by itself is sealed by whoever writes it down. Somebody who can write the database, but
 * has no key, tries to have that done for what he made up.
 */

import { expect } from 'vitest'
import { deliveryDigest, SEAL_AGE_MS, sealFields, sealOf } from '../../src/postgres/seal.ts'
import { sealedRun } from '../../src/postgres/sealed.ts'
import { deliveryOf } from '../../src/record/rows.ts'
import { onPostgres as test } from './database.ts'
import { aFleet, ended, inGroup, onEvery, retryNow, type TestFleet } from './members.ts'

const sealKey = { name: 'SEAL', value: 'a key to seal runs with' }
const unfit =
  'its seal does not fit: it was sealed with another key, or changed in the database since'

/** One run that is under way, on the worker `one`. */
async function underWay() {
  const fleet = await aFleet({ sealKey })
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  await worker.take()
  const write = (sql: string, values: unknown[] = []) => fleet.db.query(sql, values)
  return { fleet, worker, write }
}

/** A retry of run 1 that a process makes which believes that its worker was lost. */
async function retriedAsLost(fleet: TestFleet, run = 1) {
  await fleet.loseJob(run)
  const [lost] = await fleet.fleet.lost()
  if (!lost) throw new Error(`run ${run} is not lost`)
  return fleet.fleet.conclude(lost, ended('interrupted'), retryNow(run))
}

const changes = {
  'a sender': `UPDATE runhook.runs SET sender = 'mallory'`,
  'an input': `UPDATE runhook.runs SET inputs = '{"scope":"all"}'`,
  'a label': `UPDATE runhook.runs SET label = 'db'`,
  'a payload': `UPDATE runhook.deliveries SET body = '{}'`,
  'a branch': `UPDATE runhook.deliveries SET updates = replace(updates, 'main', 'evil')`,
  'no seal': 'UPDATE runhook.runs SET seal = NULL',
}
for (const [what, sql] of Object.entries(changes)) {
  test(`${what}, written into a run under way, is not sealed with its retry`, async () => {
    const { fleet, worker, write } = await underWay()
    await write(sql)
    expect(await worker.finish(1, 'failure', retryNow(1))).toBeNull()
    expect(await fleet.runs()).toMatchObject([
      { status: 'failure', reason: expect.stringMatching(/^the command failed; not run again: /) },
    ])
  })
}

test('a run that somebody wrote there is not run again when its worker is said to be lost', async () => {
  const { fleet, write } = await underWay()
  await write(`UPDATE runhook.runs SET hook = 'other', concurrency_group = NULL, turn_group = NULL`)
  expect(await retriedAsLost(fleet)).toBeNull()
  expect((await fleet.run(1)).reason).toContain(`not run again: ${unfit}`)
})

test('a run of long ago is not run again when its worker is said to be lost', async () => {
  const { fleet, write } = await underWay()
  const run = await fleet.run(1)
  const old = { ...run, queuedAt: run.queuedAt - SEAL_AGE_MS - 60_000 }
  const [delivery = {}] = await write('SELECT * FROM runhook.deliveries')
  const digest = deliveryDigest(deliveryOf(delivery))
  const seal = sealOf(sealFields(old, await sealedRun(fleet.db, 1), digest), sealKey)
  await write('UPDATE runhook.runs SET queued_at = $1, seal = $2', [old.queuedAt, seal])
  expect(await retriedAsLost(fleet)).toBeNull()
  expect((await fleet.run(1)).reason).toContain('it was sealed 7 days ago')
})

test('a run is not run again because another, or another hook, is to be', async () => {
  const { fleet, worker } = await underWay()
  await fleet.accept(inGroup('other'))
  await worker.take()
  await fleet.loseJob(1)
  const [lost] = await fleet.fleet.lost()
  if (!lost) throw new Error('run 1 is not lost')
  const asOther = { ...lost, run: { ...lost.run, hook: 'other' } }
  expect(await fleet.fleet.conclude(asOther, ended('interrupted'), retryNow(1))).toBeNull()
  expect(await worker.finish(2, 'failure', retryNow(1))).toBeNull()
  expect((await fleet.run(2)).reason).toContain('; not run again: that was asked of run 1')
  expect(await fleet.runs()).toHaveLength(2)
})

test('what is as it was sealed is run again', async () => {
  const { fleet, worker } = await underWay()
  expect(await retriedAsLost(fleet)).toMatchObject({ id: 2, attempt: 2 })
  expect(await worker.take()).toEqual([2])
  expect(await worker.finish(2, 'failure', retryNow(2))).toMatchObject({ id: 3 })
  const { queuedAt } = await fleet.run(1)
  const chain = { first: 1, since: queuedAt } // by which a worker knows them again
  for (const id of [2, 3]) expect((await fleet.run(id)).retry).toMatchObject(chain)
})

const hook = onEvery({ catchUp: true })

/** Rollout 1 of run 1 on web-1; web-2 was away. */
async function missed() {
  const fleet = await aFleet({ sealKey })
  for (const name of ['web-1', 'web-2']) await fleet.worker(name, { labels: ['web'] })
  await fleet.unseen('web-2', 3_600_000)
  await fleet.accept(hook)
  const returns = async (mayMiss?: () => boolean) => {
    const { claims } = await fleet.worker('web-2', { labels: ['web'] })
    return (await claims.catchUp([hook], mayMiss)).map(({ deliveryId }) => deliveryId)
  }
  const reason = async () => (await fleet.run(2)).reason
  return { fleet, returns, reason }
}

test('a worker that returns catches up with what is as it was sealed', async () => {
  const { returns } = await missed()
  expect(await returns()).toEqual([1])
})

for (const [what, sql] of Object.entries(changes)) {
  test(`${what}, written into a rollout, is not sealed for a worker that returns`, async () => {
    const { fleet, returns, reason } = await missed()
    await fleet.db.query(sql)
    expect(await returns()).toEqual([])
    expect(await reason()).toMatch(
      /^web-2 was away.*; not run when it returned: its seal does|it is not sealed/,
    )
  })
}

test('a worker that returns does not take the run of another hook, or one alone, for a rollout', async () => {
  const { fleet, returns } = await missed()
  const other = onEvery({ catchUp: true }, { name: 'other' })
  await fleet.accept(other) // rollout 3
  await fleet.accept(inGroup(null, { name: hook.name })) // run 5
  await fleet.db.query('DELETE FROM runhook.rollouts WHERE id = 1')
  await fleet.db.query(`UPDATE runhook.rollouts SET hook = $1 WHERE id = 3`, [hook.name])
  expect(await returns()).toEqual([])
  await fleet.db.query('UPDATE runhook.rollouts SET id = 5')
  expect(await returns()).toEqual([])
})

test('a worker that returns does not go back to a rollout before one that it has begun', async () => {
  const { returns, reason } = await missed()
  expect(await returns(() => false)).toEqual([])
  expect(await reason()).toMatch(/^web-2 was away.*; when it returned it had run a newer one$/)
})
