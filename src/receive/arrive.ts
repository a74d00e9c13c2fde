/**
 * Verified bytes to a Delivery in our words. Nothing here is called before the proof holds; what cannot
 * be read is still a delivery, with its problem in words, so that nothing authenticated gets lost.
 */

import type { IncomingMessage } from 'node:http'
import { update } from '../hosts/fields.ts'
import type { Headers, Payload } from '../hosts/host.ts'
import type { Content, Delivery } from '../model.ts'
import type { Endpoint } from './endpoints.ts'
import { keptHeaders } from './headers.ts'

/** What is known of a request beside its content. */
export type Arrival = Pick<Delivery, 'receivedAt' | 'endpoint' | 'proof' | 'address'>

export function arrive(
  endpoint: Endpoint,
  incoming: IncomingMessage,
  body: Buffer,
  arrival: Arrival,
): { delivery: Delivery; payload: Payload } {
  const { host } = endpoint
  const headers: Headers = incoming.headers
  const { content, payload, problem } = read(endpoint, incoming, body)
  return {
    payload,
    delivery: {
      ...content,
      ...arrival,
      host: host.name,
      guid: host.guid(headers, body, payload),
      headers: keptHeaders(headers, endpoint.headers),
      body: host.redact?.(body) ?? body,
      problem,
    },
  }
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
  const parsed = endpoint.host.parse(request.headers, body)
  const payload = 'payload' in parsed ? parsed.payload : {}
  const content = contentOf(endpoint, request, parsed)
  if (!('problem' in content)) return { content, payload, problem: null }
  return {
    content: unread(endpoint.host.event(request.headers)),
    payload,
    problem: content.problem,
  }
}

/** A plain URL may be called with any body, or none: its event is the method. */
function contentOf(
  endpoint: Endpoint,
  { method = '', headers }: Readable,
  parsed: { payload: Payload } | { problem: string },
): Content | { problem: string } {
  const [hook] = endpoint.hooks
  if (endpoint.host.name !== 'webhook') {
    return 'problem' in parsed ? parsed : endpoint.host.normalise(headers, parsed.payload)
  }
  const manual = hook?.triggers.some((trigger) => trigger.event === 'manual') ?? false
  if (manual && 'problem' in parsed) return parsed
  const event = manual ? 'manual' : method.toLowerCase()
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
