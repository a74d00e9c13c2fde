/**
 * Sockets that whoever started us has opened and keeps open: systemd's, by sd_listen_fds(3). While this
 * process is restarted, what connects waits in the kernel for the next one and nobody is refused.
 */

/** Passed sockets are numbered from here on. */
const FIRST = 3

/** In this shape they come: how many, and for which process, because a child inherits the words too. */
const variables = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID']

/** File descriptors to listen on; none where nothing was passed to this process. Takes the words away. */
export function takeHeldSockets(environment: NodeJS.ProcessEnv, pid: number): readonly number[] {
  const count = Number(environment.LISTEN_FDS ?? 0)
  const forUs = environment.LISTEN_PID === String(pid)
  for (const name of variables) delete environment[name]
  if (!forUs || !Number.isInteger(count) || count < 1) return []
  return Array.from({ length: count }, (_, index) => FIRST + index)
}
