/** The two addresses by which a browser goes to the provider and comes back. Links, for a page of ours has no form to another place. */

import { CALLBACK_PATH } from '../hooks/oidc.ts'
import { flowCookie, flowCookieIn, noFlowCookie, sessionCookie } from './cookie.ts'
import { loginPage, wayProblem } from './login-pages.ts'
import type { OidcLogin } from './oidc-login.ts'
import { OidcRefusal } from './oidc-refusal.ts'
import { ownPath } from './own-path.ts'
import { type Door, incomingOf, type PageContext, type Pages } from './page-routes.ts'

export const START_PATH = '/-/login/oidc'
const anybody = { role: 'anybody' } as const

export function oidcPages(pages: Pages, door: Door, oidc: OidcLogin): void {
  /** By what the file says: a request looks as if it came from this machine where a proxy says nothing. */
  const place = oidc.redirectUri.startsWith('https:') ? 'https' : 'local'

  const refused = (thrown: unknown, next: string) => {
    if (!(thrown instanceof OidcRefusal)) throw thrown
    return loginPage({
      status: thrown.status,
      next,
      problem: thrown.words,
      oidc,
      isElsewhere: true,
    })
  }

  pages.get(START_PATH, anybody, async (c) => {
    const problem = wayProblem(door, c)
    if (problem) return problem
    const next = ownPath(c.req.query('next') ?? '')
    // A page of somebody else shall not begin it: it is for the person to press.
    if (/^(cross|same)-site$/.test(c.req.header('sec-fetch-site') ?? ''))
      return c.redirect(`/-/login?next=${encodeURIComponent(next)}`, 303)
    try {
      const { location, cookie } = await oidc.begin(incomingOf(c), next)
      c.header('set-cookie', flowCookie(cookie, place))
      return c.redirect(location, 303)
    } catch (thrown) {
      return refused(thrown, next)
    }
  })

  pages.get(CALLBACK_PATH, anybody, async (c) => {
    const problem = wayProblem(door, c)
    if (problem) return problem
    const cookie = flowCookieIn(c.req.header('cookie'), place)
    try {
      const { session, next } = await oidc.finish(incomingOf(c), cookie, searchOf(c))
      c.header('set-cookie', sessionCookie(session, place))
      c.header('set-cookie', noFlowCookie(place), { append: true })
      return c.redirect(ownPath(next), 303)
    } catch (thrown) {
      const answer = await refused(thrown, '')
      answer.headers.append('set-cookie', noFlowCookie(place))
      return answer
    }
  })
}

function searchOf(c: PageContext): string {
  return new URL(c.req.url).search
}
