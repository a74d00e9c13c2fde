/**
 * The one place where a route of the API is made. Each says who may call it, what it reads and what it
 * answers; from that come the check of the role, the reading, and the API's document. A route that does
 * not say all of it cannot be made, and `close` refuses an app that got one in another way.
 */

import { Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { describeRoute } from 'hono-openapi'
import { RunhookError } from '../errors.ts'
import type { AuditEntry } from '../record/audit.ts'
import { type Role, reaches, roles } from '../record/tokens.ts'
import type { Admit, ApiEnv, Ask, Caller } from './admission.ts'
import { failureAnswer, refusal } from './answers.ts'
import { readFields } from './body.ts'
import { type Description, operationOf } from './describe.ts'
import { type None, type Readers, readPath, readQuery, type Values } from './parameters.ts'
import { ownTurn } from './turn.ts'

export interface Route<Path extends Readers, Query extends Readers> extends Description {
  readonly role: Role
  readonly path?: Path
  readonly query?: Query
  /** What the audit log calls it, such as `run.cancel`. Everything but reading must have one. */
  readonly audit?: string
}

export interface Given<Path extends Readers, Query extends Readers> {
  readonly path: Required<Values<Path>>
  readonly query: Values<Query>
}

type Handle<Path extends Readers, Query extends Readers> = (
  c: Ask,
  given: Given<Path, Query>,
) => Response | Promise<Response>

export interface Routes {
  /** Reading. HEAD is answered too, and OPTIONS for every path. */
  get: Add
  /** The body must call itself JSON: a form of a strange page cannot. */
  post: Add
  delete: Add
  /** No route can be added after it. */
  close(): Hono<ApiEnv>
  readonly app: Hono<ApiEnv>
}

type Add = <Path extends Readers = None, Query extends Readers = None>(
  path: string,
  route: Route<Path, Query>,
  handle: Handle<Path, Query>,
) => void

type Method = 'GET' | 'POST' | 'DELETE'
type Middleware = MiddlewareHandler<ApiEnv>

export function createRoutes(
  admit: Admit,
  report?: (thrown: unknown) => void,
  record?: Recorded,
): Routes {
  const app = new Hono<ApiEnv>()
  const declared = new Map<string, Method[]>()
  const ours = new Set<unknown>()
  /** Whatever `add` puts into the router is known to have been declared. */
  const declaring = (add: () => void) => {
    const before = app.routes.length
    add()
    for (const entry of app.routes.slice(before)) ours.add(entry)
  }
  declaring(() => app.use(withSafeHeaders))
  app.onError((thrown) => failureAnswer(thrown, report))

  const adder = (method: Method): Add => {
    return (path, route, handle) => {
      const methods = declared.get(path) ?? []
      if (!roles.includes(route.role)) throw new Error(`${method} ${path} declares no role.`)
      if (methods.includes(method)) throw new Error(`${method} ${path} is declared twice.`)
      if (method !== 'GET' && !route.audit) throw new Error(`${method} ${path} leaves no record.`)
      declared.set(path, [...methods, method])
      const serve = async (c: Ask) => {
        const query = readQuery(c.req.queries(), route.query ?? {})
        const given = readPath(c.req.param(), route.path ?? {})
        await ownTurn()
        // What a route leaves out it does not read, so its type holds nothing of it either.
        return handle(c, { path: given, query } as Parameters<typeof handle>[1])
      }
      const checks = [describeRoute(operationOf(method, route)), guard(admit, route.role)]
      const body = method === 'GET' ? [] : [jsonOnly, limited, ...(route.body ? [] : [nothing])]
      const kept = route.audit && record ? [recorded(route.audit, record)] : []
      const chain: Middleware[] = [...checks, ...body, ...kept, serve]
      declaring(() => app.on(method, [path], ...chain))
    }
  }

  const close = () => {
    const known = guard(admit, 'viewer')
    for (const [path, methods] of declared) {
      declaring(() => app.all(path, known, otherMethod(methods)))
    }
    declaring(() => app.all('*', known, notFound))
    const stray = app.routes.find((entry) => !ours.has(entry))
    if (stray) throw new Error(`${stray.method} ${stray.path} declares no role.`)
    return app
  }
  return { get: adder('GET'), post: adder('POST'), delete: adder('DELETE'), close, app }
}

/** Keeps a row of what was asked for; never rejects. */
export type Recorded = (entry: Omit<AuditEntry, 'at'>) => Promise<void>

/** After the answer is made, because that says what became of it. */
function recorded(what: string, record: Recorded): Middleware {
  return async (c, next) => {
    await next()
    const about = c.get('about')
    if (about === null) return
    const { name: who, via, origin } = c.get('caller')
    const outcome = c.error instanceof RunhookError ? c.error.code : c.error ? 'internal' : 'ok'
    await record({ who, via, address: origin?.address ?? '', what, object: about ?? '', outcome })
  }
}

/** Whom a refusal names. */
function subjectOf({ name, via }: Caller): string {
  return via === 'token' ? `The token "${name}"` : `"${name}"`
}

/** Lets in who is known and may; stands before everything that reads more than the headers. */
function guard(admit: Admit, needed: Role): Middleware {
  return async (c, next) => {
    const caller = await admit(c)
    if (caller instanceof Response) return caller
    if (!reaches(caller.role, needed)) {
      throw new RunhookError(
        'not-allowed',
        `${subjectOf(caller)} has the role ${caller.role}; this needs ${needed}.`,
      )
    }
    c.set('caller', caller)
    return next()
  }
}

async function jsonOnly(c: Ask, next: () => Promise<void>): Promise<Response | undefined> {
  const [type = ''] = (c.req.header('content-type') ?? '').split(';', 1)
  const encoding = c.req.header('content-encoding') ?? 'identity'
  if (type.trim().toLowerCase() === 'application/json' && encoding === 'identity') {
    await next()
    return undefined
  }
  const error = new RunhookError('usage', 'The body must be JSON, and say so.', {
    hint: 'Send "Content-Type: application/json", also where there is no body, and no compression.',
  })
  return refusal(415, error, { connection: 'close' })
}

const BODY_MAX = 256 * 1024

const limited = bodyLimit({
  maxSize: BODY_MAX,
  onError: () => {
    const message = `The body is larger than ${BODY_MAX / 1024} kB, which is the limit.`
    return refusal(413, new RunhookError('invalid', message), { connection: 'close' })
  },
})

/** For routes that read no body: what somebody wrote into one would be lost without a word. */
async function nothing(c: Ask, next: () => Promise<void>): Promise<void> {
  readFields(await c.req.text(), {}, 'Send {}, or nothing.')
  await next()
}

/**
 * Answers hold what strangers wrote: no browser may guess another type for them, keep them, or hand them to a page of
 * another site, whose visitor a proxy may name here.
 */
async function withSafeHeaders(c: Ask, next: () => Promise<void>): Promise<void> {
  await next()
  c.header('x-content-type-options', 'nosniff')
  c.header('cache-control', 'no-store')
  c.header('cross-origin-resource-policy', 'same-origin')
}

/** OPTIONS is told what there is; no header of it lets another site's page in. */
function otherMethod(methods: readonly Method[]): (c: Ask) => Response {
  const allow = [...methods.flatMap((one) => (one === 'GET' ? [one, 'HEAD'] : one)), 'OPTIONS']
  const headers = { allow: allow.join(', ') }
  return ({ req }) => {
    if (req.method === 'OPTIONS') return new Response(null, { status: 204, headers })
    const message = `${req.path} does not answer ${req.method}; it answers ${headers.allow}.`
    return refusal(405, new RunhookError('usage', message), headers)
  }
}

function notFound({ req, env }: Ask): Response {
  const [path = ''] = (env.incoming.url ?? '').split('?', 1)
  throw new RunhookError('not-found', `There is no ${req.method} ${path.slice(0, 100)} here.`)
}
