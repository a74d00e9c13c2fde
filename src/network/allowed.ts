/**
 * Networks as people write them, and whether an address is in one. Addresses are compared by their bytes:
 * `::1` and `0:0:0:0:0:0:0:1` are one address, and an IPv4 address that IPv6 wraps is the IPv4 address.
 */

import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'

export interface Networks {
  has(address: string): boolean
}

/** What is wrong with `10.0.0.0/8`, `192.168.1.7` or `::1`, as the end of a sentence; null when it is right. */
export function networkProblem(text: string): string | null {
  const { address, bits } = split(text)
  const most = isIPv4(address) ? 32 : 128
  if (isIP(address) === 0 || address.includes('%'))
    return 'is not a network; write "10.0.0.0/8", "192.168.1.7" or "fd00::/8"'
  if (bits === null) return null
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > most)
    return `has no network of that size; write a number from 0 to ${most} after "/"`
  return wrapped.test(address) ? 'is an IPv4 address as IPv6 writes it; write it as IPv4' : null
}

/** Of texts in which `networkProblem` finds nothing. */
export function networksOf(texts: readonly string[]): Networks {
  // One for each family: Node looks for an IPv4 address also in networks of IPv6, by its wrapped form.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const text of texts) {
    const { address, bits } = split(text)
    const plain = plainAddress(address) ?? address
    const family = familyOf(plain)
    if (bits === null) lists[family].addAddress(plain, family)
    else lists[family].addSubnet(plain, Number(bits), family)
  }
  return {
    has(address) {
      const plain = plainAddress(address)
      return plain !== null && lists[familyOf(plain)].check(plain, familyOf(plain))
    },
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6'
}

const wrapped = /^(?:::|(?:0{1,4}:){5})ffff:(\d+\.\d+\.\d+\.\d+)$/i
const wrappedHex = /^(?:0{1,4}:){5}ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i

/**
 * An address without what proxies and sockets write around it: a port, brackets, a zone, IPv6's wrapping
 * of IPv4. Null when it is none.
 */
export function plainAddress(text: string): string | null {
  const bare = withoutPort(text.trim()).split('%', 1)[0] ?? ''
  if (isIPv4(bare)) return bare
  if (!isIPv6(bare)) return null
  return wrapped.exec(bare)?.[1] ?? unwrapped(bare) ?? bare.toLowerCase()
}

/** `::ffff:7f00:1` is 127.0.0.1 too, and so is the same with its zeros written out. */
function unwrapped(address: string): string | null {
  const full = address.replace(/^::(?=ffff:)/i, '0:0:0:0:0:')
  const [, high, low] = wrappedHex.exec(full) ?? []
  if (high === undefined || low === undefined) return null
  const number = Number.parseInt(high, 16) * 0x10000 + Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.')
}

/** `[::1]:8080`, `[::1]` and `192.0.2.7:8080`. What has two colons and no brackets is IPv6 as it stands. */
function withoutPort(text: string): string {
  const [, inner] = /^\[([^[\]]+)\](?::\d{1,5})?$/.exec(text) ?? []
  return inner ?? /^([^:]+):\d{1,5}$/.exec(text)?.[1] ?? text
}

function split(text: string): { address: string; bits: string | null } {
  const slash = text.indexOf('/')
  if (slash < 0) return { address: text, bits: null }
  return { address: text.slice(0, slash), bits: text.slice(slash + 1) }
}
