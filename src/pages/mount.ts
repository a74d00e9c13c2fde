/** The dashboard in a server: its pages beneath /-, and the addresses that lead there. */

import { Hono, type MiddlewareHandler } from 'hono'
import { failurePage } from '../access/failure.ts'
import { SAFE_HEADERS } from '../access/page-routes.ts'
import { badgeDoor, openDoors, pagesApp } from './app.ts'
import { BASE, type PagesEnv, type PagesParts } from './parts.ts'
import { seeOther } from './render.tsx'

/** Sets `visitor`, or answers itself. */
export type SetVisitor = MiddlewareHandler<PagesEnv>

/** Answers below /-, at /, at the addresses that runs and deliveries are told by, and what browsers ask unasked. */
export function mountPages(parts: PagesParts, setVisitor: SetVisitor): Hono {
  const app = apart(parts)
  app.get('/', (c) => c.redirect(`${BASE}/`))
  app.get(BASE, (c) => c.redirect(`${BASE}/`))
  app.get('/runs/:id{[0-9]+}', (c) => c.redirect(`${BASE}/runs/${c.req.param('id')}`))
  app.get('/deliveries/:id{[0-9]+}', (c) => c.redirect(`${BASE}/deliveries/${c.req.param('id')}`))
  unasked(app, parts)
  app.route(BASE, openDoors(parts))
  const behind = new Hono<PagesEnv>()
  behind.use(setVisitor)
  behind.route('/', pagesApp(parts))
  app.route(`${BASE}/`, behind)
  return app
}

/** Public badges alone, for an address that has nothing else of the dashboard. */
export function mountBadges(parts: Pick<PagesParts, 'store' | 'hooks' | 'report'>): Hono {
  return apart(parts).route(BASE, badgeDoor(parts))
}

/** What breaks before it is known who asks is a page all the same, and goes to the log as anything does. */
function apart({ report }: Pick<PagesParts, 'report'>): Hono {
  const app = new Hono()
  app.onError(async (thrown, c) => {
    const answer = await failurePage(thrown, report, c.req)
    for (const [name, value] of Object.entries(SAFE_HEADERS)) answer.headers.set(name, value)
    return answer
  })
  return app
}

/**
 * What browsers and crawlers ask of any site: it is no call of a hook, and must not stand among those that were
 * refused. A hook whose URL it is goes before.
 */
function unasked(app: Hono, parts: Pick<PagesParts, 'hooks'>): void {
  const isHook = (path: string) =>
    [...parts.hooks().hooks.values()].some((one) => one.path === path)
  const answer = (path: string, respond: () => Response) =>
    app.get(path, (c, next) => (isHook(c.req.path) ? next() : respond()))
  answer('/favicon.ico', () => seeOther(`${BASE}/icon.svg`))
  answer('/robots.txt', () => new Response('User-agent: *\nDisallow: /\n'))
  answer('/:icon{apple-touch-icon[a-z0-9-]*\\.png}', () => new Response(null, { status: 404 }))
}
