/** What our own host's code makes of a sample, after it has proven itself. */

import { expect } from 'vitest'
import { hostOf } from '../../src/hosts/hosts.ts'
import { type Sample, type SampleOptions, sampleDelivery } from '../../src/hosts/sample.ts'
import type { Content, HostName } from '../../src/model/delivery.ts'
import { SECRET } from '../some.ts'

export const NOW = Date.UTC(2026, 10, 23, 14, 30)

/** As node:http would give them. */
export function lowered(headers: Sample['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}

export function guidOf(name: HostName, { headers, body }: Sample): string | null {
  const parsed = hostOf(name).parse(lowered(headers), body)
  return hostOf(name).guid(lowered(headers), body, 'payload' in parsed ? parsed.payload : {})
}

export async function received(
  name: HostName,
  options: Partial<SampleOptions> = {},
  secret: string = name === 'azure' ? `deploy:${SECRET}` : SECRET,
): Promise<Content> {
  const wish = { repository: 'acme/site', ...options }
  const { headers, body } = sampleDelivery(name, wish, secret, NOW)
  const host = hostOf(name)
  const lower = lowered(headers)
  expect(host.refuse(lower)).toBeNull()
  const secrets = [{ name: 'SITE_SECRET', value: secret }]
  expect(await host.verify(lower, body, secrets, NOW)).toEqual({ ok: true, by: 'secret 1 of 1' })
  const parsed = host.parse(lower, body)
  const content = 'payload' in parsed ? host.normalise(lower, parsed.payload) : parsed
  if ('problem' in content) throw new Error(content.problem)
  return content
}
