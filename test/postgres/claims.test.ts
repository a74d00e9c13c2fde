import { expect } from 'vitest'
import { RunhookError } from '../../src/errors.ts'
import { FleetEnds } from '../../src/fleet/ends.ts'
import { checkSeal, deliveryDigest, sealFields } from '../../src/postgres/seal.ts'
import { sealedRun } from '../../src/postgres/sealed.ts'
import { deliveryOf } from '../../src/record/rows.ts'
import { aHook } from '../some.ts'
import { onPostgres as test } from './database.ts'
import { rowsOf } from './fleet.ts'
import { aFleet, ended, inGroup, retryNow } from './members.ts'

test('more of a hook than its max-parallel never go side by side', async () => {
  const fleet = await aFleet({ connections: 12 })
  const receivers = [fleet, await fleet.join({ connections: 12 })]
  const hooks = ['a', 'b', null].map((group) => inGroup(group, { name: 'build', maxParallel: 2 }))
  const worker = await fleet.worker('one', { slots: 100 })
  let most = 0
  let accepted = 0
  const accepting = Array.from({ length: 30 }, async (_, index) => {
    await receivers[index % 2]?.accept(hooks[index % 3])
    accepted++
  })
  let done = 0
  while (done < 30) {
    const taken = await worker.take(10)
    const [row] = await fleet.db.query(
      `SELECT count(*) AS n FROM runhook.runs WHERE job IS NOT NULL AND status IN ('queued', 'running')`,
    )
    most = Math.max(most, Number(row?.n))
    await Promise.all(taken.map((id) => worker.finish(id)))
    done += taken.length
  }
  await Promise.all(accepting)
  expect([most, accepted]).toEqual([2, 30])
  expect(await fleet.fleet.mend()).toBe(0)
})

test('a hook without room does not hold up another of its group', async () => {
  const fleet = await aFleet()
  const limited = (group: string) => inGroup(group, { name: 'limited', maxParallel: 1 })
  await fleet.accept(limited('a'))
  await fleet.accept(limited('b'))
  await fleet.accept(inGroup('b', { name: 'free' }))
  const worker = await fleet.worker('one')
  expect(await worker.take()).toEqual([1, 3])
  await worker.finish(1)
  expect(await worker.take()).toEqual([]) // its group is busy
  await worker.finish(3)
  expect(await worker.take()).toEqual([2])
})

test('a retry waits for its time without a turn, and then for its turn, in order', async () => {
  const fleet = await aFleet()
  const hook = inGroup('site')
  await fleet.accept(hook)
  await fleet.accept(hook)
  const worker = await fleet.worker('one')
  await worker.take()
  const retry = await worker.finish(1, 'failure', retryNow(1, null, 300))
  expect(retry).toMatchObject({ id: 3, attempt: 2, status: 'queued' })
  expect((await fleet.run(1)).reason).toBe('the command failed; retry 1 of 3 in 300ms as run #3')
  await fleet.accept(hook)
  expect(await worker.take()).toEqual([2]) // the failed one holds nobody up
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(await worker.take()).toEqual([]) // its time has come, but not its turn
  expect(await fleet.fleet.mend()).toBe(0)
  await worker.finish(2)
  expect(await worker.take()).toEqual([3]) // before 4, which came later
  await worker.finish(3)
  expect(await worker.take()).toEqual([4])
})

test('a retry whose turn is free when its time comes begins', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  await worker.take()
  await worker.finish(1, 'failure', retryNow(1))
  expect(await fleet.turns()).toEqual([])
  expect(await worker.take()).toEqual([2])
  expect(await fleet.turns()).toMatchObject([{ concurrency_group: 'site', unit: 2 }])
})

test('a retry that newer work has made pointless is not made', async () => {
  const fleet = await aFleet()
  await fleet.accept()
  const worker = await fleet.worker('one')
  await worker.take()
  await fleet.accept()
  expect(await worker.finish(1, 'failure', retryNow(1, 1))).toBeNull()
  expect((await fleet.run(1)).reason).toBe('the command failed; not retried: run #2 is newer')
  expect(await worker.take()).toEqual([2])
})

test('a failed run does not block its group', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  await worker.take()
  await worker.finish(1, 'failure')
  expect(await worker.take()).toEqual([2])
})

