/** Who may call what: the agreement that the router and the API's document are held against. */

import type { Hono } from 'hono'
import type { Role } from '../../src/record/tokens.ts'

export const table: Record<string, Role> = {
  'GET /status': 'viewer',
  'GET /hooks': 'viewer',
  'POST /hooks/:name/trigger': 'operator',
  'GET /runs': 'viewer',
  'GET /runs/:id': 'viewer',
  'GET /runs/:id/output': 'viewer',
  'GET /runs/:id/events': 'viewer',
  'POST /runs/:id/cancel': 'operator',
  'POST /runs/:id/rerun': 'operator',
  'GET /deliveries': 'viewer',
  'GET /deliveries/:id': 'viewer',
  'GET /deliveries/:id/body': 'viewer',
  'POST /deliveries/:id/redeliver': 'operator',
  'GET /refusals': 'viewer',
  'GET /tokens': 'admin',
  'POST /tokens': 'admin',
  'DELETE /tokens/:which': 'admin',
  'GET /workers': 'viewer',
  'GET /workers/deployed': 'viewer',
  'DELETE /workers/:name': 'admin',
  'GET /rollouts': 'viewer',
  'GET /rollouts/:id': 'viewer',
  'GET /users': 'admin',
  'POST /users': 'admin',
  'POST /users/:name/link': 'admin',
  'POST /users/:name/password': 'admin',
  'POST /users/:name/role': 'admin',
  'POST /users/:name/disable': 'admin',
  'POST /users/:name/enable': 'admin',
  'DELETE /users/:name': 'admin',
  'GET /sessions': 'admin',
  'DELETE /sessions/:id': 'admin',
  'GET /audit': 'admin',
  'GET /openapi.json': 'viewer',
}

/** Every route of a router, middleware and final refusals left out. */
export function routesOf(app: Pick<Hono, 'routes'>): string[] {
  const known = app.routes.filter(({ method }) => method !== 'ALL')
  const said = known.map(({ method, path }) => `${method} ${path.replace('/api/v1', '')}`)
  return [...new Set(said)]
}
