/**
 * Failed attempts per address (and what they were about, where that is told apart), in a window of a minute (or as is said) that begins with the first one. By hand, because
 * the whole of it is one Map with a bound: the libraries for this count every request, in stores for
 * many servers, and here only failures count, and only in this process.
 */

import { networkOf } from './networks.ts'

export interface Attempts {
  /** How many this makes in the window. A failure beyond the limit is not counted: the window ends. */
  failed(address: string, about?: string): number
  /** Seconds until it may fail again; 0 while there is room. */
  wait(address: string, about?: string): number
  /** Takes one back, of whoever counts before he knows. */
  forgive(address: string, about?: string): void
  readonly max: number
}

interface Window {
  readonly until: number
  readonly count: number
}

const MINUTE_MS = 60_000
/** Addresses watched at once: whoever has more than that to guess from is not slowed down by this. */
const ADDRESSES_MAX = 10_000

export function createAttempts({ max = 20, windowMs = MINUTE_MS, now = Date.now } = {}): Attempts {
  const windows = new Map<string, Window>()
  const windowOf = (key: string): Window | undefined => {
    const window = windows.get(key)
    if (!window || window.until > now()) return window
    windows.delete(key)
    return undefined
  }
  return {
    max,
    failed(address, about = '') {
      const key = keyOf(address, about)
      const { until, count } = windowOf(key) ?? { until: now() + windowMs, count: 0 }
      if (windows.size >= ADDRESSES_MAX && count === 0) forgetOldest(windows)
      windows.set(key, { until, count: count + 1 })
      return count + 1
    },
    forgive(address, about = '') {
      const key = keyOf(address, about)
      const window = windowOf(key)
      if (window) windows.set(key, { ...window, count: Math.max(0, window.count - 1) })
    },
    wait(address, about = '') {
      const window = windowOf(keyOf(address, about))
      if (!window || window.count < max) return 0
      return Math.ceil((window.until - now()) / 1000)
    },
  }
}

/** A Map keeps the order of its first entries, and windows are of one length: the first ends first. */
function forgetOldest(windows: Map<string, Window>): void {
  const [oldest] = windows.keys()
  if (oldest !== undefined) windows.delete(oldest)
}

/** What it is about comes from strangers, and is kept no longer than its window. */
function keyOf(address: string, about: string): string {
  return `${customerOf(address)} ${about.slice(0, 200)}`
}

/** An IPv4 address, also as IPv6 writes it; of IPv6 the first 64 bits, which one customer has whole. */
export function customerOf(address: string): string {
  return /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? networkOf(address)
}
