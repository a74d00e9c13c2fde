/**
 * Keeps what is stored within its bounds: by age, by number and by size. Every hour it goes round once, in
 * slices with pauses between, so that a history of any length is pruned beside the work; it stops after
 * the slice it is at. What to remove is decided here, how in prune.ts.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Keep } from '../model/config.ts'
import { oldOutputs } from './old-outputs.ts'
import { type EndedRun, type KeptOutputs, type Prune, type Rounds, SLICE } from './prune.ts'

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS
/** Deliveries are known again for so long at least: a host may repeat one after weeks. */
const KNOWN_MS = 90 * DAY_MS
/** More than any run can take, from its start with a text until its end. */
const RUN_MS = 30 * DAY_MS
/** A server that starts has other things to do first. */
const FIRST_MS = 10_000
/** How soon a round follows when the outputs have become too many. */
const SOON_MS = 5000
const PAUSE_MS = 25

/** What to keep, as the hooks file says now. */
export interface Policy {
  readonly server: Keep
  /** Hooks that say something of their own. */
  readonly hooks: ReadonlyMap<
    string,
    { readonly runs: number | null; readonly ageMs: number | null }
  >
  /** Hashes of the hooks' texts. */
  readonly configs: Iterable<string>
}

export interface RetentionParts {
  readonly prune: Prune
  readonly files: KeptOutputs
  readonly policy: () => Policy
  /** Left out where nobody else goes round. */
  readonly rounds?: Rounds
  readonly log: Log
}

type Slices = AsyncGenerator<void, void>

export class Retention {
  readonly #parts: RetentionParts
  #timer: NodeJS.Timeout | null = null
  #dueAt = 0
  #stopped = false
  #going: Promise<void> | null = null
  #tidiedAt = 0
  /** Of this round, for the log. */
  #removed = { bodies: 0, outputs: 0, runs: 0, deliveries: 0 }

  constructor(parts: RetentionParts) {
    this.#parts = parts
  }

  start(): void {
    this.#in(FIRST_MS)
  }

