/**
 * Which headers of a delivery are kept. An allow-list, because senders have been known to put secrets
 * into headers by mistake, and whoever stored all headers stored those too.
 */

import type { Headers } from '../hosts/host.ts'

const kept = new Set([
  'content-type',
  'user-agent',
  'webhook-id',
  'webhook-timestamp',
  'x-attempt-number',
  'x-event-key',
  'x-github-delivery',
  'x-github-enterprise-host',
  'x-github-enterprise-version',
  'x-github-event',
  'x-github-hook-id',
  'x-github-hook-installation-target-id',
  'x-github-hook-installation-target-type',
  'x-hook-uuid',
  'x-request-uuid',
])

/** Never kept, whoever asks: what proves an identity is not part of the record. */
const SECRET = /auth|cookie|password|secret|signature|token|key$/

const LONGEST = 1024

export function keptHeaders(headers: Headers, asked: ReadonlySet<string>): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || !(kept.has(name) || (asked.has(name) && mayBeKept(name))))
      continue
    result[name] = value.slice(0, LONGEST)
  }
  return result
}

/** `x-event-key` ends like a secret's name and is none; everything else that looks like one is. */
export function mayBeKept(name: string): boolean {
  return kept.has(name) || !SECRET.test(name)
}
