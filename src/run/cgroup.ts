/**
 * One control group (cgroup v2) and the processes in it. Nothing leaves one by forking, by a session of its
 * own or by clearing its environment, and `cgroup.kill` ends them all at once, whoever they run as; see
 * the kernel's Documentation/admin-guide/cgroup-v2.rst.
 */

import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from '../errors.ts'
import type { Limits } from '../model/hook.ts'
import { signalGroup } from './group.ts'
import { factsOf, isDead, type ProcessFacts } from './proc.ts'
import type { Tree } from './tree.ts'

export class Cgroup {
  readonly path: string
  #limited = false

  constructor(path: string) {
    this.path = path
  }

  /** Its processes now; none when it is gone. */
  pids(): number[] {
    // 0 stands for a process that this one's pid namespace does not show.
    return this.#read('cgroup.procs').split('\n').map(Number).filter(Boolean)
  }

  members(): ProcessFacts[] {
    return this.pids()
      .map(living)
      .filter((facts) => facts !== null)
  }

  isEmpty(): boolean {
    return !/^populated 1$/m.test(this.#read('cgroup.events'))
  }

  /** KILL to all, those it forks meanwhile included (Linux 5.14). */
  kill(): void {
    this.#write('cgroup.kill', '1')
  }

  /** False when it cannot be removed, as something lives in it. */
  remove(): boolean {
    try {
      rmdirSync(this.path)
      return true
    } catch (thrown) {
      return systemCode(thrown) === 'ENOENT'
    }
  }

  /** Where memory and processes are controlled here: see `Cgroups.controllers`. */
  limit({ memory, pids }: Pick<Limits, 'memory' | 'pids'>): boolean {
    if (!this.#limited && memory === null && pids === null) return true
    this.#limited = true
    return (
      this.#write('memory.max', String(memory ?? 'max')) &&
      this.#write('pids.max', String(pids ?? 'max')) &&
      // All go or none: half a deploy would go on with half of its processes.
      this.#write('memory.oom.group', memory === null ? '0' : '1')
    )
  }

  /** How often the kernel ended something here because memory ran out; 0 where it was never limited. */
  get outOfMemory(): number {
    if (!this.#limited) return 0
    return Number(/^oom_kill (\d+)$/m.exec(this.#read('memory.events'))?.[1] ?? 0)
  }

  /** Moves all processes but one into another; those that fork meanwhile are met in the next round. */
  moveTo(other: Cgroup, except: number | null): boolean {
    for (let round = 0; round < 50; round++) {
      const pids = this.pids().filter((pid) => pid !== except)
      if (pids.length === 0) return true
      for (const pid of pids) other.#write('cgroup.procs', String(pid))
    }
    return false
  }

  /** Whatever TERM can reach; KILL by `kill` needs no such care. */
  terminate(except: (pid: number) => boolean): void {
    for (const pid of this.pids()) if (!except(pid)) terminate(pid)
  }

  #read(file: string): string {
    try {
      return readFileSync(join(this.path, file), 'utf8')
    } catch {
      return ''
    }
  }

  #write(file: string, text: string): boolean {
    try {
      writeFileSync(join(this.path, file), text)
      return true
    } catch {
      return false
    }
  }
}

/** Null when there is one already; throws the system's error. */
export function makeCgroup(path: string): Cgroup | null {
  try {
    mkdirSync(path)
    return new Cgroup(path)
  } catch (thrown) {
    if (systemCode(thrown) === 'EEXIST') return null
    throw thrown
  }
}

/**
 * What a step started in a control group. `first` is the process that joins it before anything else is
 * started; until it is seen there, an empty group means nothing. In a slot that is the shell, which stays.
 * Null: whoever was to join has.
 */
export function cgroupTree(cgroup: Cgroup, first: number | null, shell: number | null): Tree {
  return {
    members: () => cgroup.members().filter(({ pid }) => pid !== shell),
    isAlive() {
      const pids = cgroup.pids()
      if (pids.some((pid) => pid !== shell && living(pid) !== null)) return true
      return first !== null && !pids.includes(first) && living(first) !== null
    },
    send(signal) {
      if (signal === 'SIGKILL') cgroup.kill()
      if (first !== null) signalGroup(first, signal) // also what has not joined yet
      if (signal === 'SIGTERM') cgroup.terminate((pid) => factsOf(pid)?.group === first)
      return 'sent'
    },
  }
}

function living(pid: number): ProcessFacts | null {
  const facts = factsOf(pid)
  return facts === null || isDead(facts) ? null : facts
}

function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    // Gone meanwhile, or another user's: `cgroup.kill` reaches that one too.
  }
}
