/** A fleet without processes: receivers and workers that share a real PostgreSQL, each with what it would have. */

import { onTestFinished } from 'vitest'
import { anywhere } from '../../src/hooks/placement.ts'
import type { Delivery, Verdict } from '../../src/model/delivery.ts'
import type { Hook, Placement, Secret } from '../../src/model/hook.ts'
import type { Run, RunEnd } from '../../src/model/run.ts'
import { Acceptances } from '../../src/postgres/accept.ts'
import { Boss } from '../../src/postgres/boss.ts'
import { migrateBoss } from '../../src/postgres/boss-schema.ts'
import { PostgresClaims } from '../../src/postgres/claims.ts'
import { Postgres, type Row } from '../../src/postgres/connect.ts'
import type { Claim, WorkerIdentity } from '../../src/postgres/contract.ts'
import { PostgresFleet } from '../../src/postgres/fleet.ts'
import { Planner, type Word } from '../../src/postgres/plan.ts'
import { migrate } from '../../src/postgres/schema.ts'
import { runOf } from '../../src/record/rows.ts'
import type { Accepted } from '../../src/record/store.ts'
import { aDelivery, aHook } from '../some.ts'
import { aReadyDatabase } from './ready.ts'

export interface Options {
  readonly maxWaiting?: number
  readonly sealKey?: Secret
  readonly connections?: number
  readonly supervise?: boolean
}

/** One process' view of the database. */
export class Member {
  readonly db: Postgres
  readonly boss: Boss
  readonly planner: Planner
  readonly accepting: Acceptances
  readonly fleet: PostgresFleet
  readonly told: Word[] = []

  constructor(url: string, options: Options) {
    const { maxWaiting = 10_000, sealKey, connections = 6, supervise = false } = options
    this.db = new Postgres(url, { name: 'test', connections })
    this.boss = new Boss(this.db, { leaseMs: 10_000, supervise, onTrouble: () => undefined })
    this.planner = new Planner({
      db: this.db,
      boss: this.boss,
      maxWaiting,
      sealKeys: sealKey ? [sealKey] : null,
      tell: (...words) => void this.told.push(...words),
    })
    this.accepting = new Acceptances(this.planner)
    this.fleet = new PostgresFleet(this.planner)
  }

  accept(hook: Hook = aHook(), fields: Partial<Delivery> = {}): Promise<Accepted> {
    const wanted = [{ hook, update: 0, inputs: {} }]
    return this.accepting.accept(aDelivery(fields), [matched(hook.name)], wanted)
  }

  /** Registered, with labels that are its own. */
  async worker(name: string, fields: Partial<WorkerIdentity> = {}): Promise<TestWorker> {
    const identity: WorkerIdentity = {
      name,
      labels: ['default'],
      version: '1.0.0',
      host: 'box',
      token: name,
      slots: 4,
      leaseMs: 10_000,
      ...fields,
    }
    const claims = new PostgresClaims(this.planner)
    const former = await claims.register(identity)
    return new TestWorker(this, claims, identity, former)
  }

  async run(id: number): Promise<Run> {
    const [row] = await this.db.query('SELECT * FROM runhook.runs WHERE id = $1', [id])
    if (!row) throw new Error(`there is no run ${id}`)
    return runOf(row)
  }

  async runs(): Promise<Run[]> {
    return (await this.db.query('SELECT * FROM runhook.runs ORDER BY id')).map(runOf)
  }

  async statuses(): Promise<string[]> {
    return (await this.runs()).map(({ status }) => status)
  }

  turns(): Promise<Row[]> {
    return this.db.query('SELECT * FROM runhook.turns ORDER BY concurrency_group')
  }

  /** As if the lease of a run's job had been over for a while; and pg-boss has noticed. */
  async loseJob(...runs: number[]): Promise<void> {
    await this.db.query(
      `UPDATE runhook_boss.job SET heartbeat_on = now() - interval '1 day' WHERE state = 'active'
        AND id IN (SELECT job FROM runhook.runs WHERE id = ANY ($1::bigint[]))`,
      [runs],
    )
    await this.db.query('UPDATE runhook_boss.queue SET monitor_claim_on = NULL, monitor_on = NULL')
    await this.boss.supervise()
  }

