/**
 * Listening: the TCP address for deliveries, the Unix socket for the command line. Errors say which
 * address and what to do.
 */

import { chmodSync, readFileSync, rmSync } from 'node:fs'
import type { Server as NetServer } from 'node:net'
import { dirname } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import { messageOf, RunhookError, systemCode } from './errors.ts'
import type { Log } from './log.ts'
import type { ServerSettings } from './model/config.ts'
import { disguised } from './network/written.ts'
import { makeFolder } from './record/folder.ts'
import { refusal } from './show/answers.ts'

/** Of the files this process may open, what must be left for the database, output and commands. */
const FILES_KEPT = 128

/**
 * Idle connections must not use up the files that acknowledged runs need. Linux tells the limit; elsewhere
 * there is none of ours.
 */
function mostConnections(): number | null {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? null : Math.max(16, Math.floor((Number(soft) - FILES_KEPT) / 2))
  } catch {
    return null
  }
}

export type Http = Extract<ReturnType<typeof createAdaptorServer>, { closeAllConnections(): void }>

export type Fetch = Parameters<typeof createAdaptorServer>[0]['fetch']

/**
 * Node takes the first of two Host headers; a proxy before us may have gone by the other, and let pass what
 * it should have held back.
 */
function withOneHost(fetch: Fetch): Fetch {
  return (request, env) => {
    const names = env.incoming.rawHeaders.filter((_, index) => index % 2 === 0)
    const hosts = names.filter((name) => name.length === 4 && name.toLowerCase() === 'host')
    if (hosts.length < 2) return fetch(request, env)
    return new Response('There are two Host headers.\n', {
      status: 400,
      headers: { connection: 'close' },
    })
  }
}

/** Before anything is asked who it is: what is written otherwise than we write it is nothing here. */
function withPlainPaths(fetch: Fetch): Fetch {
  return (request, env) => {
    const led = disguised(env.incoming.url ?? '')
    if (led === null) return fetch(request, env)
    const message = 'There is nothing at a path that is written like this.'
    const hint = 'Write letters, digits, "-", ".", "_" and "~" as they are, and one "/".'
    const headers = { connection: 'close', 'cache-control': 'no-store' }
    if (led === 'api')
      return refusal(404, new RunhookError('not-found', message, { hint }), headers)
    return new Response(`${message} ${hint}\n`, { status: 404, headers })
  }
}

/** Who takes nothing for so long of what waits for him has gone; a person may look at a page of a log for a while. */
const UNREAD_MS = 10 * 60_000

/**
 * Slow senders are cut off: without the short checking interval these limits are not kept for 30 s. So is who does not
 * read (`unread` in ms, null = he may): his connection would be held for ever, and there are only so many.
 */
export function serverFor(fetch: Fetch, unread: number | null = UNREAD_MS): Http {
  const server = createAdaptorServer({
    fetch: withOneHost(withPlainPaths(fetch)),
    serverOptions: {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: 5000,
      maxHeaderSize: 16 * 1024,
    },
  }) as Http // without HTTP/2 options it is a node:http server
  const most = mostConnections()
  if (most !== null) server.maxConnections = most
  if (unread !== null) giveUpUnread(server, unread)
  return server
}

/** Of the answer and not of the server, whose timeout would also be that of connections with nothing going on. */
function giveUpUnread(server: Http, ms: number): void {
  server.prependListener('request', (_, answer) => {
    answer.setTimeout(ms, () => {
      // With nothing to take he waits for us: for a run to end, perhaps.
      if (answer.writableLength > 0) answer.destroy()
    })
  })
}

/** Resolves with the URL it listens at. */
export async function listen(
  server: Http,
  { host, port }: Pick<ServerSettings, 'host' | 'port'>,
): Promise<string> {
  try {
    await listening(server, () => server.listen(port, host))
  } catch (error) {
    throw cannotListen(error, host, port)
  }
  return urlOf(server)
}

/** More than Node's own 511, for those who wait while one process follows another; the kernel may allow less. */
const BACKLOG = 4096

/** Listens on a socket that is open already; resolves with its URL. */
export async function listenHeld(server: Http, fd: number): Promise<string> {
  try {
    await listening(server, () => server.listen({ fd, backlog: BACKLOG }))
  } catch (error) {
    throw new RunhookError('conflict', `Cannot listen on socket ${fd}: ${messageOf(error)}.`, {
      hint: 'It was passed by LISTEN_FDS and must be a listening stream socket: see docs/systemd.md.',
      cause: error,
    })
  }
  return urlOf(server)
}

/** Of a Unix socket that was passed to us the path is not known. */
function urlOf(server: Http): string {
  const at = server.address()
  if (at === null || typeof at === 'string') return 'a Unix socket'
  const name = at.family === 'IPv6' ? `[${at.address}]` : at.address
  return `http://${name}:${at.port}`
}

function cannotListen(error: unknown, host: string, port: number): RunhookError {
  const code = systemCode(error)
  const where = `port ${port} on ${host}`
  if (code === 'EADDRINUSE') {
    return new RunhookError('conflict', `Another program listens on ${where}.`, {
      hint: 'Stop it, or use --port N.',
    })
  }
  if (code === 'EACCES') {
    return new RunhookError('not-allowed', `This user may not listen on ${where}.`, {
      hint: 'Take a port above 1023 and put a proxy in front.',
    })
  }
  return new RunhookError('conflict', `Cannot listen on ${where}: ${messageOf(error)}.`)
}

/** The socket's file mode is the permission to cancel, trigger and read. */
export async function listenLocally(server: Http, path: string, log: Log): Promise<void> {
  rmSync(path, { force: true }) // left by a crash; the directory's lock says it is ours
  try {
    makeFolder(dirname(path)) // of a server that neither keeps nor runs anything nobody has made it
    await listening(server, () => server.listen(path))
    chmodSync(path, 0o600)
  } catch (error) {
    log.warn(
      `The command line cannot reach this server: ${messageOf(error)}. Use a shorter --data path.`,
    )
  }
}

function listening(server: Http, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).once('listening', resolve)
    start()
  })
}

/** Resolves when no connection is left. */
export function close(server: NetServer): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()))
}
