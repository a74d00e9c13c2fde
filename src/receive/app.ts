/** The Hono app that the outside world reaches: deliveries, plain URLs, and a health check. */

import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Receive } from './receive.ts'

export function receiveApp(receive: Receive): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.get('/healthz', (c) => c.text('ok\n'))
  app.all('*', async (c) => {
    // The bytes are read from the request itself: wrapping them in a Request first costs a copy, and
    // a text body would lose a byte-order mark and so its signature. We never listen with HTTP/2.
    const incoming = c.env.incoming as IncomingMessage
    const answer = await receive(incoming, pathOf(incoming))
    const status = answer.status as ContentfulStatusCode // answer.ts holds no other
    return c.body(answer.body, status, answer.headers)
  })
  return app
}

/** As it was sent: `/hooks/./a`, `/hooks/%61` and a whole URL are no other way to write `/hooks/a`. */
function pathOf(incoming: IncomingMessage): string {
  const [path = ''] = (incoming.url ?? '').split('?', 1)
  return path
}
