import { isIP } from 'node:net'

/**
 * Whether the name by which this server was called (a Host header) may be its own: an address, localhost, or what
 * the operator named. A stranger's page can be the server's own, to a browser, by a name of the stranger's that he
 * points to this address (DNS rebinding); then nothing is cross-site. `publicHost` is without a port.
 */
export function isOwnName(host: string | undefined, publicHost: string | null): boolean {
  const name = URL.parse(`http://${host}`)?.hostname
  if (name === undefined || host === undefined) return false
  return name === 'localhost' || name === publicHost || isIP(name.replace(/^\[|\]$/g, '')) !== 0
}
