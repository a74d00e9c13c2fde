/**
 * One child process from start to end: its own session and process group, /dev/null as stdin, one real
 * pipe for stdout and stderr, nothing in its environment but what was given. It is over when the child
 * has exited, its group is gone and its output is read; a grandchild that holds the pipe cannot delay
 * that for more than two seconds. Nothing here throws: what cannot start is a `problem`.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Cgroups } from './cgroups.ts'
import { type Child, startChild } from './child.ts'
import type { CommandSpec } from './command.ts'
import type { Pipe, PipePool } from './pipe.ts'
import { newestId } from './proc.ts'
import type { Slots } from './slots.ts'
import { foreignProblem, spawnProblem } from './spawn-problem.ts'
import type { StartedLine } from './started.ts'
import { endTree, goneWithin, type TreeEnd } from './tree.ts'

export type EndReason = 'timeout' | 'cancel' | 'stop'

export interface Ended {
  readonly exitCode: number | null
  readonly signal: string | null
  /** Why it could not be started, as a sentence that says what to do. */
  readonly problem: string | null
  /** Who ended it, when it did not end by itself. */
  readonly endedBy: EndReason | null
  /** TERM was not enough: KILL followed. */
  readonly killed: boolean
  /** What it left running, and what became of that; null when nothing. */
  readonly leftovers: string | null
  /** Somebody who was not ended with it still holds its output. */
  readonly outputHeld: boolean
  /**
   * No control group held it, so processes that left its process group may live: those have higher ids than
   * `since`, the newest when it began (null: unknown). Null when none can.
   */
  readonly loose: { readonly since: number | null } | null
  /** The kernel ended something of it because its memory limit was reached. */
  readonly outOfMemory: boolean
}

export const nothingRan: Ended = {
  exitCode: null,
  signal: null,
  problem: null,
  endedBy: null,
  killed: false,
  leftovers: null,
  outputHeld: false,
  loose: null,
  outOfMemory: false,
}

export interface RunningProcess {
  /** Never rejects. */
  readonly ended: Promise<Ended>
  /** Asks it to end. Only the first call counts, and none once it has exited. */
  end(reason: EndReason): void
}

export interface ProcessOptions {
  /** Until it is ended as `timeout`. */
  readonly timeoutMs: number
  /** Between TERM and KILL. */
  readonly graceMs?: number
  /** Start it from one of these where that is possible; else this process forks. */
  readonly slots?: Slots
  /** Hold it together with one of these where that is possible; else its process group does, as far as it can. */
  readonly cgroups?: Cgroups
  /** Written before the command starts; without it nothing is. */
  readonly started?: StartedLine | null
}

export const GRACE_MS = 10_000
/** A longer setTimeout fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** What ends with the command, such as a `tee` behind it, gets this long to do so by itself. */
const WIND_DOWN_MS = 100

/** One start, and what has happened to it so far. */
interface Attempt {
  readonly spec: CommandSpec
  readonly graceMs: number
  readonly slots: Slots | null
  readonly cgroups: Cgroups | null
  readonly started: StartedLine | null
  /** What was started, while it lives. */
  child: Child | null
  endedBy: EndReason | null
  ending: Promise<TreeEnd> | null
}

export function startProcess(
  spec: CommandSpec,
  pipes: PipePool,
  onOutput: (chunk: Buffer) => void,
  options: ProcessOptions,
): RunningProcess {
  const attempt: Attempt = {
    spec,
    graceMs: options.graceMs ?? GRACE_MS,
    slots: options.slots ?? null,
    cgroups: options.cgroups ?? null,
    started: options.started ?? null,
    child: null,
    endedBy: null,
    ending: null,
  }
  let over = false
  const end = (reason: EndReason) => {
    if (over || attempt.endedBy !== null) return
    attempt.endedBy = reason
    const { child } = attempt
    if (child) attempt.ending = endChild(child, attempt.graceMs)
  }
  const timer = setTimeout(() => end('timeout'), Math.min(options.timeoutMs, LONGEST_TIMER_MS))
  const onExit = () => {
    over = true
    clearTimeout(timer)
  }
  return { ended: see(attempt, pipes, onOutput, onExit).finally(onExit), end }
}

