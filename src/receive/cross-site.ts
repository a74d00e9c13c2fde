/**
 * Browsers send a password they know, and come from inside a network, also when the page of a stranger makes
 * them call: as an image, a form, a link. Where nothing but that speaks for a caller, it must be his own.
 */

import { isIP } from 'node:net'
import type { Headers } from '../hosts/host.ts'
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
 * Whether the name by which this server was called may be its own: an address, localhost, or what the operator
 * named. A stranger's page can be the server's own, to a browser, by a name of the stranger's that he points to
 * this address (DNS rebinding); then nothing is cross-site. `publicHost` is without a port.
 */
function isOwnName(headers: Headers, publicHost: string | null): boolean {
  const name = URL.parse(`http://${headers.host}`)?.hostname
  if (name === undefined || headers.host === undefined) return false
  return name === 'localhost' || name === publicHost || isIP(name.replace(/^\[|\]$/g, '')) !== 0
}

/** A password is kept by the name that a browser calls; only where the network speaks does the name count. */
export function elsewhereProblem(
  proof: Proven,
  headers: Headers,
  publicHost: string | null,
): [Answer, reason: string] | null {
  if (!proof.ok || !proof.ambient) return null
  if (isCrossSite(headers)) return [answers.fromElsewhere, "sent by another site's page"]
  if (proof.by !== 'none' || isOwnName(headers, publicHost)) return null
  const called = String(headers.host ?? '').slice(0, 100)
  const says = `called as "${called}", which is not the host of "server.public-url"`
  return [answers.otherName, says]
}
