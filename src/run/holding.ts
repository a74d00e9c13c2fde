/**
 * How a server holds the processes of its runs together, decided once at its start and said in the log: by
 * control groups where it may make some, else by process group and marker, which two kinds of escape.
 */

import type { Log } from '../log.ts'
import type { Hook } from '../model/hook.ts'
import { type CgroupPlace, findCgroupPlace } from './cgroup-place.ts'
import { Cgroups } from './cgroups.ts'
import { missingControllers } from './controllers.ts'

export interface Holding {
  /** Left out where none can be made. */
  readonly cgroups?: Cgroups
  /** In words, for the log and `runhook doctor`. */
  readonly says: string
}

/** `RUNHOOK_CGROUPS=off` in the server's environment does without, where they make trouble. */
export function holdingOf(token: string, wish = process.env.RUNHOOK_CGROUPS): Holding {
  const off = { reason: 'RUNHOOK_CGROUPS=off is set' }
  const place = wish === 'off' ? off : findCgroupPlace(token)
  const says = holdingText(place)
  return 'base' in place ? { cgroups: new Cgroups(place.base, token), says } : { says }
}

export function holdingText(place: CgroupPlace): string {
  if ('base' in place) return `what a run starts is ended by control groups in ${place.base}`
  return `what a run starts is ended by process group and marker, as there are no control groups: ${place.reason}`
}

/** To be asked at each new config: switches the controllers on for the first hook that has such a limit. */
export function prepareLimits(
  hooks: Iterable<Hook>,
  { cgroups }: Holding,
  log: Pick<Log, 'info'>,
): void {
  if (!someLimited(hooks)) return
  const before = cgroups?.noControllers
  cgroups?.wantControllers()
  if (cgroups !== undefined && cgroups.noControllers === before) return
  log.info(`    ${limitsText(cgroups === undefined ? NO_GROUPS : cgroups.noControllers)}`)
}

/** For `runhook doctor`, as far as looking tells; null where no hook has such a limit. */
export function foreseenLimits(hooks: Iterable<Hook>, place: CgroupPlace): string | null {
  if (!someLimited(hooks)) return null
  return limitsText('base' in place ? missingControllers(place.base) : NO_GROUPS)
}

/** Of what a control group can hold: prlimit alone is asked for open files. */
function someLimited(hooks: Iterable<Hook>): boolean {
  return [...hooks].some(({ terms: { limits } }) => limits.memory !== null || limits.pids !== null)
}

const NO_GROUPS = 'there are no control groups'

function limitsText(reason: string | null): string {
  if (reason === null) return 'limits of memory and processes are held by control groups'
  return `limits of memory and processes are set by prlimit, for each process and for all of a user's: ${reason}`
}

/** Ends what an earlier server left in its control groups; `previous` is where it had them. */
export async function endStaleGroups(
  { cgroups }: Holding,
  previous: string | null,
  runIds: readonly number[],
  log: Pick<Log, 'warn'>,
): Promise<void> {
  if (cgroups === undefined) return
  const bases = previous === null ? [cgroups.base] : [cgroups.base, previous]
  const pids = await cgroups.endStale(bases, runIds, STALE_GRACE_MS)
  if (pids.length > 0) log.warn({ pids }, `    ended what the last server's runs left: ${pids}`)
}

const STALE_GRACE_MS = 2000