test('a group is one across labels and hooks', async () => {
  const fleet = await aFleet()
  const of = (name: string, label: string) =>
    inGroup('site', { name, placement: { ...aHook().placement, label } })
  await fleet.accept(of('one', 'web'))
  await fleet.accept(of('two', 'db'))
  const web = await fleet.worker('web-1', { labels: ['web'] })
  const db = await fleet.worker('db-1', { labels: ['db'] })
  expect(await db.take()).toEqual([])
  expect(await web.take()).toEqual([1])
  expect(await db.take()).toEqual([])
  await web.finish(1)
  expect(fleet.told).toContainEqual({ kind: 'wake', queue: 'label.db' })
  expect(await db.take()).toEqual([2])
})

test('a run that waits is cancelled at once, and its turn passes on', async () => {
  const fleet = await aFleet()
  for (let push = 0; push < 3; push++) await fleet.accept(inGroup('site'))
  expect(await fleet.fleet.cancel(1, 'cancelled by ada')).toBe('cancelled')
  expect(await fleet.run(1)).toMatchObject({ status: 'cancelled', reason: 'cancelled by ada' })
  const worker = await fleet.worker('one')
  expect(await worker.take()).toEqual([2])
  expect(await fleet.fleet.cancel(3, 'cancelled by ada')).toBe('cancelled')
  await worker.finish(2)
  expect(await fleet.fleet.cancel(2, 'cancelled by ada')).toBe('ended')
  expect(await fleet.fleet.cancel(99, 'cancelled by ada')).toBe('unknown')
  expect(await fleet.turns()).toEqual([])
})

test('a run that was claimed and cancelled does not begin', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  const [claim] = await worker.claim()
  await fleet.fleet.cancel(1, 'cancelled by ada')
  expect(claim && (await worker.claims.begin(claim, () => 'c'))).toBeNull()
  expect(await fleet.turns()).toEqual([])
})

test('whoever carries out a run is told that somebody wants it ended', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  await worker.take()
  expect(await fleet.fleet.cancel(1, 'cancelled by ada')).toBe('stopping')
  expect(await fleet.fleet.cancel(1, 'cancelled by bob')).toBe('stopping')
  const beat = await worker.claims.beat([worker.of(1)])
  expect(beat).toEqual({ lost: [], cancel: new Map([[1, 'cancelled by ada']]) })
})

test('a begin that is asked again says the same', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  const [claim] = await worker.claim()
  if (!claim) throw new Error('there is a claim')
  const once = await worker.claims.begin(claim, () => 'abc')
  const again = await worker.claims.begin(claim, () => 'abc')
  expect(again).toEqual(once)
  expect(once).toMatchObject({
    run: { id: 1, status: 'running', worker: 'one', config: 'abc' },
    delivery: { id: 1, event: 'push', sender: 'ada' },
    lastSuccess: null,
  })
  expect(once?.delivery.body.length).toBeGreaterThan(0)
})

test('that a value was refused is known to whoever waits for the run, anywhere', async () => {
  const fleet = await aFleet()
  for (const group of ['a', 'b']) await fleet.accept(inGroup(group))
  const worker = await fleet.worker('one')
  const [one = 0, two = 0] = await worker.take()
  await worker.claims.finish(worker.of(one), { ...ended('failure'), refused: true }, null)
  await worker.finish(two, 'failure')
  const store = rowsOf(fleet.db)
  const listener = { join: () => () => undefined }
  const ends = new FleetEnds({ store, listener, database: fleet.db })
  expect(await ends.whenEnded(one)).toMatchObject({ status: 'failure', refused: true })
  expect(await ends.whenEnded(two)).not.toHaveProperty('refused')
  await ends.stop(new RunhookError('unreachable', 'The server is stopping.'))
})

test('the commit of the last run that succeeded for the same ref comes with the next', async () => {
  const fleet = await aFleet()
  const worker = await fleet.worker('one')
  await fleet.accept()
  await worker.take()
  await worker.finish(1)
  await fleet.accept()
  const [claim] = await worker.claim()
  const begun = claim && (await worker.claims.begin(claim, () => 'c'))
  expect(begun?.lastSuccess).toBe('a'.repeat(40))
})

test('a worker that is lost in the middle: its run ends, and the turn passes on', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  await worker.take()
  await fleet.loseJob(1)
  expect(await worker.take()).toEqual([]) // nobody has said yet how it ended
  expect((await fleet.settleLost()).map(({ id }) => id)).toEqual([1])
  expect((await fleet.run(1)).status).toBe('interrupted')
  expect(await worker.claims.beat([worker.of(1)])).toEqual({ lost: [1], cancel: new Map() })
  expect(await worker.take()).toEqual([2])
  expect(await fleet.settleLost()).toEqual([])
})

