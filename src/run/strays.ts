/**
 * What left its step: ended by its marker where no control group held it, and said in the run. What can be
 * found by nothing at all, because it has a session of its own and an empty environment, or belongs to a user
 * whose processes this one may not look into, is at least named when it may well have come from this run.
 */

import { endLeftovers, markerOf } from './leftovers.ts'
import { cgroupsOf, environmentOf, factsOf, type ProcessFacts, startedSince } from './proc.ts'
import { type Ended, KEEPABLE } from './process.ts'

export interface StrayOptions {
  /** Of the data directory. */
  readonly token: string
  readonly runId: number
  readonly graceMs: number
  /** Its hook lets live what a step leaves that ends by itself. */
  readonly keep: boolean
}

/** What a person should know of processes that did not end with their step: a note each. */
export async function strayNotes(ended: Ended, options: StrayOptions): Promise<string[]> {
  const { token, runId, graceMs, keep } = options
  const { loose, endedBy, outputHeld } = ended
  const notes = ended.leftovers === null ? [] : [ended.leftovers]
  if (keep && endedBy === null) return notes
  const mine = `RUNHOOK_RUN=${markerOf(token, runId)}`
  const marked = ({ pid }: ProcessFacts) => environmentOf(pid).includes(mine)
  const sought =
    endedBy !== null || outputHeld || (loose !== null && startedSince(loose.since).some(marked))
  if (sought && (loose !== null || outputHeld || keep)) {
    for (const { pids, remaining } of await endLeftovers(token, [runId], graceMs)) {
      const hint = endedBy === null ? ` ${KEEPABLE}` : ''
      const after = remaining.length > 0 ? `; still running: ${remaining.join(', ')}` : hint
      notes.push(`ended processes that had left the step's group: ${pids.join(', ')}${after}`)
    }
  }
  const escaped = loose === null ? [] : suspects(loose.since)
  if (escaped.length > 0) {
    const names = escaped.slice(0, 5).map(({ name, pid }) => `${name} (${pid})`)
    notes.push(
      `processes that began during this step and belong to none may be its own, and were not ended: ${names.join(', ')}`,
    )
  }
  return notes
}

/**
 * Orphans that began since, and that no service manager has put into a control group of their own. The
 * sessions of other runs have a marker. None where ids have begun anew since.
 */
function suspects(since: number | null): ProcessFacts[] {
  if (since === null) return []
  const ours = cgroupsOf(process.pid)
  return startedSince(since).filter(
    ({ pid, parent }) =>
      pid > since &&
      isReaper(parent) &&
      cgroupsOf(pid) === ours &&
      !environmentOf(pid).some((entry) => entry.startsWith('RUNHOOK_RUN=')),
  )
}

/** Who gets the orphans: init, or the systemd of a user. */
function isReaper(pid: number): boolean {
  return pid === 1 || factsOf(pid)?.name === 'systemd'
}
