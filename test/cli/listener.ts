/** A real HTTP server that keeps what it is sent and answers as a test says. */

import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Answering {
  readonly status: number
  readonly text: string
  readonly headers?: Record<string, string>
}

export async function aListener(
  answer: Answering = { status: 202, text: 'accepted: delivery 1\n' },
) {
  const received: Received[] = []
  const server = createServer(async (incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming
    received.push({ method, path: url, headers, body: await buffer(incoming) })
    outgoing.writeHead(answer.status, answer.headers).end(answer.text)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, received }
}
