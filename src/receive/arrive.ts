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
import { keptFields, readFields } from './fields.ts'
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
      body: asksInputs(endpoint)
        ? asKept(endpoint, incoming, said, payload)
        : (host.redact?.(body) ?? body),
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

/** What gives inputs, with values only of those that are asked for. JSON is kept as it is beside them. */
function asKept({ hooks }: Endpoint, request: Readable, said: Buffer, payload: Payload): Buffer {
  const asked = hooks[0]?.inputs.map((input) => input.name) ?? []
  if (isFields(request)) return Buffer.from(keptFields(said.toString('utf8'), asked))
  const { inputs } = payload
  if (typeof inputs !== 'object' || inputs === null || Array.isArray(inputs)) return said
  const pairs = Object.entries(inputs)
  if (pairs.every(([name]) => asked.includes(name))) return said
  const kept = pairs.map(([name, value]) => [name, asked.includes(name) ? value : '***'])
  return Buffer.from(JSON.stringify({ ...payload, inputs: Object.fromEntries(kept) }))
}

function isFields({ method, headers }: Readable): boolean {
  return method === 'GET' || isForm(headers)
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
  if (asksInputs(endpoint) && isFields(request)) return readFields(body.toString('utf8'))
  const parsed = endpoint.host.parse(request.headers, body)
  const type = String(request.headers['content-type'] ?? '')
    .split(';', 1)[0]
    ?.trim()
  if (!('problem' in parsed) || !asksInputs(endpoint) || !isOther(type)) return parsed
  const named = JSON.stringify(type.slice(0, 60))
  return { problem: `the body is ${named}; send JSON or application/x-www-form-urlencoded` }
}

/** A content type that is neither JSON's nor one that programs send for want of a better. */
function isOther(type: string | undefined): type is string {
  return !!type && !/[/+]json$|^text\/plain$|^application\/octet-stream$/i.test(type)
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
