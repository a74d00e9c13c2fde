/** Who may have what of all that people reach: the agreement that the router is held against. */

import type { Role } from '../../src/record/tokens.ts'
import { table as api } from '../show/agreement.ts'

type Table = Readonly<Record<string, Role | 'anybody'>>

/** What needs nobody: signing in and out, what pages load, and whether the server is there. */
const open: Table = {
  'GET /-/access.css': 'anybody',
  'GET /-/login': 'anybody',
  'POST /-/login': 'anybody',
  'GET /-/login/oidc': 'anybody',
  'GET /-/login/oidc/callback': 'anybody',
  'GET /-/link/:value': 'anybody',
  'POST /-/link/:value': 'anybody',
  'POST /-/logout': 'anybody',
  'GET /-/assets/:hash/:file': 'anybody',
  'GET /-/icon.svg': 'anybody',
  'GET /favicon.ico': 'anybody', // what browsers and crawlers ask for by themselves
  'GET /robots.txt': 'anybody',
  'GET /:icon{apple-touch-icon[a-z0-9-]*\\.png}': 'anybody',
  'GET /': 'anybody', // these lead to pages
  'GET /-': 'anybody',
  'GET /runs/:id{[0-9]+}': 'anybody',
  'GET /deliveries/:id{[0-9]+}': 'anybody',
  'GET /healthz': 'anybody',
  'GET /readyz': 'anybody',
}

const account: Table = {
  'GET /-/account': 'viewer',
  'POST /-/account/password': 'viewer',
  'POST /-/sessions/:id/end': 'viewer',
}

const pages: Table = {
  'GET /-/': 'viewer',
  'GET /-/runs': 'viewer',
  'GET /-/runs/:id': 'viewer',
  'GET /-/runs/:id/output': 'viewer',
  'GET /-/runs/:id/log': 'viewer',
  'POST /-/runs/:id/cancel': 'operator',
  'POST /-/runs/:id/rerun': 'operator',
  'GET /-/deliveries': 'viewer',
  'GET /-/deliveries/:id': 'viewer',
  'GET /-/deliveries/:id/body': 'viewer',
  'POST /-/deliveries/:id/redeliver': 'operator',
  'GET /-/hooks/:name': 'viewer',
  'GET /-/hooks/:name/setup': 'viewer',
  'POST /-/hooks/:name/run': 'operator',
  'POST /-/hooks/:name/test': 'operator',
  'POST /-/hooks/:name/secret': 'admin',
  'GET /-/rollouts/:id': 'viewer',
  'GET /-/workers': 'viewer',
  'POST /-/workers/:name/remove': 'admin',
  'GET /-/refused': 'viewer',
  'GET /-/events': 'viewer',
  'GET /-/audit': 'admin',
  'GET /-/badge/:file': 'viewer', // a public one is open to anybody, see test/pages/doors.test.ts
}

const ofApi: Table = Object.fromEntries(
  Object.entries(api).map(([route, role]) => [route.replace(' ', ' /api/v1'), role]),
)

export const agreement: Table = { ...open, ...account, ...pages, ...ofApi }

/** What stands before or behind the routes themselves, and gives nothing by itself. */
export const catchAlls = ['/api/v1/*', '/-/*', '/*']
