/**
 * What receivers and workers do, at random and at the same time, on five groups: the numbers of a seed decide. The
 * schedule of the processes is not decided by it, so a seed that fails may have to be tried several times.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Hook } from '../../src/model/hook.ts'
import { aHook } from '../some.ts'
import { onPostgres as test } from './database.ts'
import { aFleet, inGroup, type Member, onEvery, retryNow, type TestWorker } from './members.ts'

const SEEDS = (process.env.SEEDS ?? '1 2 3 4').split(' ').map(Number)
const groups = ['a', 'b', 'c', 'd', 'e']

/** Mulberry32. */
function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const queue = (group: string | null) => ({ concurrency: inGroup(group).concurrency })

type Chance = ReturnType<typeof chance>

function someHook(random: Chance): Hook {
  const group = groups[random(5)] ?? null
  const hooks: (() => Hook)[] = [
    () => inGroup(group, { name: `all-${group}` }),
    () => inGroup(group, { name: 'limited', maxParallel: 2 }),
    () => inGroup(null, { name: 'limited', maxParallel: 2 }),
    () =>
      aHook({ name: 'newest', concurrency: { group, cancelInProgress: false, queue: 'single' } }),
    () => aHook({ name: 'now', concurrency: { group, cancelInProgress: true, queue: 2 } }),
    () => inGroup(null, { name: 'free' }),
    () => onEvery({ maxParallel: 1, failFast: true }, { ...queue(group), name: 'rolling' }),
    () => onEvery({}, { ...queue(null), name: 'everywhere', maxParallel: 3 }),
  ]
  return hooks[random(hooks.length)]?.() ?? inGroup(group)
}

/** One worker: takes, and ends, gives back, or forgets what it has. */
async function work(worker: TestWorker, random: Chance, going: () => boolean): Promise<void> {
  while (going()) {
    for (const claim of await worker.claim(1 + random(3))) {
      const how = random(12)
      if (how === 0) await worker.claims.giveBack(claim)
      else if (how === 1) await worker.member.loseJob(claim.runId)
      else if (await worker.claims.begin(claim, () => 'c0ffee000000')) {
        await sleep(random(5))
        await settle(worker, claim.runId, random)
      }
    }
    await sleep(random(10))
  }
}

async function settle(worker: TestWorker, run: number, random: Chance): Promise<void> {
  const how = random(10)
  if (how === 0) await worker.member.loseJob(run)
  else if (how === 1) await worker.claims.giveBack(worker.of(run))
  else if (how < 4) {
    const { attempt } = await worker.member.run(run)
    await worker.finish(run, 'failure', attempt < 3 ? retryNow(run, null, random(100)) : null)
  } else await worker.finish(run, 'success')
}

async function receive(member: Member, random: Chance, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent++) {
    await member.accept(someHook(random))
    if (random(5) === 0) await member.fleet.cancel(1 + random(count * 3), 'cancelled by ada')
    await sleep(random(8))
  }
}

/** Reads again and again what must always be so; each statement sees one moment. */
async function watch(member: Member, going: () => boolean): Promise<string[]> {
  const wrong: string[] = []
  while (going()) {
    for (const row of await member.db.query(broken)) wrong.push(JSON.stringify(row))
    await member.settleLost()
    await sleep(20)
  }
  return wrong
}

/** How many had been forgotten. */
async function mend(member: Member, going: () => boolean): Promise<number> {
  let mended = 0
  while (going()) {
    mended += await member.fleet.mend()
    await sleep(20)
  }
  return mended
}

const broken = `
  SELECT 'two units sent or running' AS what, concurrency_group AS of FROM runhook.runs
    WHERE concurrency_group IS NOT NULL AND (status = 'running'
      OR (status = 'queued' AND job IS NOT NULL AND not_before IS NULL))
    GROUP BY concurrency_group HAVING count(DISTINCT unit) > 1
  UNION ALL SELECT 'more than max-parallel', hook FROM runhook.runs
    WHERE max_parallel IS NOT NULL AND (status = 'running'
      OR (status = 'queued' AND job IS NOT NULL AND not_before IS NULL))
    GROUP BY hook HAVING count(*) > max(max_parallel)
  UNION ALL SELECT 'more of a rolling deploy', rollout::text FROM runhook.runs
    WHERE hook = 'rolling' AND (status = 'running' OR (status = 'queued' AND job IS NOT NULL))
    GROUP BY rollout HAVING count(*) > 1
  UNION ALL SELECT 'a turn of nobody', t.concurrency_group FROM runhook.turns t
    WHERE NOT EXISTS (SELECT FROM runhook.runs r WHERE r.unit = t.unit AND r.status IN ('queued', 'running'))`

/**
 * In a group, a later run that began before an earlier one. A retry is not asked about: it takes its turn when its time
 * has come, and those that came meanwhile may have begun. One that was given back and began again is: it kept its turn.
 */
const outOfOrder = `SELECT * FROM (
    SELECT id, unit, started_at, lag(unit) OVER w AS before, lag(id) OVER w AS before_id
    FROM runhook.runs WHERE started_at IS NOT NULL AND concurrency_group = 'order' AND retry IS NULL
    WINDOW w AS (ORDER BY started_at, id)) AS begun WHERE before > unit`

test.each(SEEDS)(
  'whatever happens, in whatever order: all of it ends (seed %i)',
  async (seed) => {
    const random = chance(seed)
    const fleet = await aFleet({ connections: 12 })
    const other = await fleet.join({ connections: 12 })
    const labels = ['default', 'web']
    const workers = [
      await fleet.worker('web-1', { labels }),
      await fleet.worker('web-2', { labels }),
      await other.worker('web-3', { labels }),
    ]
    let draining = true
    const watched = watch(other, () => draining)
    const mending = mend(fleet, () => draining)
    const working = workers.map((worker) => work(worker, random, () => draining))
    await Promise.all([receive(fleet, random, 40), receive(other, random, 40), inOrder(fleet, 15)])
    const rest = `SELECT 1 FROM runhook.runs WHERE status IN ('queued', 'running')`
    const deadline = Date.now() + 60_000
    while ((await fleet.db.query(rest)).length > 0 && Date.now() < deadline) await sleep(50)
    draining = false
    await Promise.all(working)
    expect([await watched, await mending]).toEqual([[], 0])
    expect(
      await fleet.db.query(rest.replace('1', 'id, hook, status, job, not_before, unit')),
    ).toEqual([])
    expect(await fleet.turns()).toEqual([])
    expect(await fleet.waitingJobs()).toBe(0)
    expect(await fleet.db.query(outOfOrder)).toEqual([])
  },
  120_000,
)

/** Pushes to one group by one sender: they begin in the order that they came. */
async function inOrder(member: Member, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent++) {
    await member.accept(inGroup('order', { name: 'order' }))
    await sleep(5)
  }
}
