/** What systemd hears from a process that serves: started, reloading, stopping, how it is, and that it lives. */

import type { Notifier } from '../notify.ts'
import type { Server } from '../server.ts'

/** How often the line in `systemctl status` may change. */
const STATUS_MS = 5000

export interface Told {
  reloading(): void
  /** After the start and after each reload, taken over or not. */
  ready(): void
  stopping(): void
}

/** `line` says how it is, in a few words. */
export function tellSystemd(notifier: Notifier, line: () => string): Told {
  let last = ''
  const timers: NodeJS.Timeout[] = []
  const status = () => {
    const text = `STATUS=${line()}`
    const news = text === last ? [] : [text]
    last = text
    return news
  }
  const every = (ms: number, tell: () => void) => void timers.push(setInterval(tell, ms).unref())
  every(STATUS_MS, () => {
    const news = status()
    if (news.length > 0) notifier.say(...news)
  })
  // From a timer of the loop that serves: a loop that hangs does not get to it, and is ended.
  if (notifier.watchdogMs !== null) {
    every(notifier.watchdogMs / 2, () => notifier.say('WATCHDOG=1'))
  }
  return {
    reloading: () => notifier.say('RELOADING=1', `MONOTONIC_USEC=${monotonicUsec()}`),
    ready: () => notifier.say('READY=1', ...status()),
    stopping() {
      notifier.say('STOPPING=1', `STATUS=stopping; ${line()}`)
      const [watch] = timers
      clearInterval(watch) // the watchdog goes on: a stop may take its time
    },
  }
}

/** `6 hooks; 1 running, 2 waiting` */
export function statusLine(server: Pick<Server, 'status'>): string {
  const { hooks, running, waiting } = server.status()
  return `${hooks} ${hooks === 1 ? 'hook' : 'hooks'}; ${running} running, ${waiting} waiting`
}

/** Of CLOCK_MONOTONIC, which is what libuv reads. */
function monotonicUsec(): bigint {
  return process.hrtime.bigint() / 1000n
}
