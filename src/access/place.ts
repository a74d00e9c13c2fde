/**
 * How safe the way to a browser is, because a session is only as safe as that. Over plain http whoever sits
 * on the way reads the cookie and can run commands with it: there nobody signs in, except from this very
 * machine, where no way is between them.
 */

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { networksOf } from '../network/allowed.ts'

/** `elsewhere`: https is there, but this is not it. */
export type Place = 'https' | 'local' | 'elsewhere' | 'unsafe'

const loopback = networksOf(['127.0.0.0/8', '::1'])

/**
 * What a request says can make it less safe, never more. `publicUrl` is the one of the dashboard; `isProxy` tells
 * the proxies that were named.
 */
export function placeOf(
  incoming: Pick<IncomingMessage, 'headers' | 'socket'>,
  publicUrl: string | null,
  isProxy: (address: string) => boolean,
): Place {
  const { headers, socket } = incoming
  const near = loopback.has(socket.remoteAddress ?? '')
  if (near && loopback.has(socket.localAddress ?? '') && isAskedHere(headers)) return 'local'
  const url = URL.parse(publicUrl ?? '')
  if (url?.protocol !== 'https:') return 'unsafe'
  const isHttp = /(^|,)\s*http\s*$/i.test(String(headers['x-forwarded-proto'] ?? ''))
  const isPlain = isHttp || isPlainAt(headers.host, url)
  if (isPlain) return 'elsewhere'
  // Some proxies call us by the name that they know us by. A socket that was passed to us may have no address.
  const behind = near || socket.remoteAddress === undefined || isProxy(socket.remoteAddress)
  return behind || headers.host === url.host ? 'https' : 'elsewhere'
}

const passedOn = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-real-ip',
]

/** A proxy may pass on nothing but the request: then a form still says from where it was sent. */
function isAskedHere(headers: IncomingHttpHeaders): boolean {
  if (passedOn.some((name) => headers[name] !== undefined)) return false
  if (headers.origin !== undefined && !isLocalName(URL.parse(headers.origin)?.host)) return false
  return isLocalName(headers.host)
}

/** By the public name, but at a port that is not the public one: past the proxy that has the certificate. */
function isPlainAt(host: string | undefined, { host: own, hostname }: URL): boolean {
  return host !== own && URL.parse(`http://${host}`)?.hostname === hostname
}

/** A name that somebody else may point to this machine is none (DNS rebinding). */
function isLocalName(host: string | undefined): boolean {
  const name = URL.parse(`http://${host}`)?.hostname.replace(/^\[|\]$/g, '') ?? ''
  return name === 'localhost' || loopback.has(name)
}
