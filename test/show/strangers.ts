/**
 * The world's API as the network reaches it: a real TCP listener, real tokens in a real database, and
 * requests with whatever headers a test wants.
 */

import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { serverFor } from '../../src/listen.ts'
import { silentLog } from '../../src/log.ts'
import type { NewToken, Role } from '../../src/record/tokens.ts'
import { admitTokens, hashOf, makeToken, type TokenParts } from '../../src/show/admission.ts'
import { type Answer, apiOf, tokensOf, type World } from './world.ts'

export interface Calling {
  readonly method?: string
  readonly token?: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string
}

export async function serveStrangers(world: World, parts: Partial<TokenParts> = {}) {
  const warned: string[] = []
  const log = silentLog()
  log.warn = ((_: object, text: string) => warned.push(text)) as unknown as typeof log.warn
  const tokens = tokensOf(world)
  const server = serverFor(apiOf(world, admitTokens({ tokens, log, ...parts })).fetch)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    warned,
    tokens,
    call: (path: string, calling: Calling = {}) => call(port, path, calling),
    async json(path: string, calling: Calling = {}) {
      const { status, text } = await call(port, path, calling)
      return { status, json: JSON.parse(text) }
    },
    /** Makes one and gives its value. */
    async token(role: Role, fields: Partial<NewToken> = {}): Promise<string> {
      const value = makeToken()
      const token = { name: role, role, createdBy: 'ada', expiresAt: null, hash: hashOf(value) }
      await tokens.create({ ...token, ...fields })
      return value
    },
  }
}

/** As `curl` would: JSON is announced for everything but GET, unless the test says otherwise. */
export function call(port: number, path: string, calling: Calling): Promise<Answer> {
  const { method = 'GET', token, headers = {}, body } = calling
  const type = method === 'GET' ? {} : { 'content-type': 'application/json' }
  const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const all = { ...type, ...bearer, ...headers }
  const options = { host: '127.0.0.1', port, method, path: `/api/v1${path}`, agent: false }
  return new Promise((resolve, reject) => {
    const asking = request({ ...options, headers: all }, async (answer) => {
      const bytes = await buffer(answer)
      resolve({
        status: answer.statusCode ?? 0,
        headers: answer.headers,
        bytes,
        text: bytes.toString(),
      })
    })
    asking.on('error', reject)
    asking.end(body)
  })
}
