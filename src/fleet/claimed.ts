/**
 * One run that this worker has claimed, from its claim to its end in the database. The end of a run whose claim
 * was lost is not written: it is somebody else's by then.
 */

import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Hook } from '../model/hook.ts'
import type { Run, RunEnd, StepRecord } from '../model/run.ts'
import { isHopeless } from '../postgres/connect.ts'
import type { Claim, Claims, WorkerIdentity } from '../postgres/contract.ts'
import type { Begun } from '../record/store.ts'
import { tellEnd, unstarted } from '../run/ended.ts'
import type { Insist } from '../run/insist.ts'
import { retryAfter } from '../run/retry.ts'
import { fileProblem } from '../run/spawn-problem.ts'
import type { Turns } from '../run/turns.ts'
import type { Guard } from './guard.ts'
import { StepNotes } from './step-notes.ts'

export type Execute = (
  work: Begun & { readonly hook: Hook },
  signal: AbortSignal,
  onStep: (step: StepRecord) => void,
  /** Resolves when others can know of the steps that have begun. */
  told: () => Promise<void>,
) => Promise<RunEnd>

/** What this worker does at all of what the database asks of it: see trust.ts. */
export interface RunTrust {
  /** Null, or why nothing is started. `hook` is as its own hooks file has it, undefined when it has none. */
  refusal(hook: Hook | undefined, begun: Begun): Promise<string | null>
  /** Its command is about to start. Throws the system's error; then it must not. */
  begins(run: Run): void
  ended(runId: number): void
}

export interface ClaimedParts {
  readonly identity: Pick<WorkerIdentity, 'name'>
  readonly claims: Claims
  /** The hook as this worker's own hooks file has it now; undefined when it has none. */
  readonly hook: (name: string) => Hook | undefined
  readonly trust: RunTrust
  readonly execute: Execute
  readonly log: Log
}

export interface ClaimedTools extends ClaimedParts {
  readonly insist: Insist
  readonly turns: Turns
  readonly guard: Pick<Guard, 'begins' | 'ended'>
}

export class Claimed {
  readonly claim: Claim
  /** Its command, and all that it started, has ended. */
  readonly executed: Promise<void>
  /** The database knows its end, or it is none of ours any more. */
  readonly settled: Promise<void>
  readonly #tools: ClaimedTools
  readonly #controller = new AbortController()
  readonly #executed = Promise.withResolvers<void>()
  #lost = false

  constructor(claim: Claim, tools: ClaimedTools) {
    this.claim = claim
    this.#tools = tools
    this.executed = this.#executed.promise
    this.settled = this.#see()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => this.#executed.resolve())
  }

  /** Asks it to end: `cancel:<text>` or `interrupt:<text>`. Where no command was started, it waits again. */
  abort(reason: string): void {
    this.#controller.abort(reason)
  }

  /** The claim is another's: its command ends, and nothing of it is written. */
  lose(): void {
    this.#lost = true
    this.abort(`interrupt:the lease of worker ${this.#tools.identity.name} was over`)
  }

  /** Never throws: a database that is away is asked until it answers. */
  async #see(): Promise<void> {
    let hook: Hook | undefined
    const config = (name: string) => {
      hook = this.#tools.hook(name) // the one that it is begun with, also when the file changes now
      return hook?.config
    }
    await null // whoever has made this may end it at once
    if (this.#mustNotStart) return this.#giveBack()
    const begun = await this.#ask(() => this.#tools.claims.begin(this.claim, config))
    if (begun === null) return
    const end = await this.#carriedOut(begun, hook)
    this.#executed.resolve()
    if (end === null) await this.#giveBack()
    else await this.#finish(begun.run, end, hook)
  }

  /**
   * The database is well, but what it has of this run is not: that is its end. Where not even that can be written
   * it is left to its lease, and this worker to the others.
   */
  async #failed(error: unknown): Promise<void> {
    const { claims, log } = this.#tools
    const { runId } = this.claim
    log.error({ err: error, run: runId }, `    run #${runId} is given up: ${messageOf(error)}`)
    const end = failure(`what the database has of it cannot be used: ${messageOf(error)}`)
    await this.#ask(() => claims.finish(this.claim, end, null)).catch((again: unknown) =>
      log.error({ err: again, run: runId }, `    its end cannot be written: ${messageOf(again)}`),
    )
  }

  /** A worker that stops, or whose lease is over, leaves it to others; one that was cancelled ends as that. */
  get #mustNotStart(): boolean {
    const { aborted, reason } = this.#controller.signal
    return aborted && !String(reason).startsWith('cancel:')
  }

  async #giveBack(): Promise<void> {
    await this.#ask(() => this.#tools.claims.giveBack(this.claim))
  }

  /** Null when it is not to be started after all. */
  async #carriedOut(begun: Begun, hook: Hook | undefined): Promise<RunEnd | null> {
    const { turns, log, trust } = this.#tools
    const { run } = begun
    const refusal = await this.#ask(async () => ({ text: await trust.refusal(hook, begun) }))
    if (refusal === null) return null
    if (refusal.text !== null) return refused(refusal.text)
    if (hook === undefined) return null // which was a reason to refuse
    await turns.next()
    if (this.#mustNotStart) return null
    log.info({ run: run.id, hook: run.hook }, `    ${run.hook} #${run.id} started`)
    const end = await this.#execute(begun, hook)
    tellEnd(log, run, end)
    return end
  }

  async #execute(begun: Begun, hook: Hook): Promise<RunEnd> {
    const { claims, execute, guard, trust, log } = this.#tools
    const { id } = begun.run
    const notes = new StepNotes(async (step) => {
      if (!this.#lost) await claims.noteStep(id, step)
    })
    try {
      guard.begins(id)
      trust.begins(begun.run)
    } catch (thrown) {
      guard.ended(id)
      return failure(`nothing was run: ${fileProblem(thrown)}`)
    }
    try {
      const onStep = (step: StepRecord) => notes.add(step)
      const told = () => notes.told()
      return await execute({ hook, ...begun }, this.#controller.signal, onStep, told)
    } catch (error) {
      log.error({ err: error, run: id }, 'a run could not be carried out')
      return failure(`runhook failed: ${messageOf(error)}`)
    } finally {
      guard.ended(id)
      this.#noteEnded(id)
      await notes.close()
    }
  }

  #noteEnded(id: number): void {
    try {
      this.#tools.trust.ended(id)
    } catch (error) {
      this.#tools.log.error({ err: error, run: id }, 'the end of a run could not be noted')
    }
  }

  async #finish(run: Run, end: RunEnd, hook: Hook | undefined): Promise<void> {
    const { claims, log } = this.#tools
    const plan = end.refused || hook === undefined ? null : retryAfter(run, hook, end.status)
    const retry = await this.#ask(() => claims.finish(this.claim, end, plan))
    if (retry) log.info({ run: retry.id }, `    ${run.hook} #${retry.id} waits: ${plan?.says}`)
  }

  /** Null also when there is nobody to ask for: the claim was lost, or the worker stops and gives up. */
  #ask<T>(work: () => Promise<T>): Promise<T | null> {
    return this.#tools.insist.on(async () => (this.#lost ? null : work()), isHopeless)
  }
}

/** The next attempt would be the same. */
function refused(reason: string): RunEnd {
  return { ...failure(reason), refused: true }
}

function failure(reason: string): RunEnd {
  return { ...unstarted(reason), status: 'failure' }
}
