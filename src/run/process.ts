/**
 * One child process from start to end: its own session and process group, /dev/null as stdin, one real
 * pipe for stdout and stderr, nothing in its environment but what was given. It is over when the child
 * has exited, its group is gone and its output is read; a grandchild that holds the pipe cannot delay
 * that for more than two seconds. Nothing here throws: what cannot start is a `problem`.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandSpec } from './command.ts'
import { endGroup, type GroupEnd, goneWithin } from './group.ts'
import type { Pipe, PipePool } from './pipe.ts'
import { membersOf, type ProcessFacts } from './proc.ts'
import type { Exit } from './slot.ts'
import type { Slots } from './slots.ts'
import { spawnProblem } from './spawn-problem.ts'
import { noteStarted, type StartedLine } from './started.ts'

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
  /** Somebody outside its process group still holds its output. */
  readonly outputHeld: boolean
}

export const nothingRan: Ended = {
  exitCode: null,
  signal: null,
  problem: null,
  endedBy: null,
  killed: false,
  leftovers: null,
  outputHeld: false,
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
  readonly started: StartedLine | null
  /** What was started, while it lives. */
  child: Child | null
  endedBy: EndReason | null
  ending: Promise<GroupEnd> | null
}

/** A command under way, in whichever way it was started. */
interface Child {
  readonly group: number
  /** The slot's shell, whose life does not count. */
  readonly shell: number | null
  readonly exit: Promise<Exit>
  /** Ends the slot's shell with all else, when it does not report. */
  kill(): void
  /** Members of the group that are left; null when that takes a look at the whole group. */
  readonly left: (() => ProcessFacts[]) | null
  release(clean: boolean): void
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
  const child = inSlot(attempt, pipe) ?? (await forked(attempt, pipe))
  if ('thrown' in child) {
    await pipe.reader.drain() // so that the pipe can be used again
    return notStarted(attempt, spawnProblem(child.thrown, attempt.spec))
  }
  attempt.child = child
  const { exitCode, signal } = await child.exit
  pipe.closeWrite()
  onExit()
  const { killed, leftovers, clean } = await endRest(attempt, child)
  const outputHeld = !(await pipe.reader.drain())
  child.release(clean && !outputHeld)
  return {
    exitCode,
    signal,
    problem: null,
    endedBy: attempt.endedBy,
    killed,
    leftovers,
    outputHeld,
  }
}

/** What a slot's shell is given to report an end that has come: one that was stopped never would. */
const REPORT_MS = 1000

async function endChild(child: Child, graceMs: number): Promise<GroupEnd> {
  const end = await endGroup(child.group, graceMs, child.shell)
  const reported = child.exit.then(() => true)
  if (!(await Promise.race([reported, sleep(REPORT_MS, false, { ref: false })]))) child.kill()
  return end
}

/** The shell opens the FIFO by itself; our write end stays open until then, or reading would end at once. */
function inSlot({ slots, spec, started }: Attempt, pipe: Pipe): Child | null {
  return slots?.start(spec, pipe.path, started) ?? null
}

async function forked(attempt: Attempt, pipe: Pipe): Promise<Child | { thrown: unknown }> {
  const child = start(attempt, pipe.writeFd)
  pipe.closeWrite()
  if ('thrown' in child) return child
  if (child.pid === undefined) return { thrown: await failureOf(child) }
  return { group: child.pid, shell: null, exit: exitOf(child), kill() {}, left: null, release() {} }
}

/** Some failures are thrown (too long, a NUL byte), others come as an event (not found, no more processes). */
function start({ spec, started }: Attempt, output: number): ChildProcess | { thrown: unknown } {
  const [command, ...rest] = spec.argv
  try {
    if (started !== null) noteStarted(started)
    return spawn(command, rest, {
      cwd: spec.workingDirectory,
      env: { ...spec.env },
      detached: true,
      stdio: ['ignore', output, output],
    })
  } catch (thrown) {
    return { thrown }
  }
}

function failureOf(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => child.once('error', resolve))
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
  })
}

/** After the child's exit: what is left of its group is ended too, whoever ended the child itself. */
async function endRest(
  attempt: Attempt,
  { group, shell, left }: Child,
): Promise<{ killed: boolean; leftovers: string | null; clean: boolean }> {
  if (attempt.ending !== null) {
    const { killed, remains } = await attempt.ending
    const leftovers = remains && `processes of this step still run: ${remains}`
    return { killed, leftovers, clean: remains === null }
  }
  const none = { killed: false, leftovers: null, clean: true }
  if (left && left().length === 0) return none
  if (await goneWithin(group, WIND_DOWN_MS, shell)) return none
  const members = membersOf(group).filter(({ pid }) => pid !== shell)
  const names = members.map(({ name, pid }) => `${name} (${pid})`)
  const { remains } = await endGroup(group, attempt.graceMs, shell)
  const what = `this step left processes running${names.length > 0 ? `: ${listed(names)}` : ''}`
  const leftovers = `${what}; ${remains ?? 'they were ended'}`
  return { killed: false, leftovers, clean: remains === null }
}

function notStarted({ endedBy }: Attempt, problem: string | null): Ended {
  return { ...nothingRan, endedBy, problem }
}

function listed(names: readonly string[]): string {
  const more = names.length - 5
  return names.slice(0, 5).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