test('a lost run that somebody wanted cancelled is cancelled, and not tried again', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  await worker.take()
  await fleet.fleet.cancel(1, 'cancelled by ada')
  await fleet.loseJob(1)
  const [lost] = await fleet.fleet.lost()
  expect(lost && (await fleet.fleet.conclude(lost, ended('interrupted'), retryNow(1)))).toBeNull()
  expect(await fleet.run(1)).toMatchObject({ status: 'cancelled', reason: 'cancelled by ada' })
})

test('a claim that never began is sent anew', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  const lost = await fleet.worker('one')
  const [claim] = await lost.claim()
  await fleet.loseJob(1)
  await fleet.settleLost()
  const other = await fleet.worker('two')
  expect(await other.take()).toEqual([1])
  expect(claim && (await lost.claims.begin(claim, () => 'c'))).toBeNull()
  expect((await fleet.run(1)).worker).toBe('two')
})

test('a claim that was lost and not yet sent anew does not begin', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  const [claim] = await worker.claim()
  await fleet.loseJob(1)
  expect(claim && (await worker.claims.begin(claim, () => 'c'))).toBeNull()
  expect((await fleet.run(1)).status).toBe('queued')
})

test('the end of a lost claim is not written', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  await worker.take()
  await fleet.loseJob(1)
  const [lost] = await fleet.fleet.lost()
  if (!lost) throw new Error('it was lost')
  await fleet.fleet.conclude(lost, ended('interrupted'), retryNow(1))
  expect(await worker.finish(1, 'success', retryNow(1))).toBeNull()
  expect(await fleet.statuses()).toEqual(['interrupted', 'queued'])
})

test('an end that came before the loss was noticed stands', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  await worker.take()
  await fleet.loseJob(1)
  await worker.finish(1)
  expect(await fleet.settleLost()).toEqual([])
  expect(await fleet.statuses()).toEqual(['success'])
  expect(await fleet.fleet.lost()).toEqual([])
})

test('an end is written once, also when its answer was lost', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  await worker.take()
  expect(await worker.finish(1, 'failure', retryNow(1))).toMatchObject({ id: 2 })
  expect(await worker.finish(1, 'failure', retryNow(1))).toBeNull()
  expect(await fleet.runs()).toHaveLength(2)
})

test('what was given back comes before what waits, and to whoever asks', async () => {
  const fleet = await aFleet()
  for (let push = 0; push < 2; push++) await fleet.accept(inGroup(null))
  const worker = await fleet.worker('one')
  const [begun, claimed] = await worker.claim(2)
  if (!begun || !claimed) throw new Error('two were claimed')
  await worker.claims.begin(begun, () => 'c')
  await worker.claims.giveBack(begun)
  await worker.claims.giveBack(claimed)
  expect(await fleet.statuses()).toEqual(['queued', 'queued'])
  await fleet.accept(inGroup(null))
  const other = await fleet.worker('two')
  expect(await other.take(2)).toEqual([1, 2])
})

test('a run that was cancelled before its command started is over when it is given back', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  await worker.take()
  await fleet.fleet.cancel(1, 'cancelled by ada')
  await worker.claims.giveBack(worker.of(1))
  expect(await fleet.run(1)).toMatchObject({ status: 'cancelled', reason: 'cancelled by ada' })
  expect(await fleet.turns()).toEqual([])
})

test('a worker that leaves lets others find at once what it had', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('a'))
  await fleet.accept(inGroup('b'))
  const worker = await fleet.worker('one')
  const [first] = await worker.claim()
  if (first) await worker.claims.begin(first, () => 'c')
  await worker.claims.leave()
  expect((await fleet.settleLost()).map(({ status }) => status).sort()).toEqual([
    'queued',
    'running',
  ])
  expect((await fleet.statuses()).sort()).toEqual(['interrupted', 'queued'])
  expect(await fleet.fleet.workers()).toMatchObject([{ name: 'one', state: 'stopped' }])
  await expect(worker.claims.claim(1)).rejects.toMatchObject({ code: 'conflict' })
})

test('steps are noted as they go, and once', async () => {
  const fleet = await aFleet()
  await fleet.accept()
  const worker = await fleet.worker('one')
  await worker.take()
  const step = {
    ...({
      number: 1,
      phase: 'run',
      name: null,
      title: 'true',
      status: null,
      reason: null,
    } as const),
    ...{
      startedAt: 1,
      finishedAt: null,
      exitCode: null,
      signal: null,
      outputFrom: 0,
      outputTo: null,
    },
  }
  await worker.claims.noteStep(1, step)
  const over = { ...step, status: 'success', finishedAt: 2, exitCode: 0, outputTo: 5 } as const
  await worker.claims.finish(worker.of(1), { ...ended('success'), steps: [over] }, null)
  await worker.claims.noteStep(1, step) // too late
  const rows = await fleet.db.query('SELECT status, finished_at, output_to FROM runhook.steps')
  expect(rows).toEqual([{ status: 'success', finished_at: 2, output_to: 5 }])
})

