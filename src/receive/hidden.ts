/**
 * Below /hooks/ the addresses are guessed easily. So whoever has proven nothing there is treated alike, hook
 * or none: the same checks in the same order, the same wait for the body, the same answer.
 */

import type { Headers, Host } from '../hosts/host.ts'
import { gitHosts, hostOf } from '../hosts/hosts.ts'
import type { Endpoints } from './endpoints.ts'

/** Where every hook can be reached by its name. */
export const HOOKS = '/hooks/'

const everywhere = [...gitHosts, hostOf('sourcehut'), hostOf('webhook')]
const hostsOf = new WeakMap<Endpoints, readonly Host[]>()

/**
 * Whether the headers hold what some host, or a signature that some hook describes, would check against the
 * body. Not that of the hook which was asked for: when an answer comes would tell which host's it is.
 */
export function mayBeProof(headers: Headers, endpoints: Endpoints): boolean {
  let hosts = hostsOf.get(endpoints)
  if (!hosts) {
    hosts = [...new Set([...everywhere, ...[...endpoints.values()].map(({ host }) => host)])]
    hostsOf.set(endpoints, hosts)
  }
  return hosts.some((host) => host.refuse(headers) === null)
}
