/**
 * What the outside world reaches: an HTTP server at our own address, or one at each socket that was passed
 * to us. A held socket is not ours to close: we stop listening, and who connects waits for the next process.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { close, type Http, listen, listenHeld, serverFor } from './listen.ts'
import type { ServerSettings } from './model/config.ts'

/** How long a request that has begun to come in may take to be answered when we stop. */
const ANSWER_MS = 5000

export interface Front {
  /** Such as `http://127.0.0.1:9000`; the first one's where there are several. */
  readonly url: string
  /** True when the sockets are somebody else's. */
  readonly held: boolean
  /** Accepts nothing more, answers what was accepted, and resolves when all connections are closed. */
  stop(): Promise<void>
}

/** Rejects with a RunhookError when the address cannot be had. */
export async function openFront(
  fetch: Parameters<typeof serverFor>[0],
  settings: Pick<ServerSettings, 'host' | 'port'>,
  sockets: readonly number[],
): Promise<Front> {
  const fds: readonly (number | null)[] = sockets.length > 0 ? sockets : [null]
  const servers = fds.map((fd) => ({ fd, server: serverFor(fetch) }))
  const urls: string[] = []
  for (const { fd, server } of servers) {
    urls.push(await (fd === null ? listen(server, settings) : listenHeld(server, fd)))
  }
  return {
    url: urls[0] ?? '',
    held: sockets.length > 0,
    async stop() {
      await Promise.all(servers.map(({ server }) => answerAndClose(server)))
    },
  }
}

async function answerAndClose(server: Http): Promise<void> {
  // Whoever keeps a connection open for more must not find it closed under his next request.
  server.prependListener('request', (_, answer) => {
    answer.shouldKeepAlive = false
  })
  const closed = close(server)
  const patience = new AbortController()
  const late = sleep(ANSWER_MS, undefined, { signal: patience.signal }).catch(() => undefined)
  await Promise.race([closed, late])
  patience.abort()
  server.closeAllConnections()
  await closed
}
