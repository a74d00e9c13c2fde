/**
 * Ending what a step started, all of it: TERM first, KILL after a grace. Who belongs to it is told by a
 * control group where there is one (cgroup.ts), else by the process group (group.ts).
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessFacts } from './proc.ts'

export interface Tree {
  /** Living processes, without the slot's shell. */
  members(): ProcessFacts[]
  /** Whether any lives; may say so also when it cannot know. */
  isAlive(): boolean
  /** To all. `refused`: there are some, and not one that may be signalled. */
  send(signal: 'SIGTERM' | 'SIGKILL'): 'sent' | 'refused'
}

export interface TreeEnd {
  /** KILL had to follow. */
  readonly killed: boolean
  /** Why something of it still runs, as a clause; null when all of it is gone. */
  readonly remains: string | null
}

/** How long what was sent KILL may take: only a process inside the kernel needs any time. */
const KILL_WAIT_MS = 2000
/** Looking may cost a walk through /proc, so it is done less often the longer it takes. */
const FIRST_LOOK_MS = 10
const LAST_LOOK_MS = 200

/** Resolves when it is gone, or has withstood KILL. */
export async function endTree(tree: Tree, graceMs: number): Promise<TreeEnd> {
  const foreign = { killed: false, remains: 'they belong to another user' }
  if (tree.send('SIGTERM') === 'refused') return foreign
  if (await goneWithin(tree, graceMs)) return { killed: false, remains: null }
  if (tree.send('SIGKILL') === 'refused') return foreign
  const gone = await goneWithin(tree, KILL_WAIT_MS)
  return { killed: true, remains: gone ? null : 'they did not end even after KILL' }
}

/** True as soon as nothing of it lives any more; false when something still does after the time. */
export async function goneWithin(tree: Tree, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms
  for (let pause = FIRST_LOOK_MS; tree.isAlive(); pause = Math.min(pause * 2, LAST_LOOK_MS)) {
    const left = deadline - performance.now()
    if (left <= 0) return false
    await sleep(Math.min(pause, left))
  }
  return true
}