test('a lease is as long as its worker has it, whatever the sender thought', async () => {
  const fleet = await aFleet()
  await fleet.accept()
  const worker = await fleet.worker('one', { leaseMs: 45_000 })
  await worker.take()
  const [job] = await fleet.db.query('SELECT heartbeat_seconds FROM runhook_boss.job')
  expect(job).toEqual({ heartbeat_seconds: 45 })
})

test('the queues of a worker are emptied in turn', async () => {
  const fleet = await aFleet()
  const of = (label: string) => inGroup(null, { placement: { ...aHook().placement, label } })
  for (let run = 0; run < 6; run++) await fleet.accept(of('busy'))
  await fleet.accept(of('quiet'))
  const worker = await fleet.worker('one', { labels: ['busy', 'quiet'] })
  expect(await worker.take(4)).toContain(7)
})

test('the database itself refuses that two units of a group run', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('site'))
  await fleet.accept(inGroup('site'))
  const worker = await fleet.worker('one')
  await worker.take()
  const run = `UPDATE runhook.runs SET status = 'running', started_at = 1, turn_group = concurrency_group WHERE id = 2`
  await expect(fleet.db.query(run)).rejects.toThrow(/foreign key/)
  const without = `UPDATE runhook.runs SET status = 'running', started_at = 1 WHERE id = 2`
  await expect(fleet.db.query(without)).rejects.toThrow(/check constraint/)
  await expect(fleet.db.query('DELETE FROM runhook.turns')).rejects.toThrow(/foreign key/)
})

test('what a hand in the database left behind is mended', async () => {
  const fleet = await aFleet()
  await fleet.accept(inGroup('a'))
  await fleet.accept(inGroup('b'))
  await fleet.accept(inGroup('b'))
  await fleet.accept(inGroup(null))
  const worker = await fleet.worker('one')
  const [first] = await worker.claim(1)
  if (first) await worker.claims.begin(first, () => 'c')
  expect(await fleet.fleet.mend()).toBe(0)
  await fleet.db.query('DELETE FROM runhook_boss.job')
  await fleet.db.query(`UPDATE runhook.runs SET status = 'failure', finished_at = 1 WHERE id = 2`)
  await fleet.db.query('UPDATE runhook.runs SET job = NULL WHERE id = 4')
  await fleet.db.query(`INSERT INTO runhook.turns VALUES ('gone', 99)`)
  expect(await fleet.fleet.mend()).toBe(5) // the job of 1; the turns of 2, which sends 3, and 99; 4
  expect(await fleet.fleet.mend()).toBe(0)
  expect((await fleet.settleLost()).map(({ id }) => id)).toEqual([1])
  expect(await worker.take()).toEqual([3, 4])
})

test('a run and the retry that follows it are sealed as they are written down', async () => {
  const key = { name: 'SEAL', value: 'a key to seal runs with' }
  const fleet = await aFleet({ sealKey: key })
  await fleet.accept(inGroup('site'), { body: Buffer.from('body') })
  const worker = await fleet.worker('one')
  await worker.take()
  await worker.finish(1, 'failure', retryNow(1))
  const [row] = await fleet.db.query('SELECT * FROM runhook.deliveries')
  const digest = deliveryDigest(deliveryOf(row ?? {}))
  for (const run of await fleet.runs()) {
    const sealed = await sealedRun(fleet.db, run.id)
    expect(checkSeal(sealFields(run, sealed, digest), sealed.seal, [key])).toBeNull()
    const other = { ...run, inputs: { scope: 'all' } }
    expect(checkSeal(sealFields(other, sealed, digest), sealed.seal, [key])).not.toBeNull()
  }
})

test('a column that a newer release adds does not stop those who are connected', async () => {
  const fleet = await aFleet()
  const worker = await fleet.worker('one')
  for (let id = 1; id <= 3; id++) {
    if (id === 3) await fleet.db.query('ALTER TABLE runhook.runs ADD COLUMN colour TEXT')
    await fleet.accept(inGroup('site'))
    expect(await worker.take()).toEqual([id])
    await worker.finish(id)
  }
})
