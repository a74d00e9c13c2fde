/**
 * The dashboard as it is served: the door with its own pages, and what is behind it. Everything of it is beneath
 * `/-/`, which no hook can have for its URL.
 */

import type { IncomingMessage } from 'node:http'
import { Hono } from 'hono'
import { type Access, createAccess } from './access/access.ts'
import { noticePage } from './access/layout.ts'
import { createPages } from './access/page-routes.ts'
import { messageOf } from './errors.ts'
import type { Log } from './log.ts'
import type { ServerSettings } from './model/config.ts'
import { networksOf } from './network/allowed.ts'
import type { Store } from './record/store.ts'
import type { Accounts } from './record/users.ts'
import { makeLink } from './show/users.ts'

interface DashboardParts {
  readonly accounts: Accounts | undefined
  readonly store: Pick<Store, 'refuse'>
  readonly addressOf: (incoming: IncomingMessage) => string
  readonly log: Log
}

/** Null where the file wants none, or the engine keeps no accounts. */
export function accessOf(
  { dashboard, trustedProxies, proxyLogin }: ServerSettings,
  { accounts, store, addressOf, log }: DashboardParts,
): Access | null {
  if (dashboard === null || accounts === undefined) return null
  return createAccess({
    accounts,
    addressOf,
    settings: { publicUrl: dashboard.publicUrl, trusted: networksOf(trustedProxies), proxyLogin },
    refuse: store.refuse.bind(store),
    report: (thrown) => log.error({ err: thrown }, messageOf(thrown)),
  })
}

export function dashboardApp(access: Access): Hono {
  const pages = createPages(access)
  const viewer = { role: 'viewer' } as const
  pages.get('/', viewer, (c) => c.redirect('/-/', 303))
  pages.get('/-/', viewer, (c) => c.redirect('/-/account', 303))
  pages.get('/-/*', viewer, () => noticePage(404, 'Not found', 'There is no such page here.'))
  const app = new Hono()
  return app.route('/', access.app).route('/', pages.close())
}

/** Where people reach it: as the file says, else where it listens. A wildcard address is no name for anything. */
export function dashboardUrl({ dashboard }: ServerSettings, listening: string): string | null {
  if (dashboard === null) return null
  const here = listening.replace(/^(http:\/\/)(0\.0\.0\.0|\[::\])(?=:|$)/, '$1localhost')
  return dashboard.publicUrl ?? here
}

/** A link for the first admin; null once there is a user, or where nobody can sign in. */
export async function firstLink(
  accounts: Accounts | undefined,
  url: string | null,
): Promise<string | null> {
  if (accounts === undefined || url === null || (await accounts.users.list()).length > 0)
    return null
  return makeLink(accounts, url, null)
}
