/**
 * The guard of a worker: a small process of its own that ends the worker's runs when the worker cannot. A worker
 * that is frozen, hung or killed renews no lease, so another may take its runs over; by then nothing of them
 * may be left. It keeps a deadline in a file and moves it on after each renewal; when the deadline is over, or the
 * worker is gone, the guard kills all that the worker's runs have started (guard-script.ts).
 *
 * A guard serves one life of a worker. The next one ends it before it starts anything itself; should that
 * fail, the guard sees in the file that the deadline is another's, and goes by itself.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { Cgroup } from '../run/cgroup.ts'
import { environmentOf, factsOf, isDead, processIds } from '../run/proc.ts'
import { guardScript } from './guard-script.ts'

export interface GuardParts {
  /** The worker's data folder. */
  readonly folder: string
  /** See `markerOf`. */
  readonly token: string
  readonly cgroupBase: string | null
  readonly leaseMs: number
  readonly log: Pick<Log, 'warn' | 'info'>
}

/** In the environment of a guard, so that a next life finds it. */
const MARK = 'RUNHOOK_GUARD'
const AGAIN_MS = 1000
/** Of a record: the file is written over and never grows, so that a full disk does not let a deadline pass. */
const WIDTH = 20

export class Guard {
  readonly #parts: GuardParts
  readonly #life: string
  readonly #startTicks: number | null
  readonly #deadline: number
  readonly #runs = new Set<number>()
  #process: ChildProcess | null = null
  #closed = false

  /** Rejects with the system's error when its files cannot be had. Ends guards of earlier lives. */
  static async open(parts: GuardParts): Promise<Guard> {
    await endGuards(parts.token)
    return new Guard(parts)
  }

  private constructor(parts: GuardParts) {
    this.#parts = parts
    this.#startTicks = factsOf(process.pid)?.startTicks ?? null
    this.#life = `${process.pid}-${this.#startTicks}`
    const { O_RDWR, O_CREAT } = constants
    this.#deadline = openSync(join(parts.folder, DEADLINE), O_RDWR | O_CREAT, 0o600)
    this.#writeRuns()
  }

  /** Whether runs may start: one stands guard, or this system has nothing that a guard could read. */
  get stands(): boolean {
    return this.#startTicks === null || this.#process !== null
  }

  /**
   * A renewal that was sent at `since` (milliseconds since boot) has succeeded. The first one starts the
   * guard. Throws the system's error when the deadline cannot be written.
   */
  renewed(since: number): void {
    const deadline = String(Math.floor((since + (this.#parts.leaseMs * 5) / 6) / 1000))
    const padded = deadline.padStart(WIDTH)
    writeSync(this.#deadline, `${padded} ${this.#life} ${padded}\n`, 0)
    if (this.#process === null) this.#start()
  }

  /** Before the command of the run starts. Throws the system's error; then it must not. */
  begins(runId: number): void {
    this.#runs.add(runId)
    try {
      this.#writeRuns()
    } catch (thrown) {
      this.#runs.delete(runId)
      throw thrown
    }
  }

  /** What it may have been allowed to leave running is not to be ended any more. */
  ended(runId: number): void {
    this.#runs.delete(runId)
    try {
      this.#writeRuns()
    } catch {
      // The next change writes it.
    }
  }

  /** A fresh one for the one that may be at its work: after its deadline had passed, before anything starts. */
  async replace(): Promise<void> {
    await this.#end()
    if (!this.#closed) this.#start()
  }

  /** Nothing of the worker runs any more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#end()
    closeSync(this.#deadline)
    const { cgroupBase, token } = this.#parts
    if (cgroupBase === null) return
    const group = new Cgroup(join(cgroupBase, `guard-${token}`))
    group.kill() // a sleep that the guard was in
    for (let tries = 0; !group.remove() && tries < 100; tries++) await sleep(10)
  }

  #start(): void {
    const { folder, token, cgroupBase, log } = this.#parts
    if (this.#startTicks === null || this.#closed || this.#process !== null) return
    const guard = spawn('/bin/sh', ['-s', 'runhook-guard'], {
      cwd: '/',
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', [MARK]: token },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#process = guard.pid === undefined ? null : guard
    guard.on('error', () => undefined) // it has no pid then
    guard.stdin.on('error', () => undefined)
    guard.stdin.end(
      guardScript({
        deadlineFile: join(folder, DEADLINE),
        runsFile: join(folder, RUNS),
        life: this.#life,
        pid: process.pid,
        startTicks: this.#startTicks,
        token,
        cgroupBase,
      }),
    )
    guard.unref()
    guard.once('exit', () => {
      if (this.#process !== guard) return
      this.#process = null
      if (this.#closed) return
      log.warn('    the guard of this worker has ended; starting another')
      this.#start()
      if (this.#process === null) setTimeout(() => this.#start(), AGAIN_MS).unref()
    })
  }

  async #end(): Promise<void> {
    const guard = this.#process
    this.#process = null
    if (guard === null || guard.exitCode !== null || guard.signalCode !== null) return
    const gone = new Promise((resolve) => guard.once('exit', resolve))
    guard.ref()
    guard.kill('SIGKILL')
    await gone
  }

  #writeRuns(): void {
    const path = join(this.#parts.folder, RUNS)
    writeFileSync(`${path}.new`, `${[...this.#runs].join(' ')}\n`, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
}

const DEADLINE = 'guard'
const RUNS = 'guarded'

/** Runs that an earlier life of this folder was at when it ended. Ask before a guard of this life is opened. */
export function formerlyGuarded(folder: string): number[] {
  const path = join(folder, RUNS)
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').trim().split(' ').map(Number).filter(Boolean)
}

/** Guards of earlier lives: what those left, this one ends by itself. Resolves when they are gone. */
async function endGuards(token: string): Promise<void> {
  const mark = `${MARK}=${token}`
  const find = () => processIds().filter((pid) => environmentOf(pid).includes(mark) && living(pid))
  for (let found = find(); found.length > 0; found = find()) {
    for (const pid of found) kill(pid)
    await sleep(10)
  }
}

function living(pid: number): boolean {
  const facts = factsOf(pid)
  return facts !== null && !isDead(facts)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone meanwhile.
  }
}
