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
  const parsed = host.parse(headers, body)
  const payload = 'payload' in parsed ? parsed.payload : {}
  const content = contentOf(endpoint, incoming, parsed)
  return {
    payload,
    delivery: {
      ...('problem' in content ? unread(host.event(headers)) : content),
      ...arrival,
      host: host.name,
      guid: host.guid(headers),
      headers: keptHeaders(headers, endpoint.headers),
      body,
      problem: 'problem' in content ? content.problem : null,
    },
  }
}

/** A plain URL may be called with any body, or none: its event is the method. */
function contentOf(
  endpoint: Endpoint,
  incoming: IncomingMessage,
  parsed: { payload: Payload } | { problem: string },
): Content | { problem: string } {
  const [hook] = endpoint.hooks
  if (endpoint.host.name !== 'webhook') {
    return 'problem' in parsed ? parsed : endpoint.host.normalise(incoming.headers, parsed.payload)
  }
  const manual = hook?.triggers.some((trigger) => trigger.event === 'manual') ?? false
  if (manual && 'problem' in parsed) return parsed
  const event = manual ? 'manual' : (incoming.method ?? '').toLowerCase()
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
