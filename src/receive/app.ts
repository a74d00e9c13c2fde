/** The Hono app that the outside world reaches: deliveries, plain URLs, and a health check. */

import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import type { ContentfulStatusCode, StatusCode } from 'hono/utils/http-status'
import type { WhenGone } from './accept.ts'
import type { Streamed } from './answer.ts'
import type { Receive } from './receive.ts'

type Outgoing = HttpBindings['outgoing']

/** `receive`: null on a server that takes no deliveries. `isReady`: whether one that came now could be kept. */
export function receiveApp(
  receive: Receive | null,
  isReady: () => Promise<boolean> = async () => true,
): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.get('/healthz', (c) => c.text('ok\n'))
  app.get('/readyz', async (c) =>
    (await isReady()) ? c.text('ok\n') : c.text('The database cannot be used.\n', 503),
  )
  if (receive === null) return app.all('*', (c) => c.text(elsewhere, 404))
  app.all('*', async (c) => {
    // The bytes are read from the request itself: wrapping them in a Request first costs a copy, and
    // a text body would lose a byte-order mark and so its signature. We never listen with HTTP/2.
    const incoming = c.env.incoming as IncomingMessage
    const { outgoing } = c.env
    const answer = await receive(incoming, pathOf(incoming), whenGone(outgoing))
    const { status, body } = answer
    const { trailer, ...headers } = answer.headers
    if (body === null) return c.body(null, status as StatusCode, headers)
    // HTTP/1.0, which proxies such as nginx speak to us, has no trailers.
    if (trailer && incoming.httpVersion !== '1.0') headers.trailer = trailer
    const sent =
      typeof body === 'string' || body instanceof Uint8Array ? body : streamed(body, outgoing)
    return c.body(sent, status as ContentfulStatusCode, headers) // a status without a body has none
  })
  return app
}

const elsewhere =
  'Nothing answers at this path. Deliveries are taken by other servers of this fleet.\n'

function whenGone(outgoing: Outgoing): WhenGone {
  return (tell) => {
    const closed = () => {
      if (!outgoing.writableFinished) tell()
    }
    if (outgoing.closed) closed()
    else outgoing.once('close', closed)
  }
}

/** Asks for a piece when the one before is on its way, so that a slow reader fills no memory. */
function streamed({ pieces, trailers }: Streamed, outgoing: Outgoing): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      async pull(controller) {
        const next = await iterator.next()
        if (!next.done) return controller.enqueue(next.value)
        if ('addTrailers' in outgoing) outgoing.addTrailers(trailers())
        controller.close()
      },
      async cancel() {
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/** As it was sent: `/hooks/./a`, `/hooks/%61` and a whole URL are no other way to write `/hooks/a`. */
function pathOf(incoming: IncomingMessage): string {
  const [path = ''] = (incoming.url ?? '').split('?', 1)
  return path
}
