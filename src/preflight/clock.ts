/** Whether this machine's clock is right: signatures with a time in them are good for five minutes. */

import type { Hook } from '../model/hook.ts'
import { type Finding, warning } from './finding.ts'
import type { Probe } from './probe.ts'

const MOST_MS = 30_000
const MEND = 'timedatectl set-ntp true'

/** By an HTTP answer's Date, which is of whole seconds and as old as the answer. */
export function skewOf(date: string | null, askedAt: number, where: string): Finding[] {
  const theirs = date === null ? Number.NaN : Date.parse(date)
  const now = Date.now()
  const early = theirs - now > MOST_MS
  const late = askedAt - (theirs + 1000) > MOST_MS
  if (!early && !late) return []
  const seconds = Math.round(Math.abs(theirs - now) / 1000)
  const found = `this clock is ${seconds} s ${early ? 'behind' : 'ahead of'} that of ${where}: signed times may be refused`
  return [warning('clock', found, MEND)]
}

/** By the Git host, where the work tree speaks HTTP with it. */
export async function checkClockBy(url: string): Promise<Finding[]> {
  if (!/^https?:/.test(url)) return []
  const asked = Date.now()
  try {
    const options = {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(5000),
    } as const
    const { headers } = await fetch(url, options)
    return skewOf(headers.get('date'), asked, new URL(url).host)
  } catch {
    return [] // git has just reached it; its own finding says so
  }
}

/** By systemd, where there is one; else nothing is said. */
export async function checkClock(hook: Hook, probe: Probe): Promise<Finding[]> {
  const words = ['timedatectl', 'show', '--property=NTPSynchronized', '--value'] as const
  const { exitCode, output } = await probe.ask(hook, [...words], { folder: '/', timeoutMs: 3000 })
  if (exitCode !== 0 || output !== 'no') return []
  return [warning('clock', 'nothing keeps the clock of this machine right', MEND)]
}
