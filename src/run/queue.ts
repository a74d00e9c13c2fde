/**
 * The queue of this process: takes waiting runs in order, as far as groups, hooks and the server allow (see
 * backlog.ts), and sees each through to its end and to the retry that may follow. What is waiting or running
 * stands in the Store first; this file only repeats it in memory, so a crash at any instant loses nothing.
 */

import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Hook } from '../model/hook.ts'
import type { Run, RunEnd } from '../model/run.ts'
import type { CancelResult, Dispatcher } from '../record/dispatcher.ts'
import type { Accept, Accepted, Begun, QueueStore } from '../record/store.ts'
import { Alarm } from './alarm.ts'
import { Backlog } from './backlog.ts'
import { tellEnd, unstarted } from './ended.ts'
import { Ends } from './ends.ts'
import { Insist } from './insist.ts'
import { retryAfter } from './retry.ts'
import { Turns } from './turns.ts'

export interface QueueParts {
  readonly store: QueueStore
  readonly log: Log
  readonly maxParallel: number
  /** The hook as the config has it now; undefined when it is gone. */
  readonly hook: (name: string) => Hook | undefined
  readonly execute: (work: Begun & { hook: Hook }, signal: AbortSignal) => Promise<RunEnd>
  /** Told of each run that has started or ended, once the Store knows. */
  readonly moved?: (runId: number) => void
}

/** For how long a stopping server asks a store again that refuses. */
const STOP_TRIES_MS = 5000

export class Queue implements Dispatcher {
  readonly #parts: QueueParts
  readonly #alarm = new Alarm(() => this.#pump())
  readonly #turns = new Turns()
  readonly #insist: Insist
  readonly #backlog: Backlog
  /** Superseded or cancelled before they were heard of here. */
  readonly #gone = new Set<number>()
  /** Kept for runs that begin with the delivery that is being stored. */
  readonly #places = new Set<number>()
  readonly #running = new Map<number, { controller: AbortController; done: Promise<void> }>()
  readonly #unwritten = new Set<Promise<void>>()
  readonly #ends = new Ends()
  #open = false

  constructor(parts: QueueParts) {
    this.#parts = parts
    this.#insist = new Insist(parts.log)
    this.#backlog = new Backlog((hook) => parts.hook(hook)?.maxParallel ?? null)
  }

