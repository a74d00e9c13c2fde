/**
 * A worker of a fleet: claims as many runs as it has room for, carries them out and says how they ended. What it
 * has, it has by lease. When it cannot renew that, it ends its own commands before another may begin them
 * (lease.ts), and takes nothing until the database answers again; should it not even be able to do that, its
 * guard does (guard.ts).
 */

import { messageOf } from '../errors.ts'
import { formatDuration } from '../hooks/duration.ts'
import type { Beat, WorkerIdentity } from '../postgres/contract.ts'
import type { Word } from '../postgres/notices.ts'
import { Insist } from '../run/insist.ts'
import { Turns } from '../run/turns.ts'
import { Away } from './away.ts'
import type { ClaimedParts } from './claimed.ts'
import { sinceBoot } from './clock.ts'
import { formerlyGuarded, Guard } from './guard.ts'
import { Heart } from './heart.ts'
import { Intake } from './intake.ts'
import { Lease, type Stage } from './lease.ts'
import type { Machine } from './machine.ts'
import { type MemberParts, Membership, type Registered } from './membership.ts'

export interface WorkerParts extends ClaimedParts, Omit<MemberParts, 'claims'> {
  readonly identity: WorkerIdentity
  readonly machine: Machine
  /** Names of the queues that it takes runs from, as `wake` says them. */
  readonly queues: readonly string[]
}

/** Shells that wait for their first command; more are made when more run at once. */
const SLOTS_AHEAD = 4
/** For how long a worker that stops asks a database that does not answer. */
const STOP_TRIES_MS = 5000

export class FleetWorker {
  readonly #parts: WorkerParts
  readonly #queues: ReadonlySet<string>
  readonly #away: Away
  readonly #insist: Insist
  readonly #member: Membership
  readonly #lease: Lease
  readonly #heart: Heart
  #starting: Promise<void> = Promise.resolve()
  #draining: Promise<void> | null = null
  #guard: Guard | null = null
  #intake: Intake | null = null
  #stopping = false
  /** The guard has the deadline that it should have. */
  #told = false
  /** The guard may still be ending what was ours. */
  #replacing = false

