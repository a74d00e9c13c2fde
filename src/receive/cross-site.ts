/**
 * Browsers send a password they know, and come from inside a network, also when the page of a stranger makes
 * them call: as an image, a form, a link. Where nothing but that speaks for a caller, it must be his own.
 */

import type { Headers } from '../hosts/host.ts'

/**
 * Whether another site's page had the request sent. By Sec-Fetch-Site, which no page can set; browsers send
 * it to https and to localhost. Else by Origin or Referer. Programs send none of these, and pass.
 */
export function isCrossSite(headers: Headers): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const from = headers.origin ?? headers.referer
  if (typeof from !== 'string') return false
  return URL.parse(from)?.host !== headers.host // of "null" too, which is what a sandboxed page says
}
