/** A real HTTP server with the real receiving half behind it, and a real database; nothing runs. */

import { createHmac } from 'node:crypto'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { serverFor } from '../../src/listen.ts'
import { silentLog } from '../../src/log.ts'
import type { Config } from '../../src/model/config.ts'
import type { Hook } from '../../src/model/hook.ts'
import { receiveApp } from '../../src/receive/app.ts'
import { endpointsOf } from '../../src/receive/endpoints.ts'
import { createReceive, type ReceiveParts } from '../../src/receive/receive.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { aDirectory, SECRET } from '../some.ts'

export interface Answered {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

export async function aReceiver(
  hooks: readonly Hook[],
  more: { hosts?: Config['hosts']; parts?: Partial<ReceiveParts>; maxWaiting?: number } = {},
) {
  const store = openSqlite(
    aDirectory(),
    more.maxWaiting === undefined ? {} : { maxWaiting: more.maxWaiting },
  )
  const refused: string[] = []
  const log = silentLog()
  log.level = 'warn'
  log.warn = ((fields: { reason?: string }) => refused.push(fields.reason ?? '')) as typeof log.warn
  log.error = (() => undefined) as typeof log.error
  const config = { hosts: more.hosts ?? new Map(), hooks: new Map(hooks.map((h) => [h.name, h])) }
  const endpoints = endpointsOf(config as unknown as Config)
  const receive = createReceive({
    store,
    log,
    endpoints: () => endpoints,
    accept: store.accept.bind(store),
    ended: () => new Promise(() => undefined),
    output: async () => new Uint8Array(),
    follow: async function* () {},
    cancel: async () => undefined,
    maxParallel: 4,
    publicHost: null,
    login: async () => ({ problem: 'an unknown token' }),
    addressOf: (incoming) => incoming.socket.remoteAddress ?? '',
    ...more.parts,
  })
  const server = serverFor(receiveApp(receive).fetch)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await store.close()
  })
  const { port } = server.address() as AddressInfo
  return { store, port, refused, post: poster(port) }
}

export function poster(port: number) {
  return (path: string, options: Sending = {}) => send(port, path, options)
}

export interface Sending {
  method?: string
  body?: string | Buffer
  headers?: Record<string, string | string[]>
  /** Called instead of sending the body at once. */
  write?: (out: { write(chunk: string | Buffer): void; end(): void }) => void
}

export function send(port: number, path: string, options: Sending): Promise<Answered> {
  const { method = 'POST', body = '', headers = {}, write } = options
  return new Promise((resolve, reject) => {
    const out = request(
      { port, host: '127.0.0.1', path, method, headers, agent: false },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }),
        )
      },
    )
    out.on('error', reject)
    if (write) write(out)
    else out.end(body)
  })
}

let sent = 0

/** Headers as GitHub sends them, signed. */
export function asGitHub(
  body: string | Buffer,
  more: Record<string, string> = {},
  secret = SECRET,
) {
  return {
    'content-type': 'application/json',
    'x-github-event': 'push',
    'x-github-delivery': `delivery-${++sent}`,
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    ...more,
  }
}

export function aPushBody(fields: Record<string, unknown> = {}): string {
  return JSON.stringify({
    ref: 'refs/heads/main',
    before: 'b'.repeat(40),
    after: 'a'.repeat(40),
    created: false,
    deleted: false,
    forced: false,
    commits: [{ id: 'a'.repeat(40), message: 'Fix', added: [], removed: [], modified: ['a.py'] }],
    head_commit: { message: 'Fix' },
    repository: { full_name: 'acme/site', default_branch: 'main' },
    sender: { login: 'ada' },
    nonce: `${++sent}`,
    ...fields,
  })
}
