/**
 * The clock of leases: milliseconds since the machine was booted, the time it slept included. Nobody can set it,
 * and the guard, which is another process, reads the same.
 */

import { existsSync } from 'node:fs'
import { uptime } from 'node:os'

const hasBootClock = existsSync('/proc/uptime')

/** Elsewhere than on Linux it is this process's own, which is enough where no guard can be. */
export function sinceBoot(): number {
  return hasBootClock ? uptime() * 1000 : performance.now()
}
