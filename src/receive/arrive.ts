/**
 * Verified bytes to a Delivery in our words. Nothing here is called before the proof holds; what cannot
 * be read is still a delivery, with its problem in words, so that nothing authenticated gets lost.
 */

import type { IncomingMessage } from 'node:http'
import { update } from '../hosts/fields.ts'
import { isForm } from '../hosts/github.ts'
import type { Headers, Payload } from '../hosts/host.ts'
import type { Content, Delivery } from '../model/delivery.ts'
import type { Endpoint } from './endpoints.ts'
import { keptQuery, readFields } from './fields.ts'
import { keptHeaders } from './headers.ts'

/** What is known of a request beside its content. */
export interface Arrival extends Pick<Delivery, 'receivedAt' | 'endpoint' | 'proof' | 'address'> {
  /** Who called, where the proof says that; hosts tell it in what they send. */
  readonly who?: string | undefined
}

export function arrive(
  endpoint: Endpoint,
  incoming: IncomingMessage,
  body: Buffer,
  { who, ...arrival }: Arrival,
): { delivery: Delivery; payload: Payload } {
  const { host } = endpoint
  const headers: Headers = incoming.headers
  const said = givesQuery(endpoint, incoming) ? Buffer.from(queryOf(incoming)) : body
  const { content, payload, problem } = read(endpoint, incoming, said)
  return {
    payload,
    delivery: {
      ...content,
      sender: who ?? content.sender,
      ...arrival,
      host: host.name,
      guid: host.guid(headers, body, payload),
      headers: keptHeaders(headers, endpoint.headers),
      body: said === body ? (host.redact?.(body) ?? body) : asKept(endpoint, said),
      problem,
    },
  }
}

/** What a GET says stands in its query: where inputs are asked for, that is its body. */
function givesQuery(endpoint: Endpoint, { method }: Readable): boolean {
  return method === 'GET' && asksInputs(endpoint)
}

function asksInputs({ host, hooks }: Endpoint): boolean {
  return host.name === 'webhook' && (hooks[0]?.inputs.length ?? 0) > 0
}

function queryOf({ url = '' }: IncomingMessage): string {
  const start = url.indexOf('?')
  return start < 0 ? '' : url.slice(start + 1)
}

function asKept({ hooks }: Endpoint, query: Buffer): Buffer {
  const asked = hooks[0]?.inputs.map((input) => input.name) ?? []
  return Buffer.from(keptQuery(query.toString('utf8'), asked))
}

/** What is read of a request; one that was stored has only the headers that were kept. */
export interface Readable {
  readonly method?: string | undefined
  readonly headers: Headers
}

export function read(
  endpoint: Endpoint,
  request: Readable,
  body: Buffer,
): { content: Content; payload: Payload; problem: string | null } {
  const parsed = parse(endpoint, request, body)
  const payload = 'payload' in parsed ? parsed.payload : {}
  const content = contentOf(endpoint, request, parsed)
  if (!('problem' in content)) return { content, payload, problem: null }
  return {
    content: unread(endpoint.host.event(request.headers)),
    payload,
    problem: content.problem,
  }
}

function parse(
  endpoint: Endpoint,
  request: Readable,
  body: Buffer,
): { payload: Payload } | { problem: string } {
  const isFields = request.method === 'GET' || isForm(request.headers)
  if (asksInputs(endpoint) && isFields) return readFields(body.toString('utf8'))
  return endpoint.host.parse(request.headers, body)
}

/** A plain URL that asks for nothing may be called with any body, or none: its event is the method. */
function contentOf(
  endpoint: Endpoint,
  { method = '', headers }: Readable,
  parsed: { payload: Payload } | { problem: string },
): Content | { problem: string } {
  const [hook] = endpoint.hooks
  if (endpoint.host.name !== 'webhook') {
    return 'problem' in parsed ? parsed : endpoint.host.normalise(headers, parsed.payload)
  }
  const isOn = (event: string) => hook?.triggers.some((trigger) => trigger.event === event) ?? false
  const manual = isOn('manual')
  if ((manual || asksInputs(endpoint)) && 'problem' in parsed) return parsed
  const own = method.toLowerCase()
  const event = manual && !isOn(own) ? 'manual' : own
  return { ...unread(event), updates: [update({ event })] }
}

function unread(event: string | null): Content {
  return {
    event: event ?? 'unknown',
    action: null,
    repository: null,
    defaultBranch: null,
    sender: null,
    updates: [],
  }
}
