/**
 * The API: what happened, what happens now, and the few things one may ask for. JSON, and bytes where
 * bytes are meant. Routes are relative (the server mounts them at /api/v1, once for each listener). Who
 * asks is for `admit` to say, what he may ask for each route; see admission.ts and routes.ts.
 */

import type { Hono } from 'hono'
import { withFewRefused } from '../access/refused-rows.ts'
import { Stays } from '../access/stays.ts'
import type { Config } from '../model/config.ts'
import type { AuditEntry } from '../record/audit.ts'
import type { Store } from '../record/store.ts'
import type { Tokens } from '../record/tokens.ts'
import type { Accounts } from '../record/users.ts'
import type { Admit, ApiEnv } from './admission.ts'
import { auditRoute } from './audit.ts'
import type { Control } from './control.ts'
import { deliveryRoutes } from './deliveries.ts'
import { documentRoute } from './document.ts'
import { hookRoutes } from './hooks.ts'
import { refusalRoute } from './refusals.ts'
import { rolloutRoutes } from './rollouts.ts'
import { createRoutes } from './routes.ts'
import { runRoutes } from './runs.ts'
import { tokenRoutes } from './tokens.ts'
import { userRoutes } from './users.ts'
import type { OutputLogLike } from './watch.ts'
import { type FleetPart, workerRoutes } from './workers.ts'

export interface ApiParts {
  readonly store: Store
  readonly tokens: Tokens
  /** Left out where the engine keeps none: then nobody can sign in, and nothing is recorded. */
  readonly accounts?: Accounts | undefined
  /** Where the dashboard is, without a trailing slash; null, or left out = there is none. */
  readonly dashboard?: () => string | null
  readonly output: OutputLogLike
  readonly control: Control
  /** Who stays to see more; left out = for this API alone. */
  readonly stays?: Stays
  /** Null while this server is alone. */
  readonly fleet: FleetPart
  /** The config in use now; asked at each request, because a reload replaces it. */
  readonly hooks: () => Config
  /** Told of failures that are ours and not the caller's, for the log. */
  readonly report?: (thrown: unknown) => void
  /** Told of what admins do, for the log. */
  readonly tell?: (text: string) => void
}

export function createApi(parts: ApiParts, admit: Admit): Hono<ApiEnv> {
  const { accounts, tell = () => {}, dashboard = () => null, stays = new Stays() } = parts
  const audit = accounts && withFewRefused(accounts.audit)
  const record = async (entry: Omit<AuditEntry, 'at'>) => {
    await audit?.add({ ...entry, at: Date.now() }).catch(parts.report)
  }
  const routes = createRoutes(admit, parts.report, record)
  hookRoutes(routes, parts)
  runRoutes(routes, { ...parts, stays })
  deliveryRoutes(routes, parts)
  refusalRoute(routes, parts)
  tokenRoutes(routes, parts.tokens, tell)
  workerRoutes(routes, parts.fleet, tell)
  rolloutRoutes(routes, parts.fleet)
  userRoutes(routes, { accounts, dashboard, tell })
  auditRoute(routes, accounts)
  documentRoute(routes)
  return routes.close()
}
