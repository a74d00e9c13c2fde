/**
 * The process group of a step: what ends its processes where no control group can. A group is signalled
 * only until it was once seen empty, because after that its number may belong to a stranger.
 */

import { systemCode } from '../errors.ts'
import { membersOf, processIds } from './proc.ts'
import type { Tree } from './tree.ts'

/** `except` is a member whose life does not count: a slot's shell, which outlives TERM and goes only with KILL. */
export function groupTree(group: number, except: number | null): Tree {
  const members = () => membersOf(group).filter(({ pid }) => pid !== except)
  return {
    members,
    isAlive() {
      const answer = signalGroup(group, 0)
      if (answer !== 'sent') return answer === 'refused'
      // Where nobody collects orphans (a container without an init) the dead stay in their group.
      return processIds().length === 0 ? except === null : members().length > 0
    },
    send: (signal) => (signalGroup(group, signal) === 'refused' ? 'refused' : 'sent'),
  }
}

export function signalGroup(
  group: number,
  signal: NodeJS.Signals | 0,
): 'sent' | 'gone' | 'refused' {
  try {
    process.kill(-group, signal)
    return 'sent'
  } catch (thrown) {
    // EPERM: there are some, and not one that we may signal.
    return systemCode(thrown) === 'EPERM' ? 'refused' : 'gone'
  }
}
