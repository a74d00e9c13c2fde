/**
 * Whether a request comes from a page of our own. A browser sends the cookie along whoever has the request
 * sent, so that says nothing; what says it are headers that no page can set. Who sends neither of them is
 * refused: the API has tokens for programs.
 */

import type { IncomingHttpHeaders } from 'node:http'
import { isOwnName } from '../network/own-name.ts'

type SenderHeaders = Pick<IncomingHttpHeaders, 'origin' | 'host' | 'sec-fetch-site'>

/** Such methods change nothing here, so they may come from anywhere. */
const SAFE = ['GET', 'HEAD', 'OPTIONS']

/**
 * Why it is refused, for the log; null when it may pass. Whatever its content type: that browsers ask
 * before they send JSON to another site holds only for some of the ways to send it.
 */
export function crossSiteProblem(
  method: string,
  headers: SenderHeaders,
  publicUrl: string | null,
): string | null {
  if (SAFE.includes(method)) return null
  const site = headers['sec-fetch-site']
  if (site === undefined) return originProblem(headers, publicUrl)
  if (site === 'same-origin') return strangeNameProblem(headers, publicUrl)
  // "none" is what a person opens himself; no form of ours comes so.
  return site === 'none' ? 'sent by no page at all' : FOREIGN
}

/** Of a page that is our own to the browser: by a name of ours, or by a stranger's who points it here. */
function strangeNameProblem({ origin, host }: SenderHeaders, publicUrl: string | null) {
  if (publicUrl === null || origin === undefined || isOwn(origin, host, publicUrl)) return null
  return FOREIGN
}

const FOREIGN = "sent by another site's page"

/** Of a browser that does not say Sec-Fetch-Site, whatever the method: also a GET may start something. */
export function originProblem(headers: SenderHeaders, publicUrl: string | null): string | null {
  if (headers.origin === undefined) return 'with neither Sec-Fetch-Site nor Origin'
  return isOwn(headers.origin, headers.host, publicUrl) ? null : FOREIGN
}

/**
 * "null" is what a sandboxed page says, and is nobody's own. A proxy may call us by another name than browsers
 * do. By the name of `publicUrl` only its own scheme is ours: what comes to http may be written by anybody. Where
 * that name is known, no other name is ours that somebody else may point here.
 */
function isOwn(origin: string, host: string | undefined, publicUrl: string | null): boolean {
  const from = URL.parse(origin)
  const ours = URL.parse(publicUrl ?? '')
  if (from === null || from.host === '') return false
  if (ours !== null && from.host === ours.host) return from.origin === ours.origin
  if (ours !== null && !isOwnName(from.host, null)) return false
  return from.host === URL.parse(`${from.protocol}//${host}`)?.host // names are of any case
}
