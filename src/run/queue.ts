/**
 * The queue of this process: takes waiting runs in order, as far as groups, hooks and the server allow (see
 * backlog.ts), and sees each through to its end and to the retry that may follow. What is waiting or running
 * stands in the Store first; this file only ever repeats it in memory, so a crash at any instant loses
 * nothing.
 */

import { EventEmitter, once } from 'node:events'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Hook, Run, RunEnd } from '../model.ts'
import type { Accept, Accepted, Begun, Store } from '../record/store.ts'
import { Backlog } from './backlog.ts'
import { retryAfter } from './retry.ts'

export interface QueueParts {
  readonly store: Store
  readonly log: Log
  readonly maxParallel: number
  /** The hook as the config has it now; undefined when it is gone. */
  readonly hook: (name: string) => Hook | undefined
  readonly execute: (work: Begun & { hook: Hook }, signal: AbortSignal) => Promise<RunEnd>
  /** Told of each run that has started or ended, once the Store knows. */
  readonly moved?: (runId: number) => void
}

/** How long to wait before asking a store again that refused, and for how long while stopping. */
const RETRY_MS = 1000
const STOP_TRIES_MS = 5000
/** The clock is looked at again this soon, for a timer does not notice when it is set. */
const LONGEST_NAP_MS = 60_000

interface Running {
  readonly controller: AbortController
  readonly done: Promise<void>
}

export class Queue {
  readonly #parts: QueueParts
  readonly #backlog: Backlog
  /** Superseded or cancelled before they were heard of here. */
  readonly #gone = new Set<number>()
  /** Kept for runs that begin with the delivery that is being stored. */
  readonly #places = new Set<number>()
  readonly #running = new Map<number, Running>()
  readonly #unwritten = new Set<Promise<void>>()
  readonly #ended = new EventEmitter<Record<string, [RunEnd]>>().setMaxListeners(0)
  #turn: Promise<void> = Promise.resolve()
  #open = false
  #alarm: NodeJS.Timeout | undefined
  /** When a stop gives up on a store that refuses; the next start finds what was not written. */
  #giveUpAt = Number.POSITIVE_INFINITY

  constructor(parts: QueueParts) {
    this.#parts = parts
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
    const places: Run[] = []
    const mayBegin = (run: Run) => {
      const free = this.#keepPlace(run)
      if (free) places.push(run)
      return free
    }
    try {
      const { store } = this.#parts
      const accepted = await store.accept(delivery, verdicts, wanted, redelivers, mayBegin)
      this.add(accepted)
      return accepted
    } catch (error) {
      for (const run of places) this.#giveUpPlace(run)
      throw error
    }
  }

  /** Takes over what the Store accepted: new runs, those they replaced, those they want ended. */
  add(accepted: Omit<Accepted, 'delivery'>): void {
    const { queued, begun, superseded, cancel } = accepted
    const by = queued.at(-1)?.id
    for (const id of superseded) {
      this.#drop(id)
      this.#announce(id, unstarted(`superseded by run ${by}`))
    }
    for (const run of begun) this.#start(run.run, run)
    this.restore(queued.filter(({ status }) => status === 'queued'))
    for (const id of cancel) this.#abort(id, `cancel:superseded by run ${by}`)
    this.#pump()
  }

