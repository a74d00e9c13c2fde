/**
 * The API: what happened, what happens now, and the few things one may ask for. JSON, and bytes where
 * bytes are meant. Routes are relative (the server mounts them at /api/v1). Today they are reached over
 * a Unix socket only, whose file mode is the permission; nothing here checks who asks.
 */

import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { RunhookError } from '../errors.ts'
import type { Config } from '../model.ts'
import type { Store } from '../record/store.ts'
import { failureAnswer } from './answers.ts'
import type { Control } from './control.ts'
import { deliveryRoutes } from './deliveries.ts'
import { name, readInputs, readOne, readQuery } from './parameters.ts'
import { callerOf, runRoutes } from './runs.ts'
import { hookView } from './views.ts'
import type { OutputLogLike } from './watch.ts'

export interface ApiParts {
  readonly store: Store
  readonly output: OutputLogLike
  readonly control: Control
  /** The config in use now; asked at each request, because a reload replaces it. */
  readonly hooks: () => Config
  /** Told of failures that are ours and not the caller's, for the log. */
  readonly report?: (thrown: unknown) => void
}

const BODY_MAX = 256 * 1024

export function createApi(parts: ApiParts): Hono {
  const api = new Hono()
  api.use(withSafeHeaders)
  api.use(bodyLimit({ maxSize: BODY_MAX, onError: refuseLargeBody }))
  api.onError((thrown) => failureAnswer(thrown, parts.report))

  api.get('/status', (c) => {
    readQuery(c.req.queries(), {})
    return c.json(parts.control.status())
  })
  api.get('/hooks', (c) => {
    readQuery(c.req.queries(), {})
    const { file, hooks } = parts.hooks()
    return c.json({ file, hooks: [...hooks.values()].map(hookView) })
  })
  api.post('/hooks/:name/trigger', async (c) => {
    const hook = readOne('the hook', c.req.param('name'), name)
    const inputs = readInputs(await c.req.text())
    return c.json({ run: await parts.control.trigger(hook, inputs, callerOf(c)) }, 202)
  })
  api.route('/runs', runRoutes(parts))
  api.route('/deliveries', deliveryRoutes(parts.store))
  api.all('*', (c) => {
    throw new RunhookError('not-found', `There is no ${c.req.method} ${c.req.path} here.`)
  })
  return api
}

/** Answers hold what strangers wrote: no browser may guess another type for them, or keep them. */
async function withSafeHeaders(c: Context, next: () => Promise<void>): Promise<void> {
  await next()
  c.header('x-content-type-options', 'nosniff')
  c.header('cache-control', 'no-store')
}

function refuseLargeBody(): Response {
  return failureAnswer(
    new RunhookError(
      'invalid',
      `The body is larger than ${BODY_MAX / 1024} kB, which is the limit.`,
    ),
  )
}