  /** A run has ended and its output is complete. */
  ended(runId: number): void {
    this.#parts.files.add(runId)
    if (this.#isTooMuch()) this.#in(SOON_MS)
  }

  /** Resolves when nothing more is touched. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#going
  }

  /** Goes round once, now. One round at a time. */
  round(pauseMs = PAUSE_MS): Promise<void> {
    this.#going ??= this.#inTurn(pauseMs).finally(() => {
      this.#going = null
    })
    return this.#going
  }

  #in(ms: number): void {
    const at = Date.now() + ms
    if (this.#stopped || (this.#timer && this.#dueAt <= at)) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#dueAt = at
    this.#timer = setTimeout(async () => {
      this.#timer = null
      await this.round()
      this.#in(HOUR_MS)
    }, ms).unref()
  }

  async #inTurn(pauseMs: number): Promise<void> {
    const { files, rounds, log } = this.#parts
    try {
      await files.count()
      const end = rounds ? await rounds.begin(this.#isTooMuch()) : async () => undefined
      if (end) await this.#goRound(pauseMs).finally(end)
    } catch (error) {
      log.warn(`nothing old could be removed: ${messageOf(error)}`)
    }
  }

  async #goRound(pauseMs: number): Promise<void> {
    this.#removed = { bodies: 0, outputs: 0, runs: 0, deliveries: 0 }
    const policy = this.#parts.policy()
    // Files first: where the disk is full, that makes the room which the rest needs.
    await this.#take('output files', this.#tidy(), pauseMs)
    await this.#take('runs', this.#runs(policy), pauseMs)
    await this.#take('outputs', this.#outputs(policy), pauseMs)
    await this.#take('payloads', this.#bodies(policy.server.bodiesMs), pauseMs)
    await this.#take('deliveries', this.#deliveries(policy), pauseMs)
    await this.#take('free pages', this.#vacuum(), pauseMs)
    const parts = Object.entries(this.#removed).filter(([, count]) => count > 0)
    if (parts.length === 0) return
    const what = parts.map(([name, count]) => `${count} ${name}`).join(', ')
    this.#parts.log.info(this.#removed, `    removed what was kept for its time: ${what}`)
  }

  /** What fails is told and tried again in the next round; the others go on. */
  async #take(what: string, slices: Slices, pauseMs: number): Promise<void> {
    try {
      for (;;) {
        if (this.#stopped || (await slices.next()).done) return
        await sleep(pauseMs, undefined, { ref: false })
      }
    } catch (error) {
      this.#parts.log.warn(`old ${what} could not be removed: ${messageOf(error)}`)
    }
  }

  async *#tidy(): Slices {
    if (Date.now() - this.#tidiedAt < DAY_MS) return
    const { files, prune } = this.#parts
    yield* files.tidy((from, to) => prune.runIds(from, to))
    this.#tidiedAt = Date.now()
  }

  async *#outputs(policy: Policy): Slices {
    const parts = { ...this.#parts, isTooMuch: () => this.#isTooMuch() }
    for await (const count of oldOutputs(policy, parts)) {
      this.#removed.outputs += count
      yield
    }
  }

  #isTooMuch(): boolean {
    return this.#parts.files.bytes > this.#parts.policy().server.outputBytes
  }

  async *#bodies(keptMs: number): Slices {
    for (;;) {
      const count = await this.#parts.prune.bodies(Date.now() - keptMs)
      if (count === 0) return
      this.#removed.bodies += count
      yield
    }
  }

  async *#runs({ server, hooks }: Policy): Slices {
    for (const [hook, { runs, ageMs }] of hooks) {
      const floor = runs === null ? null : await this.#parts.prune.oldestOfLast(hook, runs)
      if (floor !== null) yield* this.#walk(hook, (run) => run.id < floor)
      if (ageMs !== null) yield* this.#walk(hook, isBefore(Date.now() - ageMs))
    }
    const isOld = isBefore(Date.now() - server.historyMs)
    yield* this.#walk(undefined, isOld, (run) => (hooks.get(run.hook)?.ageMs ?? null) !== null)
  }

  /** From the oldest run on, to a slice in which none is old. */
  async *#walk(
    hook: string | undefined,
    isOld: (run: EndedRun) => boolean,
    isSpared: (run: EndedRun) => boolean = () => false,
  ): Slices {
    let after = 0
    for (;;) {
      const runs = await this.#parts.prune.runsAfter(after, hook)
      const old = runs.filter(isOld)
      const last = runs.at(-1)
      if (!last || old.length === 0) return
      after = last.id
      await this.#removeRuns(old.filter((run) => run.finishedAt !== null && !isSpared(run)))
      yield
      if (runs.length < SLICE) return
    }
  }

  async #removeRuns(all: readonly EndedRun[]): Promise<void> {
    const newest = await this.#parts.prune.newestRun()
    const runs = all.filter((run) => run.id !== newest)
    if (runs.length === 0) return
    const ids = runs.map((run) => run.id)
    await this.#parts.files.remove(ids)
    await this.#parts.prune.runs(ids)
    this.#removed.runs += runs.length
  }

  async *#deliveries({ server, hooks, configs }: Policy): Slices {
    const ages = [...hooks.values()].map(({ ageMs }) => ageMs ?? 0)
    const longest = Math.max(server.historyMs, ...ages)
    await this.#parts.prune.configs(configs, Date.now() - longest - RUN_MS)
    const before = Date.now() - Math.max(server.historyMs, server.bodiesMs, KNOWN_MS)
    let after: number | null = 0
    while (after !== null) {
      const slice = await this.#parts.prune.deliveries(after, before)
      after = slice.next
      this.#removed.deliveries += slice.removed
      yield
    }
  }

  async *#vacuum(): Slices {
    while (await this.#parts.prune.vacuum()) yield
  }
}

/** A run that waits or runs is old by when it was queued, so that a walk goes on past it. */
function isBefore(time: number): (run: EndedRun) => boolean {
  return (run) => (run.finishedAt ?? run.queuedAt) < time
}
