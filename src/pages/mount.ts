/** The dashboard in a server: its pages beneath /-, and the addresses that lead there. */

import { Hono, type MiddlewareHandler } from 'hono'
import { openDoors, pagesApp } from './app.ts'
import { BASE, type PagesEnv, type PagesParts } from './parts.ts'

/** Sets `visitor`, or answers itself. */
export type SetVisitor = MiddlewareHandler<PagesEnv>

/** Answers below /-, at / and at the addresses that runs and deliveries are told by; nothing else. */
export function mountPages(parts: PagesParts, setVisitor: SetVisitor): Hono {
  const app = new Hono()
  app.get('/', (c) => c.redirect(`${BASE}/`))
  app.get(BASE, (c) => c.redirect(`${BASE}/`))
  app.get('/runs/:id{[0-9]+}', (c) => c.redirect(`${BASE}/runs/${c.req.param('id')}`))
  app.get('/deliveries/:id{[0-9]+}', (c) => c.redirect(`${BASE}/deliveries/${c.req.param('id')}`))
  app.route(BASE, openDoors(parts))
  const behind = new Hono<PagesEnv>()
  behind.use(setVisitor)
  behind.route('/', pagesApp(parts))
  app.route(`${BASE}/`, behind)
  return app
}
