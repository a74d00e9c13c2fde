/**
 * Waiting runs, so ordered that the next one is found without a look at all the others, however many wait.
 * Runs of one hook in one group wait in one lane, for what holds up the first of them holds up all. Open
 * lanes stand in line by their oldest run. One that cannot go on waits aside for its group or for its hook's
 * own limit, and when one of those has room again, the lane that comes first there stands in line again.
 * Runs with a time to wait for are in no lane until it has come.
 */

import { LONGEST_DELAY_MS } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import { Heap } from './heap.ts'

type Line = Heap<{ readonly lane: Lane; readonly at: number }>

interface Lane {
  readonly hook: string
  readonly group: string | null
  /** By number. Those that were taken out stay behind until they are met. */
  readonly ids: Heap<number>
  live: number
  /** Where it stands, by which run; an entry that says otherwise is an old one. */
  in: Line | null
  at: number
}

export class Backlog {
  readonly #limitOf: (hook: string) => number | null
  readonly #runs = new Map<number, Run>()
  readonly #laneOf = new Map<number, Lane>()
  readonly #lanes = new Map<string, Lane>()
  readonly #line: Line = new Heap()
  readonly #asideForGroup = new Map<string, Line>()
  readonly #asideForHook = new Map<string, Line>()
  readonly #busyGroups = new Set<string>()
  readonly #busyHooks = new Map<string, number>()
  readonly #later = new Heap<number>()
  /** How many lanes were looked at so far: what it costs to find the next run. */
  looks = 0

  /** `limitOf`: how many runs of a hook may go side by side; null = any number. Asked anew each time. */
  constructor(limitOf: (hook: string) => number | null) {
    this.#limitOf = limitOf
  }

  get size(): number {
    return this.#runs.size
  }

  /** When the next run's time has come; null when none waits for one. */
  get due(): number | null {
    while (this.#later.first && !this.#runs.has(this.#later.first.item)) this.#later.take()
    return this.#later.first?.key ?? null
  }

  /** One that waits here already is not added again. */
  add(run: Run, now: number): void {
    if (this.#runs.has(run.id)) return
    this.#runs.set(run.id, run)
    // A clock that was set back must not make it wait for longer than a retry ever does.
    const due = Math.min(run.notBefore ?? 0, now + LONGEST_DELAY_MS)
    if (due > now) this.#later.add(due, run.id)
    else this.#enter(run)
  }

  /** One that was cancelled or superseded. False when it does not wait here. */
  remove(runId: number): boolean {
    const lane = this.#laneOf.get(runId)
    this.#laneOf.delete(runId)
    if (lane) lane.live--
    const waited = this.#runs.delete(runId)
    if (lane && lane.ids.size > 2 * lane.live + 16) lane.ids.sift((id) => this.#runs.has(id))
    return waited
  }

  /** The oldest run that may start. Its group, and a place at its hook, are taken until `release`. */
  take(now: number): Run | null {
    for (let due = this.due; due !== null && due <= now; due = this.due) {
      const run = this.#runs.get(this.#later.take() ?? 0)
      if (run) this.#enter(run)
    }
    for (let lane = this.#next(this.#line); lane; lane = this.#next(this.#line)) {
      this.looks++
      const { hook, group } = lane
      const busy = group !== null && this.#busyGroups.has(group)
      if (busy) stand(lane, lineOf(this.#asideForGroup, group))
      else if (this.#isFull(hook)) stand(lane, lineOf(this.#asideForHook, hook))
      else return this.#start(lane)
      this.#callUp(lane) // the other of the two may have room, for another lane
    }
    return null
  }

  /** The group and the place at its hook for a run that need not come here. False when it must wait. */
  reserve({ hook, group }: Pick<Run, 'hook' | 'group'>): boolean {
    if ((group !== null && this.#busyGroups.has(group)) || this.#isFull(hook)) return false
    this.#occupy(hook, group)
    return true
  }

  /** A run that was taken, or for which there was a place, has ended. */
  release({ hook, group }: Pick<Run, 'hook' | 'group'>): void {
    if (group !== null) this.#busyGroups.delete(group)
    const busy = (this.#busyHooks.get(hook) ?? 1) - 1
    if (busy > 0) this.#busyHooks.set(hook, busy)
    else this.#busyHooks.delete(hook)
    this.#callUp({ hook, group })
  }

  #enter(run: Run): void {
    const { hook, group } = run
    const key = JSON.stringify([hook, group])
    const found = this.#lanes.get(key)
    const lane = found ?? { hook, group, ids: new Heap<number>(), live: 0, in: null, at: 0 }
    if (!found) this.#lanes.set(key, lane)
    lane.ids.add(run.id, run.id)
    lane.live++
    this.#laneOf.set(run.id, lane)
    if (lane.in === null) stand(lane, this.#line)
    else if (run.id < lane.at) stand(lane, lane.in)
  }

  #start(lane: Lane): Run {
    const id = lane.ids.take() ?? 0
    const run = this.#runs.get(id)
    if (!run) throw new Error('a lane that is next has a run')
    this.remove(id)
    const { hook, group } = lane
    this.#occupy(hook, group)
    stand(lane, group === null ? this.#line : lineOf(this.#asideForGroup, group))
    this.#callUp({ hook, group: null })
    return run
  }

  #occupy(hook: string, group: string | null): void {
    if (group !== null) this.#busyGroups.add(group)
    this.#busyHooks.set(hook, (this.#busyHooks.get(hook) ?? 0) + 1)
  }

  /** The lane that comes first in a line; it leaves it. Lanes in which nothing waits any more end here. */
  #next(line: Line | undefined): Lane | null {
    for (let entry = line?.take(); entry; entry = line?.take()) {
      const { lane, at } = entry
      if (lane.in !== line || lane.at !== at) continue
      while (lane.ids.first && !this.#runs.has(lane.ids.first.item)) lane.ids.take()
      lane.in = null
      if (lane.ids.first?.item === at) return lane
      if (lane.ids.first && line) stand(lane, line)
      else {
        this.#lanes.delete(JSON.stringify([lane.hook, lane.group]))
        this.#callUp(lane)
      }
    }
    return null
  }

  /** Where there is room, the lane that waits for it first stands in line again. */
  #callUp({ hook, group }: Pick<Run, 'hook' | 'group'>): void {
    if (group !== null && !this.#busyGroups.has(group)) {
      this.#standUp(this.#next(this.#asideForGroup.get(group)))
      if (this.#asideForGroup.get(group)?.size === 0) this.#asideForGroup.delete(group)
    }
    if (this.#isFull(hook)) return
    this.#standUp(this.#next(this.#asideForHook.get(hook)))
    if (this.#asideForHook.get(hook)?.size === 0) this.#asideForHook.delete(hook)
  }

  #standUp(lane: Lane | null): void {
    if (lane) stand(lane, this.#line)
  }

  #isFull(hook: string): boolean {
    return (this.#busyHooks.get(hook) ?? 0) >= (this.#limitOf(hook) ?? Number.POSITIVE_INFINITY)
  }
}

/** By its oldest run, or by one that has gone and will be noticed when its turn comes. */
function stand(lane: Lane, line: Line): void {
  lane.in = line
  lane.at = lane.ids.first?.key ?? Number.POSITIVE_INFINITY
  line.add(lane.at, { lane, at: lane.at })
}

function lineOf(lines: Map<string, Line>, name: string): Line {
  const line = lines.get(name) ?? (new Heap() as Line)
  lines.set(name, line)
  return line
}
