/**
 * The queue of this process: takes waiting runs in order, one at a time per group, up to the server's
 * limit, and sees each through to its end. What is waiting or running stands in the Store first; this
 * file only ever repeats it in memory, so a crash at any instant loses nothing.
 */

import { EventEmitter, once } from 'node:events'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Hook, Run, RunEnd, StoredDelivery } from '../model.ts'
import type { Accepted, Store } from '../record/store.ts'

export interface QueueParts {
  readonly store: Store
  readonly log: Log
  readonly maxParallel: number
  /** The hook as the config has it now; undefined when it is gone. */
  readonly hook: (name: string) => Hook | undefined
  readonly execute: (
    work: { hook: Hook; run: Run; delivery: StoredDelivery },
    signal: AbortSignal,
  ) => Promise<RunEnd>
}

/** How long to wait before asking a store again that refused, and for how long while stopping. */
const RETRY_MS = 1000
const STOP_TRIES_MS = 5000

interface Running {
  readonly controller: AbortController
  readonly done: Promise<void>
}

export class Queue {
  readonly #parts: QueueParts
  /** In the order they were queued. */
  readonly #waiting = new Map<number, Run>()
  readonly #running = new Map<number, Running>()
  readonly #busyGroups = new Set<string>()
  readonly #unwritten = new Set<Promise<void>>()
  readonly #ended = new EventEmitter<Record<string, [RunEnd]>>().setMaxListeners(0)
  #turn: Promise<void> = Promise.resolve()
  #open = false
  /** When a stop gives up on a store that refuses; the next start finds what was not written. */
  #giveUpAt = Number.POSITIVE_INFINITY

  constructor(parts: QueueParts) {
    this.#parts = parts
  }

  get counts(): { waiting: number; running: number } {
    return { waiting: this.#waiting.size, running: this.#running.size }
  }

  /** Takes over what the Store accepted: new runs, those they replaced, those they want ended. */
  add(accepted: Pick<Accepted, 'queued' | 'superseded' | 'cancel'>): void {
    const by = accepted.queued.at(-1)?.id
    for (const id of accepted.superseded) {
      this.#waiting.delete(id)
      this.#announce(id, unstarted(`superseded by run ${by}`))
    }
    for (const run of accepted.queued) this.#waiting.set(run.id, run)
    for (const id of accepted.cancel) this.#abort(id, `cancel:superseded by run ${by}`)
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
      this.#waiting.delete(runId)
      this.#announce(runId, unstarted(reason))
      return 'cancelled'
    }
    if (this.#abort(runId, `cancel:${reason}`)) return 'stopping' // it began while we asked
    return (await this.#parts.store.run(runId)) ? 'ended' : 'unknown'
  }

  /** Runs of an earlier process come before any that were added since. */
  restore(waiting: readonly Run[]): void {
    const since = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const run of [...waiting, ...since]) this.#waiting.set(run.id, run)
  }

  /** Starts what waits, from now on. Until then runs only gather, so that recovery can come first. */
  open(): void {
    this.#open = true
    this.#pump()
  }

  /** Starts nothing more, gives running commands `drainMs` to end, then ends them. What waits, stays. */
  async stop(drainMs: number): Promise<void> {
    this.#open = false
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

  #pump(): void {
    if (!this.#open) return
    for (const run of this.#waiting.values()) {
      if (this.#running.size >= this.#parts.maxParallel) return
      if (run.group !== null && this.#busyGroups.has(run.group)) continue
      this.#waiting.delete(run.id)
      this.#start(run)
    }
  }

  #start(run: Run): void {
    const controller = new AbortController()
    if (run.group !== null) this.#busyGroups.add(run.group)
    const done = this.#see(run, controller.signal).finally(() => {
      this.#running.delete(run.id)
      if (run.group !== null) this.#busyGroups.delete(run.group)
      this.#pump()
    })
    this.#running.set(run.id, { controller, done })
  }

  /** One run from `queued` to its end. Never throws: a store that refuses is asked until it agrees. */
  async #see(run: Run, signal: AbortSignal): Promise<void> {
    const { store, log } = this.#parts
    const hook = this.#parts.hook(run.hook)
    if (!hook) {
      const reason = `hook "${run.hook}" is no longer in the hooks file`
      await this.#insist(() => store.cancelWaiting(run.id, reason))
      return this.#announce(run.id, unstarted(reason))
    }
    const begun = await this.#insist(() => store.begin(run.id, hook.config))
    if (!begun) return
    await this.#ownTurn()
    if (signal.reason === 'stop') {
      await this.#insist(() => store.requeue(run.id)) // not started yet
      return
    }
    log.info({ run: run.id, hook: run.hook }, `    ${run.hook} #${run.id} started`)
    const end = await this.#execute(hook, begun, signal)
    this.#write(() => store.finish(run.id, end))
    this.#tell(begun.run, end)
    this.#announce(run.id, end)
  }

  async #execute(
    hook: Hook,
    begun: { run: Run; delivery: StoredDelivery },
    signal: AbortSignal,
  ): Promise<RunEnd> {
    try {
      return await this.#parts.execute({ hook, ...begun }, signal)
    } catch (error) {
      this.#parts.log.error({ err: error, run: begun.run.id }, 'a run could not be carried out')
      return { ...unstarted(`runhook failed: ${messageOf(error)}`), status: 'failure' }
    }
  }

  /**
   * The end of a run is written with whatever else comes soon, and nobody waits for that: the Store
   * writes it before the next run of the group begins. A stop waits for all of it.
   */
  #write(work: () => Promise<void>): void {
    const written = this.#insist(work).then(() => void this.#unwritten.delete(written))
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
  }

  #tell(run: Run, end: RunEnd): void {
    const took = `${((Date.now() - (run.startedAt ?? run.queuedAt)) / 1000).toFixed(1)}s`
    const why = end.reason ? `: ${end.reason}` : ''
    this.#parts.log[end.status === 'success' ? 'info' : 'warn'](
      {
        run: run.id,
        hook: run.hook,
        status: end.status,
        exitCode: end.exitCode,
        reason: end.reason,
      },
      `    ${run.hook} #${run.id} ${end.status} in ${took}${why}`,
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
