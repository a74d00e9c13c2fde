/** A route in the words of the API's document: what it says of itself, and what all of them share. */

import type { DescribeRouteOptions } from 'hono-openapi'
import { resolver } from 'hono-openapi'
import type { GenericSchema } from 'valibot'
import type { Role } from '../record/tokens.ts'
import type { Readers } from './parameters.ts'

export interface Description {
  readonly role: Role
  /** What it does, as one line. */
  readonly summary: string
  readonly path?: Readers
  readonly query?: Readers
  readonly headers?: Readers
  readonly body?: JsonSchema
  /** By status. */
  readonly answers: Readonly<Record<number, Answered>>
  /** Refusals that not every route has. */
  readonly refusals?: readonly (404 | 409 | 503)[]
}

export type JsonSchema = Readonly<Record<string, unknown>>

export interface Answered {
  readonly says: string
  /** Of a JSON answer. Bytes have a `type` instead, and nothing at all has neither. */
  readonly schema?: GenericSchema
  readonly type?: string
}

/** OpenAPI 3.1 speaks JSON Schema 2020-12, and what cannot be said in it must not pass in silence. */
export function json(schema: GenericSchema): ReturnType<typeof resolver> {
  return resolver(schema, { options: { target: 'draft-2020-12', errorMode: 'throw' } })
}

type Responses = NonNullable<DescribeRouteOptions['responses']>

export function operationOf(method: string, route: Description): DescribeRouteOptions {
  const body = route.body ?? (method === 'GET' ? undefined : nothing)
  return {
    summary: route.summary,
    description: `Role: ${route.role}.`,
    // OpenAPI 3.1 has a place for roles: beside the scheme that proves them.
    security: [{ token: [route.role] }],
    parameters: [
      ...parametersIn('path', route.path),
      ...parametersIn('query', route.query),
      ...parametersIn('header', route.headers),
    ],
    // Asked for also where it may be empty, so that clients made from this say that it is JSON.
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: body } } },
    }),
    responses: { ...answersOf(route), ...refusalsOf(method, route) },
  }
}

const nothing: JsonSchema = { type: 'object', properties: {}, additionalProperties: false }

/** Statuses that refuse, and the name under which the document tells of each. */
export const refused = {
  400: 'NotUnderstood',
  401: 'NotAdmitted',
  403: 'NotAllowed',
  404: 'NotFound',
  409: 'Conflict',
  413: 'TooLarge',
  415: 'NotJson',
  422: 'Invalid',
  429: 'TooManyFailures',
  503: 'Busy',
} as const

function refusalsOf(method: string, route: Description): Responses {
  const writes = method === 'GET' ? [] : ([413, 415] as const)
  const reads = route.path || route.query || route.body ? ([422] as const) : []
  const statuses = [400, 401, 403, 429, ...writes, ...reads, ...(route.refusals ?? [])] as const
  const sorted = [...statuses].sort((a, b) => a - b)
  return Object.fromEntries(
    sorted.map((status) => [status, { $ref: `#/components/responses/${refused[status]}` }]),
  )
}

function answersOf({ answers }: Description): Responses {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { says, schema, type }]) => {
      if (schema) {
        return [
          status,
          { description: says, content: { 'application/json': { schema: json(schema) } } },
        ]
      }
      return [status, { description: says, ...(type && { content: { [type]: {} } }) }]
    }),
  )
}

function parametersIn(place: 'path' | 'query' | 'header', readers: Readers = {}) {
  return Object.entries(readers).map(([name, { schema, title }]) => ({
    name,
    in: place,
    required: place === 'path',
    ...(title && { description: title }),
    schema,
  }))
}
