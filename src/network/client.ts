/**
 * Who is at the other end? The socket's address, unless that is a proxy of ours: then the right-most
 * address of X-Forwarded-For that is not. Whatever stands left of that was sent by the client, who can
 * write there what he likes.
 */

import { type Networks, plainAddress } from './allowed.ts'

/**
 * `forwarded` is the X-Forwarded-For header, several of them joined in their order. An entry that is no
 * address ends the walk: nobody we trust wrote it, so the proxy that passed it on is as far as we see.
 */
export function clientAddress(
  socketAddress: string | undefined,
  forwarded: string | readonly string[] | undefined,
  trusted: Networks,
): string {
  let nearest = plainAddress(socketAddress ?? '') ?? ''
  const entries = typeof forwarded === 'string' ? forwarded : (forwarded ?? []).join(',')
  for (const entry of entries.split(',').reverse()) {
    if (!trusted.has(nearest)) return nearest
    const address = plainAddress(entry)
    if (address === null) return nearest
    nearest = address
  }
  return nearest
}
