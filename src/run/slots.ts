/**
 * The slots of a server: made when they are first needed, used again, replaced when they have died. A
 * slot goes back only when nothing of its job is left in its process group.
 */

import { type Cgroup, cgroupTree } from './cgroup.ts'
import type { Cgroups } from './cgroups.ts'
import type { CommandSpec } from './command.ts'
import { groupTree, signalGroup } from './group.ts'
import { membersSince, newestId, type ProcessFacts } from './proc.ts'
import { type Exit, openSlot, type Slot } from './slot.ts'
import { mayStart } from './spawn-problem.ts'
import type { StartedLine } from './started.ts'
import { entryOf } from './terms.ts'
import type { Tree } from './tree.ts'

/** A command under way in a slot. */
export interface SlotJob {
  /** As what holds it is known by now. */
  readonly tree: () => Tree
  /** The slot's shell: among the processes, but not of the command. */
  readonly shell: number
  /** Holds all of its processes; null where there is none, and some may get away. */
  readonly cgroup: () => Cgroup | null
  readonly exit: Promise<Exit>
  /** Ends the shell too, when it does not report. */
  kill(): void
  /** What the command started and left behind, at little cost. */
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
  readonly #cgroups: Cgroups | null
  #closed = false

  /**
   * `marker` names the shells in their environment, as RUNHOOK_RUN, so that a later server finds them. Each
   * lives in a control group of its own where there are any.
   */
  constructor(marker = '', cgroups: Cgroups | null = null) {
    this.#marker = marker
    this.#cgroups = cgroups
  }

  /** Opens slots ahead of their use, one per turn of the event loop: each costs a fork. */
  prepare(count: number): void {
    if (this.#closed || this.#free.length >= count) return
    const slot = this.#open()
    if (slot === null) return
    this.#free.push(slot)
    setImmediate(() => this.prepare(count))
  }

  /**
   * Starts a command whose output goes into the FIFO. Null when it should be started without a slot:
   * there is none to be had, or it would fail and the plain way can say why.
   */
  start(spec: CommandSpec, fifo: string, started: StartedLine | null): SlotJob | null {
    if (!fitsSlot(spec) || !this.#mayStart(spec) || 'problem' in entryOf(spec, false)) return null
    const slot = this.#take()
    if (slot === null) return null
    const { group, cgroup } = slot
    const since = cgroup === null ? newestId() : null
    const limited = this.#limit(spec, cgroup)
    return {
      tree: () =>
        slot.cgroup === null ? groupTree(group, group) : cgroupTree(slot.cgroup, group, group),
      shell: group,
      cgroup: () => slot.cgroup,
      exit: slot.start({ spec, fifo, started, limited }),
      kill() {
        cgroup?.kill()
        signalGroup(group, 'SIGKILL')
      },
      left() {
        const found = slot.cgroup?.members() ?? membersSince(group, since)
        return found.filter(({ pid }) => pid !== group)
      },
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
    return this.#open()
  }

  #open(): Slot | null {
    const cgroup = this.#cgroups?.take() ?? null
    const slot = openSlot(this.#marker, cgroup)
    // Whatever comes of the slot, the group is used again when it is empty, which it is not before.
    if (cgroup !== null)
      slot === null
        ? this.#cgroups?.release(cgroup)
        : slot.whenGone(() => this.#cgroups?.release(cgroup))
    return slot
  }

  #release(slot: Slot, clean: boolean): void {
    if (clean && slot.alive && !this.#closed) this.#free.push(slot)
    else slot.close()
  }

  /** True where memory and processes are limited by the control group; a limit of the job before is taken back. */
  #limit({ terms }: CommandSpec, cgroup: Cgroup | null): boolean {
    if (cgroup === null || this.#cgroups?.noControllers !== null) return false
    return cgroup.limit(terms?.limits ?? { memory: null, pids: null })
  }
}

function fitsSlot(spec: CommandSpec): boolean {
  const words = [...spec.argv, ...Object.values(spec.env)]
  const length = words.reduce((sum, word) => sum + word.length, 0)
  return length <= LONGEST_JOB && fitsShell(spec) && !words.some((word) => word.includes('\0'))
}

/** A shell passes on only variables that have a name for it. */
export function fitsShell({ env }: CommandSpec): boolean {
  return Object.keys(env).every((name) => NAME.test(name))
}
