/** The door of the dashboard, put together: who comes in, by which pages, and what is kept of it. */

import type { Hono } from 'hono'
import { accountPages } from './account-pages.ts'
import type { GuessParts } from './guess.ts'
import { createIdentify, createRoleNow } from './identify.ts'
import { loginPages } from './login-pages.ts'
import { createOidcLogin } from './oidc-login.ts'
import { oidcPages } from './oidc-pages.ts'
import { createPages, type Door, type PageEnv } from './page-routes.ts'
import { withFewRefused } from './refused-rows.ts'
import { createSignIn } from './sign-in.ts'

export interface Access extends Door {
  /** Its own pages: login, links, logout, account. Everything of it is beneath `/-/`. */
  readonly app: Hono<PageEnv>
}

export function createAccess(parts: GuessParts): Access {
  const { accounts, settings, report, now = Date.now } = parts
  const door: Door = {
    identify: createIdentify(parts),
    roleNow: createRoleNow(parts),
    settings,
    audit: withFewRefused(accounts.audit, now),
    report,
    now,
  }
  const signIn = createSignIn(parts)
  const pages = createPages(door)
  const oidc = settings.oidc && createOidcLogin(settings.oidc, parts, signIn)
  loginPages(pages, door, signIn, oidc)
  if (oidc) oidcPages(pages, door, oidc)
  accountPages(pages, accounts, signIn, now)
  return { ...door, app: pages.close() }
}
