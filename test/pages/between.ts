/** What stands between a browser and a server: it passes on, or says that there is nothing behind it. */

import { once } from 'node:events'
import { createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Proxy {
  readonly url: string
  /** Breaks all that it passes on, and answers like this from now on; null = passes on again. */
  answers(status: number | null): void
  /** Passes on to this port of this machine from now on. */
  leadsTo(port: number): void
  /** Paths of what is being answered. */
  readonly open: () => string[]
}

export async function aProxy(target: string): Promise<Proxy> {
  let port = Number(new URL(target).port)
  let status: number | null = null
  const passing = new Map<ServerResponse, string>()
  const server = createServer((asked, answer) => {
    if (status !== null) {
      answer.writeHead(status).end()
      return
    }
    passing.set(answer, asked.url ?? '')
    const { url, method, headers } = asked
    const passed = request({ host: '127.0.0.1', port, path: url, method, headers }, (found) => {
      answer.writeHead(found.statusCode ?? 0, found.headers)
      found.pipe(answer)
      found.on('error', () => answer.destroy())
    })
    passed.on('error', () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()))
    answer.on('close', () => {
      passing.delete(answer)
      passed.destroy()
    })
    asked.pipe(passed)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers(given) {
      status = given
      if (given !== null) for (const answer of passing.keys()) answer.destroy()
    },
    leadsTo(given) {
      port = given
    },
    open: () => [...passing.values()],
  }
}
