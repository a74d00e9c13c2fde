/**
 * The dashboard as it is served: the door with its own pages, and what is behind it. Everything of it is beneath
 * `/-/`, which no hook can have for its URL.
 */

import type { IncomingMessage } from 'node:http'
import { type Access, createAccess } from './access/access.ts'
import { guard, type PageContext, recorded } from './access/page-routes.ts'
import type { Visitor } from './access/visitor.ts'
import { messageOf } from './errors.ts'
import type { Log } from './log.ts'
import type { ServerSettings } from './model/config.ts'
import { networksOf } from './network/allowed.ts'
import type { SetVisitor } from './pages/mount.ts'
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
  { dashboard, trustedProxies, proxyLogin, oidc }: ServerSettings,
  { accounts, store, addressOf, log }: DashboardParts,
): Access | null {
  if (dashboard === null || accounts === undefined) return null
  return createAccess({
    accounts,
    addressOf,
    settings: {
      publicUrl: dashboard.publicUrl,
      trusted: networksOf(trustedProxies),
      proxyLogin,
      oidc,
    },
    refuse: store.refuse.bind(store),
    warn: (text) => log.warn(text),
    report: (thrown) => log.error({ err: thrown }, messageOf(thrown)),
  })
}

/** What the audit log calls the forms of the pages, and what each is about. */
const forms: readonly (readonly [path: RegExp, what: string, about: string])[] = [
  [/^\/-\/runs\/(\d{1,15})\/cancel$/, 'run.cancel', 'run #'],
  [/^\/-\/runs\/(\d{1,15})\/rerun$/, 'run.rerun', 'run #'],
  [/^\/-\/deliveries\/(\d{1,15})\/redeliver$/, 'delivery.redeliver', 'delivery #'],
  [/^\/-\/hooks\/([a-z0-9-]{1,63})\/run$/, 'hook.trigger', 'hook '],
  [/^\/-\/hooks\/([a-z0-9-]{1,63})\/test$/, 'hook.test', 'hook '],
  [/^\/-\/workers\/([A-Za-z0-9._-]{1,63})\/remove$/, 'worker.remove', 'worker '],
]

/** Nothing was even asked for, and any path would make a row. */
const NO_ROUTE = [404, 405]

/** Keeps its own record, before anything is shown: see keepSecretShown. */
const REVEAL = /^\/-\/hooks\/[a-z0-9-]{1,63}\/secret$/

/** Keeps a row of a secret that is about to be shown; where it cannot be kept it rejects, and none is. */
export function keepSecretShown({ audit }: Access) {
  return async ({ name: who, via, ...more }: Visitor, object: string): Promise<void> => {
    const address = 'address' in more ? String(more.address) : ''
    await audit.add({
      at: Date.now(),
      who,
      via,
      address,
      what: 'secret.reveal',
      object,
      outcome: 'ok',
    })
  }
}

/**
 * Stands before pages that have a router of their own: sets their visitor, refuses what another site had sent,
 * and keeps a row of whatever may change something. What has no name here is kept by its path.
 */
export function setVisitor(access: Access): SetVisitor {
  const enter = guard(access, 'viewer')
  return async (given, next) => {
    const c = given as unknown as PageContext // the same, with what is the door's own
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return enter(c, next)
    const { pathname } = new URL(c.req.url)
    if (REVEAL.test(pathname)) return enter(c, next)
    const [form] = forms.flatMap(([path, what, about]) => {
      const [, which] = path.exec(pathname) ?? []
      return which === undefined ? [] : [{ what, about: about + which }]
    })
    const { what, about } = form ?? { what: 'page.send', about: pathname.slice(0, 100) }
    return enter(c, async () => {
      c.set('about', about)
      await recorded(access, what)(c, async () => {
        await next()
        if (!form && NO_ROUTE.includes(c.res.status)) c.set('about', null)
      })
    })
  }
}

/** Where people reach it: as the file says, else where it listens. A wildcard address is no name for anything. */
export function dashboardUrl({ dashboard }: ServerSettings, listening: string): string | null {
  if (dashboard === null) return null
  const here = listening.replace(/^(http:\/\/)(0\.0\.0\.0|\[::\])(?=:|$)/, '$1localhost')
  return dashboard.publicUrl ?? here
}

/**
 * A link for the first admin; null once there is one, even one who is kept out, or where nobody can sign in. A disk that refuses it
 * keeps no server from its start: "runhook user add" makes one later.
 */
export async function firstLink(
  accounts: Accounts | undefined,
  url: string | null,
  log: Log,
): Promise<string | null> {
  if (accounts === undefined || url === null) return null
  if ((await accounts.users.list()).some(({ role }) => role === 'admin')) return null
  return makeLink(accounts, url, null).catch((error: unknown) => {
    log.warn(`    there is no link to sign in by: ${messageOf(error)}`)
    return null
  })
}
