/**
 * Whether a request comes from a page of our own. A browser sends the cookie along whoever has the request
 * sent, so that says nothing; what says it are headers that no page can set. Who sends neither of them is
 * refused: the API has tokens for programs.
 */

import type { IncomingHttpHeaders } from 'node:http'

/** Such methods change nothing here, so they may come from anywhere. */
const SAFE = ['GET', 'HEAD', 'OPTIONS']

/**
 * Why it is refused, for the log; null when it may pass. Whatever its content type: that browsers ask
 * before they send JSON to another site holds only for some of the ways to send it.
 */
export function crossSiteProblem(
  method: string,
  headers: IncomingHttpHeaders,
  publicUrl: string | null,
): string | null {
  return SAFE.includes(method) ? null : foreignProblem(headers, publicUrl)
}

/** The same without a look at the method, for a GET that starts something. */
export function foreignProblem(
  headers: IncomingHttpHeaders,
  publicUrl: string | null,
): string | null {
  const site = headers['sec-fetch-site']
  if (site !== undefined) {
    return site === 'same-origin' || site === 'none' ? null : "sent by another site's page"
  }
  if (headers.origin === undefined) return 'with neither Sec-Fetch-Site nor Origin'
  return isOwn(headers.origin, headers.host, publicUrl) ? null : "sent by another site's page"
}

/**
 * "null" is what a sandboxed page says, and is nobody's own. A proxy may call us by another name than browsers
 * do. By the name of `publicUrl` only its own scheme is ours: what comes to http may be written by anybody.
 */
function isOwn(origin: string, host: string | undefined, publicUrl: string | null): boolean {
  const from = URL.parse(origin)
  const ours = URL.parse(publicUrl ?? '')
  if (from === null || from.host === '') return false
  if (ours !== null && from.host === ours.host) return from.origin === ours.origin
  return from.host === host
}
