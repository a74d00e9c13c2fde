/**
 * The slots of a server: made when they are first needed, used again, replaced when they have died. A
 * slot goes back only when nothing of its job is left in its process group.
 */

import type { CommandSpec } from './command.ts'
import { membersSince, newestId, type ProcessFacts } from './proc.ts'
import { type Exit, openSlot, type Slot } from './slot.ts'
import { mayStart } from './spawn-problem.ts'
import type { StartedLine } from './started.ts'

/** A command under way in a slot. */
export interface SlotJob {
  readonly group: number
  /** The slot's shell: in the group, but not of the command. */
  readonly shell: number
  readonly exit: Promise<Exit>
  /** Ends the shell too, when it does not report. */
  kill(): void
  /** What the command started and left in the group. */
  left(): ProcessFacts[]
  /** The job is over. The slot is used again only if nothing is left. */
  release(clean: boolean): void
}

/** A variable's name that a shell's `export` takes. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Longer jobs are started by forking: they are rare, and the system may refuse them as too long. */
const LONGEST_JOB = 64 * 1024

const LOOK_AGAIN_MS = 1000
const PROGRAMS_KEPT = 100

export class Slots {
  readonly #free: Slot[] = []
  readonly #startable = new Map<string, number>()
  readonly #marker: string
  #closed = false

  /** `marker` names the shells in their environment, as RUNHOOK_RUN, so that a later server finds them. */
  constructor(marker = '') {
    this.#marker = marker
  }

  /** Opens slots ahead of their use, one per turn of the event loop: each costs a fork. */
  prepare(count: number): void {
    if (this.#closed || this.#free.length >= count) return
    const slot = openSlot(this.#marker)
    if (slot === null) return
    this.#free.push(slot)
    setImmediate(() => this.prepare(count))
  }

  /**
   * Starts a command whose output goes into the FIFO. Null when it should be started without a slot:
   * there is none to be had, or it would fail and the plain way can say why.
   */
  start(spec: CommandSpec, fifo: string, started: StartedLine | null): SlotJob | null {
    if (!fitsSlot(spec) || !this.#mayStart(spec)) return null
    const slot = this.#take()
    if (slot === null) return null
    const since = newestId()
    return {
      group: slot.group,
      shell: slot.group,
      exit: slot.start(spec, fifo, started),
      kill: () => killGroup(slot.group),
      left: () => membersSince(slot.group, since).filter(({ pid }) => pid !== slot.group),
      release: (clean) => this.#release(slot, clean),
    }
  }

  /** Waiting shells end; one that carries a job ends after it. */
  close(): void {
    this.#closed = true
    for (const slot of this.#free.splice(0)) slot.close()
  }

  /** A look at the disk for the same program every second is enough: only an error's wording hangs on it. */
  #mayStart(spec: CommandSpec): boolean {
    const key = `${spec.workingDirectory}\0${spec.argv[0]}\0${spec.env.PATH}`
    const now = performance.now()
    const seen = this.#startable.get(key)
    if (seen !== undefined && now - seen < LOOK_AGAIN_MS) return true
    if (this.#startable.size >= PROGRAMS_KEPT) this.#startable.clear()
    const may = mayStart(spec)
    if (may) this.#startable.set(key, now)
    else this.#startable.delete(key)
    return may
  }

  #take(): Slot | null {
    for (let slot = this.#free.pop(); slot !== undefined; slot = this.#free.pop()) {
      if (slot.alive) return slot
    }
    return openSlot(this.#marker)
  }

  #release(slot: Slot, clean: boolean): void {
    if (clean && slot.alive && !this.#closed) this.#free.push(slot)
    else slot.close()
  }
}

function fitsSlot({ argv, env }: CommandSpec): boolean {
  const words = [...argv, ...Object.values(env)]
  const length = words.reduce((sum, word) => sum + word.length, 0)
  return (
    length <= LONGEST_JOB &&
    Object.keys(env).every((name) => NAME.test(name)) &&
    !words.some((word) => word.includes('\0'))
  )
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}
