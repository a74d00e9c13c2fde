/**
 * Ending what a step started: its whole process group, TERM first, KILL after a grace. A group is
 * signalled only until it was once seen empty, because after that its number may belong to a stranger.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { systemCode } from '../errors.ts'
import { membersOf, processIds } from './proc.ts'

export interface GroupEnd {
  /** KILL had to follow. */
  readonly killed: boolean
  /** Why something of it still runs, as a clause; null when all of it is gone. */
  readonly remains: string | null
}

/** How long what was sent KILL may take: only a process inside the kernel needs any time. */
const KILL_WAIT_MS = 2000
/** Looking costs a walk through /proc, so it is done less often the longer it takes. */
const FIRST_LOOK_MS = 10
const LAST_LOOK_MS = 200

/**
 * Resolves when the group is gone, or has withstood KILL. `except` is a member whose life does not count:
 * a slot's shell, which outlives TERM and goes only with KILL.
 */
export async function endGroup(
  group: number,
  graceMs: number,
  except: number | null = null,
): Promise<GroupEnd> {
  const foreign = { killed: false, remains: 'they belong to another user' }
  if (signalGroup(group, 'SIGTERM') === 'refused') return foreign
  if (await goneWithin(group, graceMs, except)) return { killed: false, remains: null }
  if (signalGroup(group, 'SIGKILL') === 'refused') return foreign
  const gone = await goneWithin(group, KILL_WAIT_MS, except)
  return { killed: true, remains: gone ? null : 'they did not end even after KILL' }
}

/** True as soon as nothing of the group lives any more; false when it still does after the time. */
export async function goneWithin(
  group: number,
  ms: number,
  except: number | null = null,
): Promise<boolean> {
  const deadline = performance.now() + ms
  for (
    let pause = FIRST_LOOK_MS;
    isAlive(group, except);
    pause = Math.min(pause * 2, LAST_LOOK_MS)
  ) {
    const left = deadline - performance.now()
    if (left <= 0) return false
    await sleep(Math.min(pause, left))
  }
  return true
}

/** Where nobody collects orphans (a container without an init) the dead stay in their group. */
function isAlive(group: number, except: number | null): boolean {
  const answer = signalGroup(group, 0)
  if (answer !== 'sent') return answer === 'refused'
  if (processIds().length === 0) return except === null
  return membersOf(group).some((member) => member.pid !== except)
}

function signalGroup(group: number, signal: NodeJS.Signals | 0): 'sent' | 'gone' | 'refused' {
  try {
    process.kill(-group, signal)
    return 'sent'
  } catch (thrown) {
    // EPERM: there are some, and not one that we may signal.
    return systemCode(thrown) === 'EPERM' ? 'refused' : 'gone'
  }
}