  constructor(parts: WorkerParts) {
    this.#parts = parts
    this.#queues = new Set(parts.queues)
    this.#away = new Away(parts.log)
    this.#insist = new Insist(parts.log)
    this.#member = new Membership(parts, this.#away, this.#insist)
    this.#lease = new Lease(parts.identity.leaseMs, sinceBoot)
    this.#heart = new Heart({
      lease: this.#lease,
      now: sinceBoot,
      claims: () => this.#intake?.claims ?? [],
      beat: (claims) => this.#member.beat(claims),
      renewed: (beat) => this.#renewed(beat),
      turned: (stage, before) => this.#turned(stage, before),
      away: this.#away,
    })
  }

  /** Commands under way. */
  get running(): number {
    return this.#intake?.running.length ?? 0
  }

  /**
   * Makes itself known, settles what an earlier life has left, and begins to take runs; resolves then, which
   * may be long after the start of a process whose database is away. Rejects with `conflict` when another
   * worker of its name lives on.
   */
  start(): Promise<void> {
    this.#starting = this.#start()
    return this.#starting
  }

  /** Somebody else has done something, perhaps for this worker. */
  hear(word: Word): void {
    if (word.kind === 'wake' && this.#queues.has(word.queue)) this.wake()
    // With the next renewal comes who wants what.
    if (word.kind === 'cancel' && this.#intake?.get(word.run)) void this.#heart.beat()
  }

  /** Something may wait for this worker. */
  wake(): void {
    this.#intake?.wake()
  }

  /** Takes nothing more, gives running commands `drainMs` to end, then ends them, and signs off. */
  drain(drainMs: number): Promise<void> {
    this.#draining ??= this.#drain(drainMs)
    return this.#draining
  }

  /** Ends running commands now, while a `drain` waits for them. */
  hurry(): void {
    this.#insist.giveUpAfter(STOP_TRIES_MS)
    const { name } = this.#parts.identity
    this.#abortAll(`worker ${name} was stopped while it was running`)
  }

  async #drain(drainMs: number): Promise<void> {
    this.#stopping = true
    const timer = setTimeout(() => this.hurry(), drainMs)
    await this.#starting.catch(() => undefined) // whoever started it has been told
    this.#intake?.close()
    await this.#intake?.executed()
    clearTimeout(timer)
    this.#insist.giveUpAfter(STOP_TRIES_MS)
    await this.#intake?.settled()
    this.#heart.stop()
    await this.#member.leave()
    await this.#guard?.close()
  }

  async #start(): Promise<void> {
    const { machine, identity, log } = this.#parts
    const folder = machine.folder.path
    const former = formerlyGuarded(folder)
    await machine.endFormer(former, log) // whatever the database says of them: it may be away
    const cgroupBase = machine.holding.cgroups?.base ?? null
    const { token, leaseMs } = identity
    const guard = await Guard.open({ folder, token, cgroupBase, leaseMs, log })
    this.#guard = guard
    const registered = await this.#register()
    if (registered === null) return
    const unknown = registered.runs.map(({ id }) => id).filter((id) => !former.includes(id))
    if (unknown.length > 0) await machine.endFormer(unknown, log)
    await this.#member.settle(registered.runs, machine.started.read())
    if (this.#stopping) return
    machine.started.clear()
    machine.slots.prepare(Math.min(identity.slots, SLOTS_AHEAD))
    this.#intake = this.#intakeOf(guard)
    this.#intake.open()
  }

  async #register(): Promise<Registered | null> {
    const registered = await this.#member.register(() => this.#stopping)
    if (registered === null) return null
    this.#lease.renewed(registered.sentAt, [])
    this.#tellGuard()
    this.#heart.start()
    return registered
  }

  #intakeOf(guard: Guard): Intake {
    const { identity, machine } = this.#parts
    const mine = { insist: this.#insist, turns: new Turns(), guard }
    return new Intake({
      slots: identity.slots,
      lease: this.#lease,
      away: this.#away,
      mayTake: () => this.#told && !this.#replacing && guard.stands,
      idle: () => machine.started.tidy(),
      tools: { ...this.#parts, ...mine },
    })
  }

  #renewed({ lost, cancel }: Beat): void {
    this.#tellGuard()
    for (const [id, reason] of cancel) this.#intake?.get(id)?.abort(`cancel:${reason}`)
    if (lost.length === 0) return
    const runs = lost.filter((id) => this.#intake?.running.includes(id)) // others have ended, and need no answer
    if (runs.length > 0)
      this.#parts.log.warn({ runs }, `    lost to others, and ended here: ${runs}`)
    for (const id of lost) this.#intake?.get(id)?.lose()
    void this.#parts.machine.kill(lost)
  }

  /** A guard that cannot be told will end all that runs: then it is better ended with its reason. */
  #tellGuard(): void {
    const { identity, log } = this.#parts
    try {
      this.#guard?.renewed(this.#lease.since)
      this.#told = true
    } catch (thrown) {
      const why = `worker ${identity.name} could not renew its guard: ${messageOf(thrown)}`
      if (this.#told) log.error(`    ${why}`)
      this.#told = false
      this.#abortAll(why)
    }
  }

  #turned(stage: Stage, before: Stage): void {
    if (stage === 'held') return void this.#recover(before)
    const { identity, machine, log } = this.#parts
    const without = formatDuration(identity.leaseMs / 2)
    const why = `worker ${identity.name} could not reach the database for ${without}`
    if (before === 'held') {
      log.error(`    ${why}: ending what runs here, so that another may take over`)
      this.#abortAll(`${why}, so that another may take over`)
    }
    if (stage === 'over') void machine.killAll(this.#intake?.running ?? [])
  }

  /** After so long the guard may be at its work, and must not meet what begins now. */
  async #recover(before: Stage): Promise<void> {
    if (before === 'over') {
      this.#replacing = true
      await this.#guard?.replace()
      this.#replacing = false
      void this.#member.catchUp() // others took it to be away, and passed it by
    }
    this.#parts.log.info('    the database is in reach again; taking runs')
    this.wake()
  }

  #abortAll(reason: string): void {
    this.#intake?.abortAll(`interrupt:${reason}`)
  }
}
