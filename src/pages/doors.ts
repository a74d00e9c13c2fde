/**
 * The one place where an address of the dashboard is made: each says what role it needs, and none is reached
 * without it. Whatever changes something is a POST of a page of ours.
 */

import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { isForm, NO_FORM } from '../access/form.ts'
import { crossSiteProblem } from '../access/same-origin.ts'
import { messageOf, RunhookError } from '../errors.ts'
import { type Role, reaches } from '../record/tokens.ts'
import { ownTurn } from '../show/turn.ts'
import { failurePage } from './failure.tsx'
import type { Ask, PagesEnv, PagesParts } from './parts.ts'

export type Handle = (c: Ask) => Response | Promise<Response>

export interface Doors {
  get(path: string, role: Role, handle: Handle): void
  post(path: string, role: Role, handle: Handle): void
}

export interface Door {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly role: Role
}

const FORM_MAX = 256 * 1024

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

export interface Built extends Doors {
  readonly app: Hono<PagesEnv>
  /** All there are, for the tests of roles. */
  readonly list: readonly Door[]
}

export function createDoors(parts: Pick<PagesParts, 'report' | 'publicUrl' | 'fleet'>): Built {
  const app = new Hono<PagesEnv>()
  const list: Door[] = []
  app.use(safely)
  app.use(async (c, next) => {
    c.set('hasFleet', parts.fleet !== null)
    await next()
  })
  app.onError((thrown, c) => failurePage(c, known(thrown, parts.report)))
  const admit = (c: Ask, role: Role) => {
    const visitor = c.get('visitor')
    if (reaches(visitor.role, role)) return
    throw new RunhookError(
      'not-allowed',
      `${visitor.name} has the role ${visitor.role}; this needs ${role}.`,
    )
  }
  const limited = bodyLimit({
    maxSize: FORM_MAX,
    onError: (c) =>
      failurePage(
        c,
        new RunhookError('invalid', `A form may not be larger than ${FORM_MAX / 1024} kB.`),
        413,
      ),
  })
  return {
    app,
    list,
    get(path, role, handle) {
      list.push({ method: 'GET', path, role })
      app.get(path, async (c) => {
        admit(c, role)
        await ownTurn()
        return handle(c)
      })
    },
    post(path, role, handle) {
      list.push({ method: 'POST', path, role })
      const asked = async (c: Ask, next: () => Promise<void>) => {
        admit(c, role)
        if (crossSiteProblem('POST', senderOf(c), parts.publicUrl) !== null) throw foreign
        if (!isForm(c.req.header())) return failurePage(c, noForm, 415)
        await next()
        return undefined
      }
      app.post(path, asked, limited, (c) => handle(c))
    },
  }
}

/** Whoever sets the visitor has looked at these too; a form that lacks him is still none of a stranger's. */
function senderOf(c: Ask) {
  const [origin, host, site] = ['origin', 'host', 'sec-fetch-site'].map((name) =>
    c.req.header(name),
  )
  return { origin, host, 'sec-fetch-site': site }
}

const noForm = new RunhookError('invalid', NO_FORM, {
  hint: 'Programs have the API for it: docs/api.md.',
})

const foreign = new RunhookError('not-allowed', 'This was not sent by a page of runhook.', {
  hint: 'Open the page and press its button. Behind a proxy, set "public-url" in the hooks file and let the proxy pass the Host header on.',
})

/** Only our own errors are told in their words; anything else may hold what visitors must not see. */
function known(thrown: unknown, report?: (thrown: unknown) => void): RunhookError | null {
  if (thrown instanceof RunhookError) {
    if (thrown.httpStatus >= 500 && thrown.retryAfter === null) report?.(thrown)
    return thrown
  }
  report?.(thrown instanceof Error ? thrown : new Error(messageOf(thrown)))
  return null
}

/** Pages hold what strangers wrote: nothing but our own files may be loaded or run by them. */
async function safely(c: Ask, next: () => Promise<void>): Promise<void> {
  await next()
  const { headers } = c.res
  if (!headers.has('content-security-policy')) headers.set('content-security-policy', POLICY)
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
  headers.set('x-content-type-options', 'nosniff')
  headers.set('x-frame-options', 'DENY')
  headers.set('referrer-policy', 'same-origin')
  headers.set('cross-origin-opener-policy', 'same-origin')
  headers.set('cross-origin-resource-policy', 'same-origin')
}