  /** As if a worker had last been seen so long ago. */
  async unseen(worker: string, ms: number): Promise<void> {
    await this.db.query(
      `UPDATE runhook.workers SET seen_at = now() - $2 * interval '1 ms' WHERE name = $1`,
      [worker, ms],
    )
  }

  /** What the dispatcher of a fleet does with lost runs. */
  async settleLost(status: RunEnd['status'] = 'interrupted'): Promise<Run[]> {
    const lost = await this.fleet.lost()
    for (const one of lost) await this.fleet.conclude(one, ended(status), null)
    return lost.map(({ run }) => run)
  }

  /** Jobs of pg-boss that wait, by queue. */
  async waitingJobs(): Promise<number> {
    const rows = await this.db.query(
      `SELECT 1 FROM runhook_boss.job WHERE state < 'active' AND name <> 'lost'`,
    )
    return rows.length
  }
}

export class TestWorker {
  readonly member: Member
  readonly claims: PostgresClaims
  readonly identity: WorkerIdentity
  readonly former: readonly Run[]
  readonly #claimed = new Map<number, Claim>()

  constructor(
    member: Member,
    claims: PostgresClaims,
    identity: WorkerIdentity,
    former: readonly Run[],
  ) {
    this.member = member
    this.claims = claims
    this.identity = identity
    this.former = former
  }

  async claim(free = 4): Promise<Claim[]> {
    const claims = await this.claims.claim(free)
    for (const claim of claims) this.#claimed.set(claim.runId, claim)
    return claims
  }

  /** The numbers of the runs that it could begin now. */
  async take(free = 4): Promise<number[]> {
    const begun: number[] = []
    for (const claim of await this.claim(free)) {
      const one = await this.claims.begin(claim, () => 'c0ffee000000')
      if (one) begun.push(one.run.id)
    }
    return begun.sort((a, b) => a - b)
  }

  of(run: number): Claim {
    const claim = this.#claimed.get(run)
    if (!claim) throw new Error(`run ${run} was not claimed`)
    return claim
  }

  finish(
    run: number,
    status: RunEnd['status'] = 'success',
    retry = null as Retry,
  ): Promise<Run | null> {
    return this.claims.finish(this.of(run), ended(status), retry)
  }
}

type Retry = Parameters<PostgresClaims['finish']>[2]

export interface TestFleet extends Member {
  /** Another process of it. */
  join(options?: Options): Promise<Member>
}

export async function aFleet(options: Options = {}): Promise<TestFleet> {
  const url = await aReadyDatabase()
  const first = await member(url, options, true)
  return Object.assign(first, {
    join: (more: Options = {}) => member(url, { ...options, ...more }, false),
  })
}

async function member(url: string, options: Options, fresh: boolean): Promise<Member> {
  const one = new Member(url, options)
  onTestFinished(async () => {
    await one.boss.stop()
    await one.db.close()
  })
  if (fresh) {
    await migrate(one.db)
    await migrateBoss(one.db)
  }
  await one.boss.start()
  return one
}

export const matched = (hook: string, update = 0): Verdict => {
  return { hook, update, matched: true, checks: [], run: null }
}

export const ended = (status: RunEnd['status']): RunEnd => ({
  status,
  exitCode: status === 'success' ? 0 : 1,
  signal: null,
  reason: status === 'success' ? null : 'the command failed',
  outputBytes: 5,
  outputCut: 0,
  steps: [],
})

export function inGroup(group: string | null, fields: Partial<Hook> = {}): Hook {
  return aHook({ concurrency: { group, cancelInProgress: false, queue: 'max' }, ...fields })
}

export function onEvery(placement: Partial<Placement> = {}, fields: Partial<Hook> = {}): Hook {
  return aHook({ placement: { ...anywhere, label: 'web', every: true, ...placement }, ...fields })
}

export const retryNow = (
  run: number,
  keep: number | null = null,
  delayMs = 0,
): NonNullable<Retry> => ({
  retry: { run, number: 1, times: 3, interruptions: 0 },
  delayMs,
  keep,
  says: `retry 1 of 3 in ${delayMs}ms`,
})
