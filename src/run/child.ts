/**
 * A command under way, in whichever of the two ways it was started: by a slot's shell, or by a fork of this
 * process where a slot cannot. Either way all it starts is in a control group where there are any, else
 * known by its process group.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { type Cgroup, cgroupTree } from './cgroup.ts'
import type { Cgroups } from './cgroups.ts'
import type { CommandSpec } from './command.ts'
import { groupTree } from './group.ts'
import type { Pipe } from './pipe.ts'
import { membersSince, newestId, type ProcessFacts } from './proc.ts'
import { type Exit, joining } from './slot.ts'
import { fitsShell, type Slots } from './slots.ts'
import { mayStart } from './spawn-problem.ts'
import { noteStarted, type StartedLine } from './started.ts'
import { entryOf, hasTerms } from './terms.ts'
import type { Tree } from './tree.ts'

export interface Child {
  /** As what holds it is known by now. */
  readonly tree: () => Tree
  /** The slot's shell, whose life does not count. */
  readonly shell: number | null
  /** Holds all of its processes; null where there is none, and some may get away. Ask after its exit. */
  readonly cgroup: () => Cgroup | null
  readonly exit: Promise<Exit>
  /** Ends the slot's shell with all else, when it does not report. */
  kill(): void
  /** What is left of it, at little cost. */
  left(): ProcessFacts[]
  release(clean: boolean): void
}

export interface Starters {
  readonly slots: Slots | null
  readonly cgroups: Cgroups | null
  /** Written before the command starts; without it nothing is. */
  readonly started: StartedLine | null
}

/** Never rejects: what was thrown, or emitted, is given; or why it cannot be started, in words. */
export async function startChild(
  spec: CommandSpec,
  pipe: Pipe,
  { slots, cgroups, started }: Starters,
): Promise<Child | { thrown: unknown } | { problem: string }> {
  // The shell opens the FIFO by itself; our write end stays open until then, or reading would end at once.
  const job = slots?.start(spec, pipe.path, started)
  if (job) return job
  const child = fork(spec, pipe, cgroups, started)
  pipe.closeWrite()
  return child
}

async function fork(
  spec: CommandSpec,
  pipe: Pipe,
  cgroups: Cgroups | null,
  line: StartedLine | null,
): Promise<Child | { thrown: unknown } | { problem: string }> {
  const since = newestId()
  // Without the shell between, so that the system itself says what is wrong, in its own words. Never for
  // another user, who may have put something else there since, to be run with the rights of the server.
  const foreign = spec.terms?.user != null
  if (foreign && !fitsShell(spec)) return { problem: UNFIT }
  const plain = !foreign && (!fitsShell(spec) || !mayStart(spec))
  const cgroup = plain ? null : (cgroups?.take() ?? null)
  const limited = cgroup !== null && cgroups?.noControllers === null && cgroup.limit(limitsOf(spec))
  const release = () => void (cgroup && cgroups?.release(cgroup))
  const entry = entryOf(spec, limited)
  if ('problem' in entry) {
    release()
    return entry
  }
  const noted = noteLine(line)
  if (noted !== null) {
    release()
    return noted
  }
  const shell = cgroup !== null || (!plain && hasTerms(spec))
  const started = shell ? startInShell(spec, entry, pipe, cgroup) : start(spec.argv, spec, pipe)
  if ('thrown' in started || started.pid === undefined) {
    release()
    return 'thrown' in started ? started : { thrown: await failureOf(started) }
  }
  const { pid } = started
  const joined = cgroup === null ? null : joins(started)
  const held = () => (joined?.() ? cgroup : null)
  const tree = () => {
    const holder = held()
    return holder === null ? groupTree(pid, null) : cgroupTree(holder, pid, null)
  }
  return {
    tree,
    shell: null,
    cgroup: held,
    exit: exitOf(started),
    kill: () => cgroup?.kill(),
    left: () => held()?.members() ?? membersSince(pid, since),
    release,
  }
}

const UNFIT =
  'a name in "env" is none that a shell passes on, and "user" needs one to start; use letters, digits and "_"'

function noteLine(line: StartedLine | null): { thrown: unknown } | null {
  try {
    if (line !== null) noteStarted(line)
    return null
  } catch (thrown) {
    return { thrown }
  }
}

function limitsOf({ terms }: CommandSpec) {
  return terms?.limits ?? { memory: null, pids: null }
}

/**
 * A shell that joins the group, takes up the terms and becomes the command. Should it not be let in, it says
 * so on a descriptor of its own, which the command does not get.
 */
function startInShell(
  spec: CommandSpec,
  entry: { directory: string; lines: readonly string[]; argv: readonly string[] },
  pipe: Pipe,
  cgroup: Cgroup | null,
): ChildProcess | { thrown: unknown } {
  const lines = [
    ...(cgroup === null ? [] : [`${joining(cgroup)} || echo '!' >&3`]),
    ...entry.lines,
    'unset PWD OLDPWD',
    'exec 3>&- "$@"',
  ]
  const words = ['/bin/sh', '-c', lines.join('\n'), 'sh', ...entry.argv] as const
  return start(words, { ...spec, workingDirectory: entry.directory }, pipe, 'pipe')
}

/** Some failures are thrown (too long, a NUL byte), others come as an event (not found, no more processes). */
function start(
  [command, ...rest]: readonly [string, ...string[]],
  { workingDirectory, env }: CommandSpec,
  { writeFd }: Pipe,
  report: 'pipe' | 'ignore' = 'ignore',
): ChildProcess | { thrown: unknown } {
  try {
    return spawn(command, rest, {
      cwd: workingDirectory,
      env: { ...env },
      detached: true,
      stdio: ['ignore', writeFd, writeFd, ...(report === 'pipe' ? ['pipe' as const] : [])],
    })
  } catch (thrown) {
    return { thrown }
  }
}

/** Asked after the exit, by which time the shell has spoken if it had to. */
function joins(child: ChildProcess): () => boolean {
  let joined = true
  const report = child.stdio[3]
  report?.on('data', () => {
    joined = false
  })
  report?.on('error', () => undefined)
  return () => joined
}

function failureOf(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => child.once('error', resolve))
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
  })
}
