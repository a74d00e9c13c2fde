/**
 * Talks to a running server: HTTP over the Unix socket in its data folder. A socket that nobody answers
 * on, or that we may not open, is told as such; a refusal comes back as the RunhookError it left as.
 */

import { type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { isErrorCode, messageOf, RunhookError, systemCode } from '../errors.ts'

export interface Client {
  get<Answer>(path: string): Promise<Answer>
  post<Answer>(path: string, body?: unknown): Promise<Answer>
  /** The bytes of an answer as they come. */
  bytes(path: string): Promise<AsyncIterable<Uint8Array>>
}

export function createClient(socket: string, user: string): Client {
  const ask = async (method: string, path: string, body?: unknown): Promise<IncomingMessage> => {
    const answer = await send(socket, user, method, path, body)
    if ((answer.statusCode ?? 500) < 400) return answer
    throw refusalOf(await json(answer).catch(() => null), answer.statusCode)
  }
  return {
    // Our own server's answers, whose types are written in show/.
    get: async <Answer>(path: string) => (await json(await ask('GET', path))) as Answer,
    post: async <Answer>(path: string, body?: unknown) =>
      (await json(await ask('POST', path, body))) as Answer,
    bytes: (path) => ask('GET', path),
  }
}

/** `?hook=blog&limit=20`, without what was not given. */
export function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) given.set(name, String(value))
  }
  return given.size === 0 ? '' : `?${given}`
}

function send(
  socket: string,
  user: string,
  method: string,
  path: string,
  body: unknown,
): Promise<IncomingMessage> {
  const headers = {
    'runhook-by': user.replace(/[^\w.@+-]/g, '_').slice(0, 64),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const options = { socketPath: socket, method, path: `/api/v1${path}`, headers, agent: false }
  return new Promise((resolve, reject) => {
    const asking = request(options, resolve)
    asking.on('error', (error) => reject(unreachable(socket, error)))
    asking.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

function unreachable(socket: string, error: Error): RunhookError {
  const code = systemCode(error)
  if (code === 'EACCES' || code === 'EPERM') {
    return new RunhookError('not-allowed', `You may not talk to the server at ${socket}.`, {
      hint: 'Its socket belongs to another user: run this as that user, with "sudo -u".',
      cause: error,
    })
  }
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') {
    return new RunhookError('unreachable', `No server answers at ${socket}.`, {
      hint: 'Start one with "runhook serve", or say --data DIR.',
      cause: error,
    })
  }
  const message = `The server at ${socket} cannot be asked: ${messageOf(error)}.`
  return new RunhookError('unreachable', message, { cause: error })
}

function refusalOf(answer: unknown, status: number | undefined): RunhookError {
  const error = field(answer, 'error')
  const [code, message, hint] = ['code', 'message', 'hint'].map((name) => field(error, name))
  if (typeof message !== 'string') {
    return new RunhookError('unreachable', `The server answered ${status} and did not say why.`)
  }
  const known = isErrorCode(code) ? code : 'run-failed'
  return new RunhookError(known, message, typeof hint === 'string' ? { hint } : {})
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
