/**
 * Which headers of a delivery are kept. An allow-list, because senders have been known to put secrets
 * into headers by mistake, and whoever stored all headers stored those too.
 */

import { mayHoldSecret } from '../hooks/header-names.ts'
import type { Headers } from '../hosts/host.ts'

const kept = new Set([
  'content-type',
  'idempotency-key',
  'user-agent',
  'webhook-id',
  'webhook-timestamp',
  'x-attempt-number',
  'x-event-key',
  ...['forgejo', 'gitea', 'gogs'].flatMap((host) =>
    ['delivery', 'event', 'event-type'].map((what) => `x-${host}-${what}`),
  ),
  'x-gitee-event',
  'x-gitee-ping',
  'x-gitee-timestamp',
  'x-github-delivery',
  'x-github-enterprise-host',
  'x-github-enterprise-version',
  'x-github-event',
  'x-github-hook-id',
  'x-github-hook-installation-target-id',
  'x-github-hook-installation-target-type',
  'x-gitlab-event',
  'x-gitlab-event-uuid',
  'x-gitlab-instance',
  'x-gitlab-webhook-uuid',
  'x-hook-uuid',
  'x-request-id',
  'x-request-uuid',
  'x-runhook-test',
  'x-webhook-delivery',
  'x-webhook-event',
])

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

/** What proves an identity is not part of the record, whoever asks. */
export function mayBeKept(name: string): boolean {
  return kept.has(name) || !mayHoldSecret(name)
}
