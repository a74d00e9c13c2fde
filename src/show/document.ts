/**
 * The API's document, OpenAPI 3.1, from the routes as they stand in the router. Also kept as
 * docs/openapi.json, which export.ts writes and a test holds against this.
 */

import type { Hono } from 'hono'
import { generateSpecs } from 'hono-openapi'
import type { ApiEnv } from './admission.ts'
import { json, refused } from './describe.ts'
import type { Routes } from './routes.ts'
import { failure } from './schemas.ts'

const route = {
  role: 'viewer',
  summary: 'This document',
  answers: { 200: { says: 'OpenAPI 3.1', type: 'application/json' } },
} as const

export function documentRoute(routes: Routes): void {
  let document: Promise<object> | null = null
  routes.get('/openapi.json', route, async (c) => {
    document ??= documentOf(routes.app)
    return c.json(await document)
  })
}

export function documentOf(app: Hono<ApiEnv>): Promise<object> {
  return generateSpecs(app, {
    // Its default leaves out what looks like a static file: /openapi.json.
    excludeStaticFile: false,
    documentation: {
      openapi: '3.1.0',
      info: {
        title: 'runhook',
        version: '1',
        description,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/api/v1' }],
      components: {
        securitySchemes: { token: { type: 'http', scheme: 'bearer', description: bearer } },
        responses: refusals(),
      },
    },
  })
}

const description = `What happened, what happens now, and the few things one may ask for.
Times are milliseconds since 1970, UTC. Lists come newest first, a page at a time.`

const bearer = `Made by "runhook token create NAME --role viewer|operator|admin" on the server. Each role may
also do what those before it may.`

const says: Readonly<Record<keyof typeof refused, string>> = {
  400: 'Something in the request is unknown or cannot be read',
  401: 'The token is missing, wrong, expired or revoked',
  403: 'The role of the token does not reach that far',
  404: 'There is no such thing',
  409: 'It is not in a state for that',
  413: 'The body is too large',
  415: 'The body does not call itself JSON',
  422: 'It was understood, and is not allowed',
  429: 'Too many requests without a valid token came from this address, or who asks follows too much at once; Retry-After says how long to wait',
  503: 'As many runs wait as may, as many dry runs are asked for, or the disk refuses; nothing was kept',
}

function refusals() {
  const content = { 'application/json': { schema: json(failure) } }
  return Object.fromEntries(
    Object.entries(refused).map(([status, name]) => {
      const description = says[Number(status) as keyof typeof refused] // a key of the same table
      return [name, { description, content }]
    }),
  )
}
