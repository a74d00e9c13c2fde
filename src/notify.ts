/**
 * Telling systemd how we are: sd_notify(3), a datagram to the socket named in NOTIFY_SOCKET. Node has no
 * datagrams of that kind, so systemd's own tool sends them, started by one small shell that lives as long
 * as we do: forking this process for each would hold it up. As the sender is that tool and not the unit's
 * main process, the unit needs NotifyAccess=all.
 */

import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Log } from './log.ts'

export interface Notifier {
  /** Assignments such as `READY=1`, in one message. Messages arrive in order; none is waited for. */
  say(...assignments: readonly string[]): void
  /** How often systemd wants to hear `WATCHDOG=1`; null when it does not. */
  readonly watchdogMs: number | null
  close(): void
}

const silent: Notifier = { say() {}, watchdogMs: null, close() {} }

/** Silent where nobody listens. Takes the words for it out of the environment. */
export function createNotifier(environment: NodeJS.ProcessEnv, pid: number, log: Log): Notifier {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, PATH } = environment
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name]
  if (!NOTIFY_SOCKET) return silent
  const shell = spawn('/bin/sh', ['-s'], {
    cwd: '/',
    env: { PATH, NOTIFY_SOCKET },
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let complained = false
  const complain = (reason: string) => {
    if (!complained) log.warn(`systemd cannot be told how this server is: ${reason}`)
    complained = true
  }
  shell.on('error', (error) => complain(error.message))
  shell.stdin.on('error', () => undefined) // the shell is gone
  createInterface({ input: shell.stderr }).on('line', complain)
  shell.unref()
  for (const stream of [shell.stdin, shell.stderr]) if (stream instanceof Socket) stream.unref()
  const forUs = WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid)
  const usec = Number(WATCHDOG_USEC ?? 0)
  // Signals that end us are not for the shell: it ends when there is nobody left to read from.
  shell.stdin.write("trap '' TERM INT HUP\n")
  return {
    say: (...assignments) =>
      void shell.stdin.write(`systemd-notify -- ${assignments.map(word).join(' ')}\n`),
    watchdogMs: forUs && usec > 0 ? usec / 1000 : null,
    close: () => void shell.stdin.end(),
  }
}

/** One word for the shell; ours are numbers and fixed texts, and stay so if one ever is not. */
function word(text: string): string {
  return `'${text.replace(/[^\x20-\x7e]/g, '?').replaceAll("'", '?')}'`
}
