/**
 * The one place where a page or a form of the dashboard gets into a router, as show/routes.ts is for the API.
 * Each says who may have it, and each form what the audit log calls it; from that come the checks. What does
 * not say so cannot be made, and `close` refuses an app that got it in another way.
 */

import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { messageOf, RunhookError } from '../errors.ts'
import type { Audit } from '../record/audit.ts'
import { type Role, reaches, roles } from '../record/tokens.ts'
import { failurePage } from './failure.ts'
import { isForm, NO_FORM } from './form.ts'
import { type AccessSettings, type Identify, placeFor } from './identify.ts'
import { noticePage, signedOutPage } from './layout.ts'
import { pathBehind } from './own-path.ts'
import { crossSiteProblem } from './same-origin.ts'
import type { Stay } from './stays.ts'
import type { Guest } from './visitor.ts'

/** What stands between a request and every page. */
export interface Door {
  readonly identify: Identify
  /** What he may now whom `identify` has let in with this request. */
  readonly roleNow: (incoming: IncomingMessage) => Promise<Role | null>
  readonly settings: AccessSettings
  readonly audit: Audit
  /** Told of failures that are ours, for the log. */
  readonly report: (thrown: unknown) => void
  readonly now?: () => number
}

export interface PageEnv {
  Bindings: HttpBindings
  Variables: {
    /** Set for every route but those that are for anybody. */
    visitor: Guest
    /** For what he stays to see more of. */
    stay?: Omit<Stay, 'needed'>
    /** What the audit log says that it was about, where the address does not say it; null = nothing happened. */
    about?: string | null
  }
}

export type PageContext = Context<PageEnv>
type Handle = (c: PageContext) => Response | Promise<Response>

export interface Page {
  /** Whoever reaches it; `anybody` need not even have signed in. */
  readonly role: Role | 'anybody'
}

export interface Form extends Page {
  /** Such as `run.cancel`. Null for what keeps its own record. */
  readonly audit: string | null
}

export interface Pages {
  /** Paths are whole ones: `/-/runs/:id`. */
  get(path: string, page: Page, handle: Handle): void
  post(path: string, form: Form, handle: Handle): void
  /** No route can be added after it. */
  close(): Hono<PageEnv>
  readonly app: Hono<PageEnv>
}

export function createPages(door: Door): Pages {
  const app = new Hono<PageEnv>()
  const ours = new Set<unknown>()
  const declaring = (add: () => void) => {
    const before = app.routes.length
    add()
    for (const entry of app.routes.slice(before)) ours.add(entry)
  }
  const add = (method: 'GET' | 'POST', path: string, page: Page, chain: PageMiddleware[]) => {
    const known = page.role === 'anybody' || roles.includes(page.role)
    if (!known) throw new Error(`${method} ${path} declares no role.`)
    declaring(() => app.on(method, [path], withSafeHeaders, guard(door, page.role), ...chain))
  }
  app.onError((thrown, c) => failurePage(thrown, door.report, c.req))
  return {
    app,
    get: (path, page, handle) => add('GET', path, page, [async (c) => handle(c)]),
    post(path, form, handle) {
      if (form.audit === undefined)
        throw new Error(`POST ${path} declares no name for the audit log.`)
      add('POST', path, form, [
        formOnly,
        limited,
        recorded(door, form.audit),
        async (c) => handle(c),
      ])
    },
    close() {
      const stray = app.routes.find((entry) => !ours.has(entry))
      if (stray) throw new Error(`${stray.method} ${stray.path} declares no role.`)
      return app
    },
  }
}

type PageMiddleware = MiddlewareHandler<PageEnv>

/** The request as it came. We never listen with HTTP/2. */
export function incomingOf(c: PageContext): IncomingMessage {
  return c.env.incoming as IncomingMessage
}

/**
 * Looks at the headers and at nothing else. Also for an app that has its own router: as middleware it sets the
 * visitor of every page beneath it, and refuses what another site had sent.
 */
