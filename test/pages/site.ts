/**
 * A real server with its pages: real commands, a real database, and a visitor who is who the test says. How
 * visitors prove themselves is another room's.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Visitor } from '../../src/access/visitor.ts'
import { type Loaded, loadConfig } from '../../src/hooks/load.ts'
import { silentLog } from '../../src/log.ts'
import type { SetVisitor } from '../../src/pages/mount.ts'
import type { Role } from '../../src/record/tokens.ts'
import { type Server, startServer } from '../../src/server.ts'
import { aPushBody, asGitHub, poster } from '../receive/receiver.ts'
import { aDirectory, SECRET } from '../some.ts'

export interface Site {
  readonly url: string
  readonly directory: string
  readonly visitor: { name: string; role: Role }
  readonly post: ReturnType<typeof poster>
  /** What was written down of what visitors did. */
  readonly told: string[]
  /** A push as GitHub sends and signs it. */
  push(
    fields?: Record<string, unknown>,
    headers?: Record<string, string>,
    hook?: string,
  ): Promise<{ status: number; text: string }>
  /** The status and text of a page. */
  get(
    path: string,
    headers?: Record<string, string>,
  ): Promise<{ status: number; text: string; headers: Headers }>
  /** A form as a page of ours sends it; redirects are not followed. */
  form(
    path: string,
    fields?: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<Response>
  readonly server: Server
  /** Reads its hooks file as it is now. */
  load(): Promise<Loaded>
  stop(): Promise<void>
}

export const pushed = (run: unknown, more: object = {}) => ({
  repo: 'github:acme/site',
  secret: SECRET,
  run,
  ...more,
})

export async function aSite(
  hooks: Record<string, unknown>,
  file: object = {},
  setVisitor?: SetVisitor,
  /** Of a server that was here before. */
  before: { directory?: string; port?: number } = {},
): Promise<Site> {
  const directory = before.directory ?? aDirectory()
  const path = join(directory, 'hooks.json')
  writeFileSync(path, JSON.stringify({ ...file, hooks }, null, 2), { mode: 0o600 })
  const load = () =>
    loadConfig(path, {
      createSecrets: false,
      overrides: { port: before.port ?? 0, data: join(directory, 'data') },
      environment: {},
    })
  const { config, problems } = await load()
  if (!config) throw new Error(problems.map(({ message }) => message).join('\n'))
  const visitor: Visitor & { name: string; role: Role } = {
    name: 'ada',
    role: 'admin',
    via: 'session',
  }
  const told: string[] = []
  const log = silentLog()
  log.level = 'info'
  const note = (first: unknown, second?: string) => void told.push(second ?? String(first))
  log.info = note as typeof log.info
  log.error = note as typeof log.error
  log.warn = note as typeof log.warn
  const asSaid: SetVisitor = async (c, next) => {
    c.set('visitor', { ...visitor })
    await next()
  }
  const server = await startServer(config, log, { visitor: setVisitor ?? asSaid })
  let stopped: Promise<void> | null = null
  const stop = () => (stopped ??= server.stop(0))
  onTestFinished(stop)
  const post = poster(Number(new URL(server.url).port))
  return {
    url: server.url,
    directory,
    visitor,
    told,
    post,
    push(fields = {}, headers = {}, hook = 'deploy-site') {
      const body = aPushBody(fields)
      return post(`/hooks/${hook}`, { body, headers: asGitHub(body, headers) })
    },
    async get(at, headers = {}) {
      const answer = await fetch(server.url + at, { headers, redirect: 'manual' })
      return { status: answer.status, text: await answer.text(), headers: answer.headers }
    },
    form: (at, fields = {}, headers = { 'sec-fetch-site': 'same-origin' }) =>
      fetch(server.url + at, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers,
        redirect: 'manual',
      }),
    server,
    load,
    stop,
  }
}
