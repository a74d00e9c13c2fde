/**
 * Processes of a run that no process group finds any more: after a crash of the server, or because
 * they made a group of their own (`setsid`, even plain `timeout`). They are known by the marker in the
 * environment they were started with, and by sharing a session with one that has it. What cleared its
 * environment and made its own session is not found. Nothing without the marker's token is touched.
 */

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { environmentOf, factsOf, isDead, processIds } from './proc.ts'

export interface Leftovers {
  readonly runId: number
  /** Every process found. */
  readonly pids: readonly number[]
  /** Those that still live: another user's, or stuck in the kernel. */
  readonly remaining: readonly number[]
}

interface Found {
  readonly pid: number
  readonly runId: number
}

/** Between TERM and KILL. */
const GRACE_MS = 2000
/** KILL needs no time but for a fork bomb, which is swept until nothing of it is seen twice. */
const KILL_MS = 5000
const PAUSE_MS = 50
/** Processes looked at before others get a turn. */
const SLICE = 64

/** What RUNHOOK_RUN is for the processes of a run; the token is the data directory's own. */
export function markerOf(token: string, runId: number): string {
  return `${token}:${runId}`
}

/**
 * Ends what is left of these runs: TERM, KILL after `graceMs`, until two sweeps in a row find nothing
 * or seven seconds went by. Resolves with what was found, run by run; with nothing where there is no
 * /proc.
 */
export async function endLeftovers(
  token: string,
  runIds: readonly number[],
  graceMs = GRACE_MS,
): Promise<Leftovers[]> {
  const runs = new Map(runIds.map((id) => [`RUNHOOK_RUN=${markerOf(token, id)}`, id]))
  const seen = new Map<number, Found>()
  const begun = performance.now()
  let last: Found[] = []
  for (let empty = 0; empty < 2; ) {
    last = await sweep(runs)
    empty = last.length === 0 ? empty + 1 : 0
    const spent = performance.now() - begun
    if (spent > graceMs + KILL_MS) break
    for (const found of last) {
      if (spent >= graceMs) signal(found.pid, 'SIGKILL')
      else if (!seen.has(found.pid)) signal(found.pid, 'SIGTERM')
      seen.set(found.pid, found)
    }
    if (last.length > 0) await sleep(PAUSE_MS)
  }
  return byRun([...seen.values()], last)
}

async function sweep(runs: ReadonlyMap<string, number>): Promise<Found[]> {
  const found = new Map<number, Found>()
  const sessions = new Map<number, number>()
  const others: number[] = []
  for (const [index, pid] of processIds().entries()) {
    if (index % SLICE === SLICE - 1) await nextTurn()
    if (pid === 1 || pid === process.pid) continue
    const runId = runOf(pid, runs)
    if (runId === null) others.push(pid)
    else found.set(pid, { pid, runId })
  }
  if (found.size === 0) return []
  for (const { pid, runId } of found.values()) sessions.set(factsOf(pid)?.session ?? 0, runId)
  // Never our own: a server that was started by a run of its own shares no session with its runs.
  for (const session of [0, factsOf(process.pid)?.session ?? 0]) sessions.delete(session)
  for (const pid of others) {
    const runId = sessionRun(pid, sessions)
    if (runId !== null) found.set(pid, { pid, runId })
  }
  return [...found.values()]
}

function runOf(pid: number, runs: ReadonlyMap<string, number>): number | null {
  const entry = environmentOf(pid).find((entry) => runs.has(entry))
  return entry === undefined ? null : (runs.get(entry) ?? null)
}

function sessionRun(pid: number, sessions: ReadonlyMap<number, number>): number | null {
  const facts = factsOf(pid)
  if (facts === null || isDead(facts)) return null
  return sessions.get(facts.session) ?? null
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone meanwhile, or another user's: the next sweep tells.
  }
}

function byRun(seen: readonly Found[], last: readonly Found[]): Leftovers[] {
  const pidsOf = (found: readonly Found[], runId: number) =>
    found.filter((each) => each.runId === runId).map(({ pid }) => pid)
  return [...new Set(seen.map(({ runId }) => runId))].map((runId) => ({
    runId,
    pids: pidsOf(seen, runId),
    remaining: pidsOf(last, runId),
  }))
}
