/**
 * Browsers send a password they know, and come from inside a network, also when the page of a stranger makes
 * them call: as an image, a form, a link. Where nothing but that speaks for a caller, it must be his own.
 */

import type { Headers } from '../hosts/host.ts'
import { isOwnName } from '../network/own-name.ts'
import type { Answer } from './answer.ts'
import * as answers from './answer.ts'
import type { Proven } from './proof.ts'

/**
 * Whether another site's page had the request sent. By Sec-Fetch-Site, which no page can set; browsers send
 * it to https and to localhost. Else by Origin or Referer. Programs send none of these, and pass.
 */
function isCrossSite(headers: Headers): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const from = headers.origin ?? headers.referer
  if (typeof from !== 'string') return false
  return URL.parse(from)?.host !== headers.host // of "null" too, which is what a sandboxed page says
}

/**
 * Whether a browser asks ahead of its user, for a link that he may open or a page that it shows in secret: by
 * Sec-Purpose (Fetch, "prefetch" or "prefetch;prerender"), which no page can set, or what browsers said before it.
 */
function isAhead(headers: Headers): boolean {
  const said = [headers['sec-purpose'], headers.purpose, headers['x-purpose'], headers['x-moz']]
  return said.some((value) => /\b(prefetch|prerender|preview)\b/i.test(String(value ?? '')))
}

function hostIn({ host }: Headers): string | undefined {
  return typeof host === 'string' ? host : undefined // Node gives one, and listen.ts lets no second one in
}

const AHEAD = 'loaded ahead by a browser (Sec-Purpose: prefetch), and opened by nobody'

/** A password is kept by the name that a browser calls; only where the network speaks does the name count. */
export function elsewhereProblem(
  proof: Proven,
  headers: Headers,
  publicHost: string | null,
): [Answer, reason: string] | null {
  if (!proof.ok || !proof.ambient) return null
  if (isAhead(headers)) return [answers.loadedAhead, AHEAD]
  if (isCrossSite(headers)) return [answers.fromElsewhere, "sent by another site's page"]
  if (proof.by !== 'none' || isOwnName(hostIn(headers), publicHost)) return null
  const called = String(headers.host ?? '').slice(0, 100)
  const says = `called as "${called}", which is not the host of "server.public-url"`
  return [answers.otherName, says]
}