  /** Resolves when the run has ended. Ask before it can have: in the turn in which it was added. */
  async whenEnded(runId: number): Promise<RunEnd> {
    const [end] = await once(this.#ended, String(runId))
    return end
  }

  async cancel(runId: number, by: string): Promise<'cancelled' | 'stopping' | 'ended' | 'unknown'> {
    if (this.#abort(runId, `cancel:cancelled by ${by}`)) return 'stopping'
    const reason = `cancelled by ${by}`
    if (await this.#parts.store.cancelWaiting(runId, reason)) {
      this.#drop(runId)
      this.#announce(runId, unstarted(reason))
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
    clearTimeout(this.#alarm)
    const all = () => Promise.all([...this.#running.values()].map((running) => running.done))
    const timer = setTimeout(() => {
      this.#giveUpAt = performance.now() + STOP_TRIES_MS
      for (const running of this.#running.values()) running.controller.abort('stop')
    }, drainMs)
    await all()
    clearTimeout(timer)
    this.#giveUpAt = Math.min(this.#giveUpAt, performance.now() + STOP_TRIES_MS)
    await Promise.all(this.#unwritten)
  }

  #abort(runId: number, reason: string): boolean {
    const running = this.#running.get(runId)
    running?.controller.abort(reason)
    return running !== undefined
  }

  #drop(runId: number): void {
    if (!this.#backlog.remove(runId) && !this.#running.has(runId)) this.#gone.add(runId)
  }

  #pump(): void {
    if (!this.#open) return
    while (!this.#full) {
      const run = this.#backlog.take(Date.now())
      if (!run) break
      this.#start(run, null)
    }
    clearTimeout(this.#alarm)
    const { due } = this.#backlog
    // Where there is no room, the next end of a run looks again.
    if (due === null || this.#full) return
    const nap = Math.min(Math.max(1, due - Date.now()), LONGEST_NAP_MS)
    this.#alarm = setTimeout(() => this.#pump(), nap)
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
      await this.#insist(() => store.finish(run.id, end))
      return this.#announce(run.id, end)
    }
    const begun = await this.#insist(() => this.#begin(run, hook, already))
    if (!begun) return
    this.#parts.moved?.(run.id)
    await this.#ownTurn()
    if (!this.#open || signal.reason === 'stop') {
      await this.#insist(() => store.requeue(run.id)) // not started yet
      return
    }
    log.info({ run: run.id, hook: run.hook }, `    ${run.hook} #${run.id} started`)
    const end = await this.#execute(hook, begun, signal)
    this.#tell(begun.run, end)
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
    const plan = retryAfter(run, hook, end.status)
    const written = this.#insist(() => this.#parts.store.finish(run.id, end, plan)).then(
      (retry) => {
        this.#unwritten.delete(written)
        if (!retry) return
        this.#parts.log.info({ run: retry.id }, `    ${run.hook} #${retry.id} waits: ${plan?.says}`)
        this.add({ queued: [retry], begun: [], superseded: [], cancel: [] })
      },
    )
    this.#unwritten.add(written)
  }

  /** Null when the server is stopping and the store would not have it. */
  async #insist<T>(work: () => Promise<T>): Promise<T | null> {
    while (performance.now() < this.#giveUpAt) {
      try {
        return await work()
      } catch (error) {
        this.#parts.log.error({ err: error }, `${messageOf(error)} Trying again in a second.`)
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
    return null
  }

  /** One start per turn of the event loop: forking holds it up, and deliveries wait to be answered. */
  #ownTurn(): Promise<void> {
    this.#turn = this.#turn.then(() => new Promise((resolve) => setImmediate(resolve)))
    return this.#turn
  }

  #announce(runId: number, end: RunEnd): void {
    this.#ended.emit(String(runId), end)
    this.#parts.moved?.(runId)
  }

  #tell(run: Run, end: RunEnd): void {
    const took = `${((Date.now() - (run.startedAt ?? run.queuedAt)) / 1000).toFixed(1)}s`
    const { status, exitCode, reason } = end
    this.#parts.log[status === 'success' ? 'info' : 'warn'](
      { run: run.id, hook: run.hook, status, exitCode, reason },
      `    ${run.hook} #${run.id} ${status} in ${took}${reason ? `: ${reason}` : ''}`,
    )
  }
}

/** The end of a run that never started a command. */
export function unstarted(reason: string): RunEnd {
  return {
    status: 'cancelled',
    exitCode: null,
    signal: null,
    reason,
    outputBytes: 0,
    outputCut: 0,
    steps: [],
  }
}