async function see(
  attempt: Attempt,
  pipes: PipePool,
  onOutput: (chunk: Buffer) => void,
  onExit: () => void,
): Promise<Ended> {
  try {
    const pipe = await pipes.take()
    try {
      if (attempt.endedBy !== null) return notStarted(attempt, null)
      return await carryOut(attempt, pipe, onOutput, onExit)
    } finally {
      pipe.release()
    }
  } catch (thrown) {
    return notStarted(attempt, spawnProblem(thrown, attempt.spec))
  }
}

async function carryOut(
  attempt: Attempt,
  pipe: Pipe,
  onOutput: (chunk: Buffer) => void,
  onExit: () => void,
): Promise<Ended> {
  pipe.reader.start(onOutput)
  if (attempt.spec.terms?.user) pipe.share()
  const since = newestId()
  const child = await startChild(attempt.spec, pipe, attempt)
  if (!('exit' in child)) {
    await pipe.reader.drain() // so that the pipe can be used again
    const problem = 'problem' in child ? child.problem : spawnProblem(child.thrown, attempt.spec)
    return notStarted(attempt, problem)
  }
  attempt.child = child
  if (attempt.endedBy !== null) attempt.ending = endChild(child, attempt.graceMs)
  const outOfMemory = memoryWatch(child)
  const { exitCode, signal } = await child.exit
  pipe.closeWrite()
  onExit()
  const { killed, leftovers, clean } = await endRest(attempt, child)
  const outputHeld = !(await pipe.reader.drain())
  const loose = child.cgroup() === null ? { since } : null
  const ended = { exitCode, signal, killed, leftovers, outputHeld, loose }
  const { endedBy } = attempt
  const problem = foreignProblem(exitCode, attempt.spec)
  const whole = { ...ended, endedBy, problem, outOfMemory: outOfMemory() }
  child.release(clean && !outputHeld)
  return whole
}

/** A group is used again, so what it has counted before does not count. */
function memoryWatch(child: Child): () => boolean {
  const before = child.cgroup()?.outOfMemory ?? 0
  return () => (child.cgroup()?.outOfMemory ?? 0) > before
}

/** What a slot's shell is given to report an end that has come: one that was stopped never would. */
const REPORT_MS = 1000

async function endChild(child: Child, graceMs: number): Promise<TreeEnd> {
  const end = await endTree(child.tree(), graceMs)
  const reported = child.exit.then(() => true)
  if (!(await Promise.race([reported, sleep(REPORT_MS, false, { ref: false })]))) child.kill()
  return end
}

/** For who starts a daemon and wonders where it is. */
export const KEEPABLE = '("leftovers": "keep" lets them live)'

interface Rest {
  readonly killed: boolean
  readonly leftovers: string | null
  /** Nothing is left. */
  readonly clean: boolean
}

/** After the child's exit: what is left of it is ended too, whoever ended the child itself. */
async function endRest(attempt: Attempt, child: Child): Promise<Rest> {
  if (attempt.ending !== null) {
    const { killed, remains } = await attempt.ending
    const leftovers = remains && `processes of this step still run: ${remains}`
    return { killed, leftovers, clean: remains === null }
  }
  const none = { killed: false, leftovers: null, clean: true }
  if (child.left().length === 0) return none
  if (await goneWithin(child.tree(), WIND_DOWN_MS)) return none
  const names = child
    .tree()
    .members()
    .map(({ name, pid }) => `${name} (${pid})`)
  const what = `this step left processes running${names.length > 0 ? `: ${listed(names)}` : ''}`
  if (attempt.spec.terms?.leftovers === 'keep') return keep(attempt, child, what)
  const { remains } = await endTree(child.tree(), attempt.graceMs)
  const leftovers = `${what}; ${remains ?? `they were ended ${KEEPABLE}`}`
  return { killed: false, leftovers, clean: remains === null }
}

/** They move out of the step's control group, which a next step needs, into one that is the run's own. */
function keep({ spec, cgroups }: Attempt, { cgroup, shell }: Child, what: string): Rest {
  const keeper = cgroups?.keeperOf(runIdOf(spec)) ?? null
  if (keeper !== null) cgroup()?.moveTo(keeper, shell)
  return { killed: false, leftovers: `${what}; its hook lets them live`, clean: false }
}

/** From its marker, see leftovers.ts. */
function runIdOf({ env }: CommandSpec): string {
  return env.RUNHOOK_RUN?.split(':').at(-1) ?? ''
}

function notStarted({ endedBy }: Attempt, problem: string | null): Ended {
  return { ...nothingRan, endedBy, problem }
}

function listed(names: readonly string[]): string {
  const more = names.length - 5
  return names.slice(0, 5).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
