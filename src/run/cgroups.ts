/**
 * The control groups of a server: where they can be made, one for each slot or forked command, used again
 * when empty. Their names hold the data directory's token, so that the next server finds what a crash left.
 */

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cgroup, cgroupTree, makeCgroup } from './cgroup.ts'
import { enableControllers } from './controllers.ts'
import { endTree, type TreeEnd } from './tree.ts'

export class Cgroups {
  /** The server's own control group, in which it makes others. */
  readonly base: string
  /** Why memory and processes cannot be limited by them; null when they can. */
  noControllers: string | null = 'no hook asked for it'
  readonly #prefix: string
  readonly #free: Cgroup[] = []
  /** Something lived in them when they were given back. */
  #occupied: Cgroup[] = []
  readonly #made = new Set<string>()
  /** What holds what runs kept: each goes when it is found empty. */
  readonly #keepers = new Map<string, Cgroup>()
  #count = 0

  constructor(base: string, token: string) {
    this.base = base
    this.#prefix = `runhook-${token}-`
  }

  /** For limits. The answer is in `noControllers`; may be asked again. */
  wantControllers(): void {
    this.noControllers = enableControllers(this.base)
  }

  /** An empty one; null when none can be made now. */
  take(): Cgroup | null {
    this.#occupied = this.#occupied.filter((cgroup) => !this.#reuse(cgroup))
    return this.#free.pop() ?? this.#make()
  }

  /** It is used again once nothing is in it any more. */
  release(cgroup: Cgroup): void {
    if (!this.#reuse(cgroup)) this.#occupied.push(cgroup)
  }

  /** Where processes go that a run may leave behind: they are ended only if this run is. */
  keeperOf(runId: string): Cgroup | null {
    this.#tidyKeepers()
    const path = this.#keeperPath(runId)
    try {
      const keeper = makeCgroup(path) ?? new Cgroup(path)
      this.#keepers.set(path, keeper)
      return keeper
    } catch {
      return null
    }
  }

  /** Ends what a run kept. Null when it kept nothing. */
  async endKept(runId: string, graceMs: number): Promise<TreeEnd | null> {
    const path = this.#keeperPath(runId)
    if (!existsSync(path)) return null
    return endTree(cgroupTree(new Cgroup(path), null, null), graceMs)
  }

  /** KILL to all that runs have started, the slots' shells among it; what was kept lives. */
  kill(): void {
    for (const path of this.#made) new Cgroup(path).kill()
  }

  /**
   * Removes them once the shells in them have ended, which were told to before; what is still occupied after
   * a second is the next server's to look after.
   */
  async close(): Promise<void> {
    this.#free.length = 0
    this.#tidyKeepers()
    const deadline = performance.now() + 1000
    let left = [...this.#made].map((path) => new Cgroup(path))
    for (;;) {
      left = left.filter((cgroup) => !cgroup.remove())
      if (left.length === 0 || performance.now() > deadline) return
      await sleep(10)
    }
  }

  /** Else each deploy that restarts a daemon would leave the empty group of the one before. */
  #tidyKeepers(): void {
    for (const [path, keeper] of this.#keepers) if (keeper.remove()) this.#keepers.delete(path)
  }

  #keeperPath(runId: string): string {
    return join(this.base, `${this.#prefix}kept-${runId}`)
  }

  #reuse(cgroup: Cgroup): boolean {
    if (!cgroup.isEmpty()) return false
    if (existsSync(cgroup.path)) this.#free.push(cgroup)
    return true
  }

  #make(): Cgroup | null {
    try {
      for (;;) {
        const path = join(this.base, `${this.#prefix}${++this.#count}`)
        const made = makeCgroup(path)
        if (made !== null) {
          this.#made.add(path)
          return made
        }
      }
    } catch {
      return null
    }
  }

  /**
   * Ends what an earlier server of this data directory left in control groups under these folders, and
   * removes those. What runs kept stays, unless the run is one of `runIds`. Resolves with the pids found.
   */
  async endStale(bases: readonly string[], runIds: readonly number[], graceMs: number) {
    const found = [...new Set(bases)]
      .flatMap((base) => this.#namesIn(base).map((name) => join(base, name)))
      .filter((path) => !this.#made.has(path))
      .map((path) => new Cgroup(path))
    const stale = found.filter(({ path }) => this.#isStale(path, runIds))
    for (const kept of found) if (!stale.includes(kept)) this.#keepers.set(kept.path, kept)
    const ended = stale.map(async (cgroup) => {
      const pids = cgroup.pids()
      await endTree(cgroupTree(cgroup, null, null), graceMs)
      cgroup.remove()
      return pids
    })
    return (await Promise.all(ended)).flat()
  }

  #namesIn(base: string): string[] {
    try {
      return readdirSync(base).filter((name) => name.startsWith(this.#prefix))
    } catch {
      return []
    }
  }

  #isStale(path: string, runIds: readonly number[]): boolean {
    const [, runId] = /-kept-(\d+)$/.exec(path) ?? []
    if (runId === undefined || runIds.includes(Number(runId))) return true
    return new Cgroup(path).isEmpty()
  }
}