  get counts(): { waiting: number; running: number } {
    return { waiting: this.#backlog.size, running: this.#running.size }
  }

  /**
   * Stores a delivery and takes over its runs. One that need not wait begins in the same transaction, so
   * that its command starts as soon as the delivery is on disk.
   */
  async accept(...[delivery, verdicts, wanted, redelivers]: Parameters<Accept>): Promise<Accepted> {
    const { store } = this.#parts
    const places: Run[] = []
    const mayBegin = (run: Run) => this.#keepPlace(run) && places.push(run) > 0
    try {
      const accepted = await store.accept(delivery, verdicts, wanted, redelivers, mayBegin)
      this.add(accepted)
      return accepted
    } catch (error) {
      for (const run of places) this.#giveUpPlace(run)
      throw error
    }
  }

  async rerun(runId: number, hook: Hook): Promise<Accepted> {
    const accepted = await this.#parts.store.rerun(runId, hook)
    this.add(accepted)
    return accepted
  }

  /** Takes over what the Store accepted: new runs, those they replaced, those they want ended. */
  add(accepted: Omit<Accepted, 'delivery'>): void {
    const { queued, begun, superseded, cancel } = accepted
    const by = queued.at(-1)?.id
    for (const id of superseded) this.#end(id, `superseded by run ${by}`)
    for (const run of begun) this.#start(run.run, run)
    this.restore(queued.filter(({ status }) => status === 'queued'))
    for (const id of cancel) this.#abort(id, `cancel:superseded by run ${by}`)
    this.#pump()
  }

  whenEnded(runId: number): Promise<RunEnd> {
    return this.#ends.when(runId)
  }

  async cancel(runId: number, by: string): Promise<CancelResult> {
    if (this.#abort(runId, `cancel:cancelled by ${by}`)) return 'stopping'
    const reason = `cancelled by ${by}`
    if (await this.#parts.store.cancelWaiting(runId, reason)) {
      this.#end(runId, reason)
      return 'cancelled'
    }
    if (this.#abort(runId, `cancel:${reason}`)) return 'stopping' // it began while we asked
    return (await this.#parts.store.run(runId)) ? 'ended' : 'unknown'
  }

  /** Runs of an earlier process. They come before any that were added since, for they have lower numbers. */
  restore(waiting: readonly Run[]): void {
    for (const run of waiting) if (!this.#gone.delete(run.id)) this.#backlog.add(run, Date.now())
  }

  /** Starts what waits, from now on. Until then runs only gather, so that recovery can come first. */
  open(): void {
    this.#open = true
    this.#pump()
  }

  /** Starts nothing more, gives running commands `drainMs` to end, then ends them. What waits, stays. */
  async stop(drainMs: number): Promise<void> {
    this.#open = false
    this.#alarm.set(null)
    const all = () => Promise.all([...this.#running.values()].map((running) => running.done))
    const timer = setTimeout(() => {
      this.#insist.giveUpAfter(STOP_TRIES_MS)
      for (const running of this.#running.values()) running.controller.abort('stop')
    }, drainMs)
    await all()
    clearTimeout(timer)
    this.#insist.giveUpAfter(STOP_TRIES_MS)
    await Promise.all(this.#unwritten)
  }

  #abort(runId: number, reason: string): boolean {
    const running = this.#running.get(runId)
    running?.controller.abort(reason)
    return running !== undefined
  }

  /** One that waited. */
  #end(runId: number, reason: string): void {
    if (!this.#backlog.remove(runId) && !this.#running.has(runId)) this.#gone.add(runId)
    this.#announce(runId, unstarted(reason))
  }

  #pump(): void {
    if (!this.#open) return
    while (!this.#full) {
      const run = this.#backlog.take(Date.now())
      if (!run) break
      this.#start(run, null)
    }
    // Where there is no room, the next end of a run looks again.
    this.#alarm.set(this.#full ? null : this.#backlog.due)
  }

  get #full(): boolean {
    return this.#running.size + this.#places.size >= this.#parts.maxParallel
  }

  /** Had there been a place for runs that wait, they would have it. */
  #keepPlace(run: Run): boolean {
    if (!this.#open || this.#full || !this.#backlog.reserve(run)) return false
    this.#places.add(run.id)
    return true
  }

  #giveUpPlace(run: Run): void {
    this.#places.delete(run.id)
    this.#backlog.release(run)
    this.#pump()
  }

  #start(run: Run, begun: Begun | null): void {
    const controller = new AbortController()
    this.#places.delete(run.id)
    const done = this.#see(run, begun, controller.signal).finally(() => {
      this.#running.delete(run.id)
      this.#backlog.release(run)
      this.#pump()
    })
    this.#running.set(run.id, { controller, done })
  }

  /** One run from `queued` to its end. Never throws: a store that refuses is asked until it agrees. */
  async #see(run: Run, already: Begun | null, signal: AbortSignal): Promise<void> {
    const { store, log } = this.#parts
    const hook = this.#parts.hook(run.hook)
    if (!hook) {
      const end = unstarted(`hook "${run.hook}" is no longer in the hooks file`)
      await this.#insist.on(() => store.finish(run.id, end))
      return this.#announce(run.id, end)
    }
    const begun = await this.#insist.on(() => this.#begin(run, hook, already))
    if (!begun) return
    this.#parts.moved?.(run.id)
    await this.#turns.next()
    if (!this.#open || signal.reason === 'stop') {
      await this.#insist.on(() => store.requeue(run.id)) // not started yet
      return
    }
    log.info({ run: run.id, hook: run.hook }, `    ${run.hook} #${run.id} started`)
    const end = await this.#execute(hook, begun, signal)
    tellEnd(log, begun.run, end)
    this.#write(run, end, hook)
    this.#announce(run.id, end)
  }

  /** A reload may have come between: then it begins anew, with the text that it will use. */
  async #begin(run: Run, hook: Hook, already: Begun | null): Promise<Begun | null> {
    if (already?.run.config === hook.config) return already
    if (already) await this.#parts.store.requeue(run.id)
    return this.#parts.store.begin(run.id, hook.config)
  }

  async #execute(hook: Hook, begun: Begun, signal: AbortSignal): Promise<RunEnd> {
    try {
      return await this.#parts.execute({ hook, ...begun }, signal)
    } catch (error) {
      this.#parts.log.error({ err: error, run: begun.run.id }, 'a run could not be carried out')
      return { ...unstarted(`runhook failed: ${messageOf(error)}`), status: 'failure' }
    }
  }

  /**
   * The end of a run is written with whatever else comes soon, and nobody waits for that: the Store
   * writes it before the next run of the group begins. A stop waits for all of it. The retry is written
   * with it, and waits here from then on.
   */
  #write(run: Run, end: RunEnd, hook: Hook): void {
    const plan = end.refused ? null : retryAfter(run, hook, end.status)
    const written = this.#insist
      .on(() => this.#parts.store.finish(run.id, end, plan))
      .then((retry) => {
        this.#unwritten.delete(written)
        if (!retry) return
        this.#parts.log.info({ run: retry.id }, `    ${run.hook} #${retry.id} waits: ${plan?.says}`)
        this.add({ queued: [retry], begun: [], superseded: [], cancel: [] })
      })
    this.#unwritten.add(written)
  }

  #announce(runId: number, end: RunEnd): void {
    this.#ends.announce(runId, end)
    this.#parts.moved?.(runId)
  }
}