export function guard(door: Door, needed: Role | 'anybody'): PageMiddleware {
  return async (c, next) => {
    const incoming = incomingOf(c)
    const foreign = crossSiteProblem(c.req.method, incoming.headers, door.settings.publicUrl)
    if (foreign !== null) return notice(403, 'Not from here', FOREIGN)
    if (needed === 'anybody') return next()
    const seen = await door.identify(incoming)
    if (seen === null) return toLogin(c)
    if ('problem' in seen) return notice(403, 'Not allowed', seen.problem)
    const { visitor } = seen
    if (!reaches(visitor.role, needed)) {
      const words = `This needs the role ${needed}; ${visitor.name} has the role ${visitor.role}.`
      return notice(403, 'Not allowed', words)
    }
    c.set('visitor', visitor)
    c.set('stay', stayOf(door, visitor, incoming))
    return next()
  }
}

/** Of a session that he has, or of whom a proxy names. */
export function stayOf(
  { roleNow }: Pick<Door, 'roleNow'>,
  { session, via, name }: Guest,
  incoming: IncomingMessage,
): Omit<Stay, 'needed'> {
  const key = session === null ? `${via} ${name}` : `session ${session}`
  return { key, whose: name, roleNow: () => roleNow(incoming) }
}

const FOREIGN =
  'A page of another site had this sent, or a browser that does not say which page it was. Nothing was done. Open the dashboard itself and try again there.'

/** A page leads there and back; what is fetched by a script, or sent, is told. */
function toLogin(c: PageContext): Response | Promise<Response> {
  const wantsPage = /text\/html|\*\/\*/.test(c.req.header('accept') ?? '*/*')
  if ((c.req.method !== 'GET' && c.req.method !== 'HEAD') || !wantsPage) {
    return signedOutPage(pathBehind(c.req.header('referer')))
  }
  const { pathname, search } = new URL(c.req.url)
  return c.redirect(`/-/login?next=${encodeURIComponent(pathname + search)}`, 303)
}

/** The way to the browser is part of who asks: see place.ts. */
export function placeOfPage(door: Pick<Door, 'settings'>, c: PageContext) {
  return placeFor(door.settings, incomingOf(c))
}

function notice(status: number, title: string, words: string): Promise<Response> {
  return noticePage(status, title, words)
}

async function formOnly(c: PageContext, next: () => Promise<void>): Promise<Response | undefined> {
  if (!isForm(incomingOf(c).headers)) return notice(415, 'Not understood', NO_FORM)
  await next()
  return undefined
}

const limited = bodyLimit({
  maxSize: 64 * 1024,
  onError: () =>
    notice(413, 'Too large', 'What was sent is larger than 64 kB, which is the limit.'),
})

/** After the handler, because it knows what became of it; a failure to keep the row takes nothing back. */
export function recorded(door: Door, what: string | null): PageMiddleware {
  return async (c, next) => {
    await next()
    const visitor: Guest | undefined = c.get('visitor')
    const about = c.get('about')
    if (what === null || visitor === undefined || about === null) return
    const object = about ?? Object.values(c.req.param()).join(' ').slice(0, 100)
    const outcome = outcomeOf(c)
    const { name: who, via, address } = visitor
    const at = (door.now ?? Date.now)()
    await door.audit.add({ at, who, via, address, what, object, outcome }).catch(door.report)
  }
}

function outcomeOf({ error, res }: PageContext): string {
  if (error instanceof RunhookError) return error.code
  return error !== undefined && messageOf(error) !== ''
    ? 'internal'
    : res.status < 400
      ? 'ok'
      : `${res.status}`
}

async function withSafeHeaders(c: PageContext, next: () => Promise<void>): Promise<void> {
  await next()
  const kept = c.res.headers.get('cache-control')
  for (const [name, value] of Object.entries(SAFE_HEADERS)) c.header(name, value)
  if (kept !== null) c.header('cache-control', kept)
}

/** Nothing inline, nothing from elsewhere, in nobody's frame; a page of today is not kept for tomorrow's user. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Not "no-referrer", with which a browser says of its own forms that they come from "null".
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
}
