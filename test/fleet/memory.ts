/**
 * A database of one worker, in memory: whether it can be reached, whether it takes claims away and what it is told are
 * the test's to say and to see. What a real one does with claims is tested on PostgreSQL.
 */

import { RunhookError } from '../../src/errors.ts'
import type { Run, RunEnd, StepRecord } from '../../src/model/run.ts'
import type { Beat, Claim, Claims, WorkerIdentity } from '../../src/postgres/contract.ts'
import type { Begun, RetryPlan } from '../../src/record/store.ts'
import { aRun, aStored } from '../run/runs.ts'

export class MemoryClaims implements Claims {
  reachable = true
  /** Of another worker of the same name. */
  taken = false
  /** What an earlier life had begun. */
  former: Run[] = []
  readonly waiting: Run[] = []
  readonly known = new Map<number, Run>()
  readonly claimed = new Set<number>()
  readonly begun: { id: number; config: string }[] = []
  readonly ends = new Map<number, RunEnd & { plan: RetryPlan | null }>()
  readonly settled = new Map<number, { started: boolean; end: RunEnd; plan: RetryPlan | null }>()
  readonly returned: number[] = []
  readonly steps: { runId: number; step: StepRecord }[] = []
  readonly cancel = new Map<number, string>()
  readonly lost = new Set<number>()
  /** Another life of the same name, or a hand in the database. */
  forgotten = false
  registrations = 0
  beats = 0
  left = false

  /** One more waits. */
  add(fields: Partial<Run> = {}): Run {
    const run = aRun({ id: this.known.size + 1, status: 'queued', ...fields })
    this.waiting.push(run)
    this.known.set(run.id, run)
    return run
  }

  async register(_: WorkerIdentity): Promise<Run[]> {
    await this.#way()
    this.registrations++
    this.forgotten = false
    if (this.taken) throw new RunhookError('conflict', 'A worker "web-1" is alive elsewhere.')
    return this.former
  }

  async settle(runId: number, started: boolean, end: RunEnd, plan: RetryPlan | null) {
    await this.#way()
    this.settled.set(runId, { started, end, plan })
  }

  async claim(free: number): Promise<Claim[]> {
    await this.#way()
    const runs = this.waiting.splice(0, free)
    for (const { id } of runs) this.claimed.add(id)
    return runs.map(({ id }) => ({ runId: id, job: `job-${id}`, queue: 'label.default' }))
  }

  async begin({ runId }: Claim, configOf: (hook: string) => string | undefined) {
    await this.#way()
    const run = this.known.get(runId)
    if (run === undefined || !this.claimed.has(runId)) return null
    const config = configOf(run.hook) ?? run.config
    this.begun.push({ id: runId, config })
    const begun: Begun = {
      run: { ...run, status: 'running' },
      delivery: aStored(),
      lastSuccess: null,
    }
    return begun
  }

  async beat(claims: readonly Claim[]): Promise<Beat> {
    await this.#way()
    this.beats++
    if (this.forgotten) throw new RunhookError('conflict', 'The fleet knows this worker no more.')
    const lost = claims.map(({ runId }) => runId).filter((id) => this.lost.has(id))
    for (const id of lost) this.claimed.delete(id)
    return { lost, cancel: this.cancel }
  }

  async noteStep(runId: number, step: StepRecord): Promise<void> {
    await this.#way()
    this.steps.push({ runId, step })
  }

  async finish({ runId }: Claim, end: RunEnd, plan: RetryPlan | null): Promise<Run | null> {
    await this.#way()
    if (!this.claimed.delete(runId)) return null
    this.ends.set(runId, { ...end, plan })
    return null
  }

  async giveBack({ runId }: Claim): Promise<void> {
    await this.#way()
    this.claimed.delete(runId)
    this.returned.push(runId)
  }

  async leave(): Promise<void> {
    await this.#way()
    this.left = true
  }

  async #way(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (!this.reachable)
      throw new RunhookError('storage', 'The database cannot be used: it is away.')
  }
}
