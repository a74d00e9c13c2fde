/** A whole server in this process, on a port of its own, and browsers of several people: requests with cookies. */

import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { loadConfig } from '../../src/hooks/load.ts'
import { silentLog } from '../../src/log.ts'
import type { AuditRow } from '../../src/record/audit.ts'
import type { Role } from '../../src/record/tokens.ts'
import { startServer } from '../../src/server.ts'
import { aDirectory } from '../some.ts'

/** What a browser says of a request that a page of ours has sent. */
export const OWN = { 'sec-fetch-site': 'same-origin' }
export const PASSWORD = 'correct horse battery'

export interface Asking {
  readonly method?: string
  readonly headers?: Record<string, string | string[]>
  readonly cookie?: string | undefined
  /** Sent as a browser sends a form. */
  readonly form?: Record<string, string>
  readonly body?: string
}

export interface Answered {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly text: string
  /** `runhook=…`, as it would be sent back. */
  readonly cookie: string | undefined
}

export async function aSite(given: { server?: object; hooks?: object; port?: number } = {}) {
  const folder = aDirectory()
  const file = join(folder, 'hooks.json')
  const hooks = given.hooks ?? { hello: { on: 'manual', auth: 'login', run: 'true' } }
  writeFileSync(file, JSON.stringify({ server: given.server ?? {}, hooks }), { mode: 0o600 })
  const loaded = await loadConfig(file, {
    createSecrets: false,
    overrides: { port: given.port ?? 0 },
    environment: {},
  })
  if (!loaded.config) throw new Error(JSON.stringify(loaded.problems))
  const warned: string[] = []
  const log = silentLog()
  log.warn = ((first: unknown, text?: string) => {
    warned.push(text ?? String(first))
  }) as typeof log.warn
  const server = await startServer(loaded.config, log)
  onTestFinished(() => server.stop(0))
  const port = Number(new URL(server.url).port)
  const at = { host: '127.0.0.1', port }
  const socket = { socketPath: join(folder, '.runhook', 'runhook.sock') }

  const ask = (path: string, asking: Asking = {}) => send(at, path, asking)
  /** As the command line asks, which may do all. */
  const here = async (method: string, path: string, body?: object) => {
    const headers = { 'content-type': 'application/json', 'runhook-by': 'root' }
    const sent = body === undefined ? '' : JSON.stringify(body)
    const answer = await send(socket, `/api/v1${path}`, { method, headers, body: sent })
    return { status: answer.status, json: JSON.parse(answer.text) }
  }
  const pathOfLink = (link: string) => new URL(link).pathname
  const linkOf = async (name: string) => {
    return pathOfLink((await here('POST', `/users/${name}/link`)).json.link)
  }
  /** Makes the user where there is none yet; resolves with the cookie of a new session. */
  const signIn = async (name: string, role: Role = 'viewer', headers = {}): Promise<string> => {
    await here('POST', '/users', { name, role })
    const answer = await ask(await linkOf(name), { form: {}, headers })
    if (answer.cookie === undefined) throw new Error(answer.text)
    return answer.cookie
  }
  const signInByPassword = (name: string, password: string, more: Asking = {}) =>
    ask('/-/login', { form: { name, password, next: '' }, ...more })
  return {
    ...{ server, port, folder, warned, ask, here, linkOf, signIn, signInByPassword, pathOfLink },
    askAt: (port: number, path: string, asking: Asking = {}) => send({ ...at, port }, path, asking),
    /** Who is signed in by this cookie, or null. */
    async whoIs(cookie: string | undefined, headers = {}): Promise<string | null> {
      const { status, text } = await ask('/-/account', { cookie, headers })
      return status === 200 ? (/Signed in as <strong>([^<]+)</.exec(text)?.[1] ?? '') : null
    },
    async setPassword(name: string, role: Role = 'viewer') {
      await here('POST', '/users', { name, role })
      await here('POST', `/users/${name}/password`, { password: PASSWORD })
    },
    /** One line each, the oldest first. */
    async audit(): Promise<string[]> {
      const { rows } = (await here('GET', '/audit')).json as { rows: AuditRow[] }
      return rows
        .reverse()
        .map(({ who, via, what, object, outcome }) =>
          [who || '?', via, what, object, outcome].filter((word) => word !== '').join(' '),
        )
    },
  }
}

function send(
  at: { host: string; port: number } | { socketPath: string },
  path: string,
  { method, headers = {}, cookie, form, body = '' }: Asking,
): Promise<Answered> {
  const isForm = form !== undefined
  const type = isForm ? { 'content-type': 'application/x-www-form-urlencoded', ...OWN } : {}
  const all = { ...type, ...(cookie === undefined ? {} : { cookie }), ...headers }
  const options = { ...at, path, method: method ?? (isForm ? 'POST' : 'GET'), headers: all }
  return new Promise((resolve, reject) => {
    const out = request({ ...options, agent: false }, async (answer) => {
      const set = answer.headers['set-cookie']?.[0]?.split(';', 1)[0]
      const { statusCode = 0, headers } = answer
      resolve({ status: statusCode, headers, text: await text(answer), cookie: set })
    })
    out.on('error', reject)
    out.end(isForm ? String(new URLSearchParams(form)) : body)
  })
}
