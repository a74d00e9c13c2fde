/**
 * One child process from start to end: its own session and process group, /dev/null as stdin, one real
 * pipe for stdout and stderr, nothing in its environment but what was given. It is over when the child
 * has exited, its group is gone and its output is read; a grandchild that holds the pipe cannot delay
 * that for more than two seconds. Nothing here throws: what cannot start is a `problem`.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import type { CommandSpec } from './command.ts'
import { endGroup, type GroupEnd, goneWithin } from './group.ts'
import { pace } from './pace.ts'
import { drain, type Pipe, type PipePool } from './pipe.ts'
import { membersOf } from './proc.ts'
import { spawnProblem } from './spawn-problem.ts'

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
  /** Process group of the child while it lives. */
  group: number | null
  endedBy: EndReason | null
  ending: Promise<GroupEnd> | null
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
    group: null,
    endedBy: null,
    ending: null,
  }
  let over = false
  const end = (reason: EndReason) => {
    if (over || attempt.endedBy !== null) return
    attempt.endedBy = reason
    if (attempt.group !== null) attempt.ending = endGroup(attempt.group, attempt.graceMs)
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
  pipe.output.on('data', onOutput)
  const unpace = pace(pipe.output)
  const child = start(attempt.spec, pipe.writeFd)
  pipe.closeWrite()
  if ('thrown' in child || child.pid === undefined) {
    const thrown = 'thrown' in child ? child.thrown : await failureOf(child)
    await drain(pipe) // so that the pipe can be used again
    return notStarted(attempt, spawnProblem(thrown, attempt.spec))
  }
  const group = child.pid
  attempt.group = group
  const { exitCode, signal } = await exitOf(child)
  onExit()
  unpace()
  const { killed, leftovers } = await endRest(attempt, group)
  const outputHeld = !(await drain(pipe))
  const { endedBy } = attempt
  return { exitCode, signal, problem: null, endedBy, killed, leftovers, outputHeld }
}

/** Some failures are thrown (too long, a NUL byte), others come as an event (not found, no more processes). */
function start(spec: CommandSpec, output: number): ChildProcess | { thrown: unknown } {
  const [command, ...rest] = spec.argv
  try {
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

function exitOf(child: ChildProcess): Promise<{ exitCode: number | null; signal: string | null }> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
  })
}

/** After the child's exit: what is left of its group is ended too, whoever ended the child itself. */
async function endRest(
  attempt: Attempt,
  group: number,
): Promise<{ killed: boolean; leftovers: string | null }> {
  if (attempt.ending !== null) {
    const { killed, remains } = await attempt.ending
    return { killed, leftovers: remains && `processes of this step still run: ${remains}` }
  }
  if (await goneWithin(group, WIND_DOWN_MS)) return { killed: false, leftovers: null }
  const names = membersOf(group).map(({ name, pid }) => `${name} (${pid})`)
  const { remains } = await endGroup(group, attempt.graceMs)
  const left = `this step left processes running${names.length > 0 ? `: ${listed(names)}` : ''}`
  return { killed: false, leftovers: `${left}; ${remains ?? 'they were ended'}` }
}

function notStarted({ endedBy }: Attempt, problem: string | null): Ended {
  return { ...nothingRan, endedBy, problem }
}

function listed(names: readonly string[]): string {
  const more = names.length - 5
  return names.slice(0, 5).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
