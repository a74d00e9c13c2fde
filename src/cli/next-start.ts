/** What a reload does not change: settings of the server that it has looked at when it started. */

import type { ServerSettings } from '../model/config.ts'
import type { OidcRule } from '../model/oidc.ts'

/** As they are called in the file. "keep" is not among them: each round of removing asks for it anew. */
const settings: readonly (readonly [key: string, of: (server: ServerSettings) => unknown])[] = [
  ['host', ({ host }) => host],
  ['port', ({ port }) => port],
  ['data', ({ data }) => data],
  ['public-url', ({ publicUrl }) => publicUrl],
  ['max-parallel', ({ maxParallel }) => maxParallel],
  ['max-waiting', ({ maxWaiting }) => maxWaiting],
  ['drain', ({ drainMs }) => drainMs],
  ['keep.refusals', ({ keep }) => keep.refusalsMs],
  ['database', ({ database }) => database],
  ['name', ({ worker }) => worker.name],
  ['labels', ({ worker }) => worker.labels.join()],
  ['lease', ({ worker }) => worker.leaseMs],
  ['seal', ({ worker }) => worker.sealKeys?.map(({ value }) => value).join('\n')],
  ['trusted-proxies', ({ trustedProxies }) => trustedProxies.join()],
  ['dashboard', ({ dashboard }) => JSON.stringify(dashboard)],
  ['oidc', ({ oidc }) => JSON.stringify(oidc && { ...oidc, rules: oidc.rules.map(plain) })],
  ['login', ({ proxyLogin: by }) => JSON.stringify(by && { ...by, roles: [...by.roles] })],
]

function plain({ role, claims }: OidcRule) {
  return [role, ...claims]
}

/** The rest of a sentence that says a file was reloaded; empty when all of it counts. */
export function untilNextStart(started: ServerSettings, written: ServerSettings): string {
  const changed = settings.filter(([, of]) => of(started) !== of(written)).map(([key]) => key)
  if (changed.length === 0) return ''
  const names = changed.map((key) => `server.${key}`).join(', ')
  return `; ${names} ${changed.length === 1 ? 'counts' : 'count'} from the next start`
}
