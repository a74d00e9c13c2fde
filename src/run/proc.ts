/**
 * What Linux's /proc says about processes: read only, never a signal. Elsewhere, and for a process that
 * is gone or not ours to see, every answer is null or empty; callers must do without.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Fields of /proc/<pid>/stat, see proc(5). */
export interface ProcessFacts {
  readonly pid: number
  /** Name of the program, at most 15 characters. */
  readonly name: string
  /** `Z` and `X` are dead already. */
  readonly state: string
  readonly parent: number
  readonly group: number
  readonly session: number
  /** Clock ticks between boot and its start: with the pid, the identity of a process. */
  readonly startTicks: number
}

/** USER_HZ: 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100

export function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

export function factsOf(pid: number): ProcessFacts | null {
  const text = read(pid, 'stat')
  // The name stands in brackets and may itself hold brackets and spaces.
  const from = text.indexOf('(')
  const to = text.lastIndexOf(')')
  if (from < 0 || to < from) return null
  const [state = '', parent, group, session, ...rest] = text.slice(to + 2).split(' ')
  return {
    pid,
    name: text.slice(from + 1, to).replace(/[^\x20-\x7e]/g, '?'), // a process may call itself anything
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTicks: Number(rest[15]),
  }
}

export function isDead(facts: ProcessFacts): boolean {
  return facts.state === 'Z' || facts.state === 'X'
}

/** Processes of a group that still live, zombies left out. */
export function membersOf(group: number): ProcessFacts[] {
  return processIds()
    .map(factsOf)
    .filter((facts) => facts !== null)
    .filter((facts) => facts.group === group && !isDead(facts))
}

/**
 * The id given to the newest process of this machine (or container); null where /proc does not tell.
 * Ids are given in order, so everything started later has a higher one, until they begin anew.
 */
export function newestId(): number | null {
  const id = Number(readFile('/proc/loadavg').trim().split(' ').at(-1))
  return Number.isInteger(id) && id > 0 ? id : null
}

/** Beyond this many ids one walk through all processes is cheaper than looking at each. */
const LOOK_AT_MOST = 500

/** Living members of a group that were started after `since` was the newest id. */
export function membersSince(group: number, since: number | null): ProcessFacts[] {
  return startedSince(since).filter((facts) => facts.group === group)
}

/** Living processes with a higher id; all of them where that cannot be told. */
export function startedSince(since: number | null): ProcessFacts[] {
  const newest = newestId()
  const known = since !== null && newest !== null && newest >= since
  const found: ProcessFacts[] = []
  const look = (pid: number) => {
    const facts = factsOf(pid)
    if (facts !== null && !isDead(facts)) found.push(facts)
  }
  if (!known || newest - since > LOOK_AT_MOST) {
    for (const pid of processIds()) if (!known || pid > since) look(pid)
  } else {
    for (let pid = since + 1; pid <= newest; pid++) if (existsSync(`/proc/${pid}/stat`)) look(pid) // a miss that throws is dear
  }
  return found
}

/** `NAME=value` entries of its environment as it was when its program started. */
export function environmentOf(pid: number): string[] {
  return read(pid, 'environ').split('\0')
}

/** The control groups it is in, one a line, see cgroups(7): services and containers have their own. */
export function cgroupsOf(pid: number): string {
  return read(pid, 'cgroup')
}

/** Its command line on one line, or what it calls itself; empty when it has none. */
export function commandLineOf(pid: number): string {
  return read(pid, 'cmdline').replaceAll('\0', ' ').trim()
}

/** The user it runs as. */
export function userOf(pid: number): number | null {
  const [real] = statusOf(pid, 'Uid')?.split(/\s/) ?? []
  return real === undefined ? null : Number(real)
}

/** One line of /proc/<pid>/status, such as `Umask`. */
export function statusOf(pid: number, name: string): string | null {
  const line = read(pid, 'status')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`))
  return line === undefined ? null : line.slice(name.length + 1).trim()
}

/** When it started, milliseconds since the epoch, to about a second. */
export function startedAt(facts: ProcessFacts): number | null {
  const [, boot] = /^btime (\d+)/m.exec(readFile('/proc/stat')) ?? []
  if (boot === undefined) return null
  return (Number(boot) + facts.startTicks / TICKS_PER_SECOND) * 1000
}

function read(pid: number, file: string): string {
  return readFile(`/proc/${pid}/${file}`)
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
