/**
 * Talks to a running server: HTTP over the Unix socket in its data folder, or over the network where a
 * server is named (remote.ts). One that does not answer is told as such; a refusal comes back as the
 * RunhookError it left as.
 */

import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { isErrorCode, messageOf, RunhookError, systemCode } from '../errors.ts'

export interface Client {
  get<Answer>(path: string): Promise<Answer>
  post<Answer>(path: string, body?: unknown): Promise<Answer>
  delete<Answer>(path: string): Promise<Answer>
  /** The bytes of an answer as they come. */
  bytes(path: string): Promise<AsyncIterable<Uint8Array>>
}

/** How a server is reached. */
export interface Way {
  /** For sentences: a socket's path, or an address. */
  readonly place: string
  readonly request: typeof request
  readonly options: RequestOptions
  /** What stands before `/api/v1`, where a proxy keeps the server beneath a path. */
  readonly beneath: string
  /** Why nobody answers there, and what to do. */
  unreachable(error: Error): RunhookError
}

export function createClient(way: Way): Client {
  const ask = async (method: string, path: string, body?: unknown): Promise<IncomingMessage> => {
    const answer = await send(way, method, path, body)
    const status = answer.statusCode ?? 500
    if (status >= 200 && status < 300) return answer
    throw refusalOf(way, answer, await json(answer).catch(() => null))
  }
  // What comes is our own server's, whose types are written in show/.
  const told = async <Answer>(answer: IncomingMessage) => {
    return (await json(answer).catch((cause) => {
      throw stranger(way, ', but not as runhook does', cause)
    })) as Answer
  }
  return {
    get: async <Answer>(path: string) => told<Answer>(await ask('GET', path)),
    post: async <Answer>(path: string, body?: unknown) =>
      told<Answer>(await ask('POST', path, body)),
    delete: async <Answer>(path: string) => told<Answer>(await ask('DELETE', path)),
    bytes: (path) => ask('GET', path),
  }
}

/** Over the socket the server takes our word for who we are. */
export function socketWay(socket: string, user: string): Way {
  const headers = { 'runhook-by': user.replace(/[^\w.@+-]/g, '_').slice(0, 64) }
  return {
    place: socket,
    request,
    options: { socketPath: socket, headers },
    beneath: '',
    unreachable: (error) => socketProblem(socket, error),
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

/** How long a server may think before it begins to answer. */
const PATIENCE_MS = 30_000

function send(way: Way, method: string, path: string, body: unknown): Promise<IncomingMessage> {
  const type = method === 'GET' ? {} : { 'content-type': 'application/json' }
  const headers = { ...way.options.headers, ...type }
  const at = { method, path: `${way.beneath}/api/v1${path}`, agent: false }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const asking = way.request({ ...way.options, ...at, headers }, resolve)
  const silent = new Error(`it said nothing for ${PATIENCE_MS / 1000} s`)
  const timer = setTimeout(() => asking.destroy(silent), PATIENCE_MS)
  asking.on('error', (error) => reject(way.unreachable(error)))
  asking.end(body === undefined ? undefined : JSON.stringify(body))
  return promise.finally(() => clearTimeout(timer))
}

function socketProblem(socket: string, error: Error): RunhookError {
  const code = systemCode(error)
  if (code === 'EACCES' || code === 'EPERM') {
    return new RunhookError('not-allowed', `You may not talk to the server at ${socket}.`, {
      hint: 'Its socket belongs to another user: run this as that user, with "sudo -u".',
      cause: error,
    })
  }
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') {
    return new RunhookError('unreachable', `No server answers at ${socket}.`, {
      hint: 'Start one with "runhook serve". If one runs, name its hooks file with --config FILE, or its data folder with --data FOLDER (/var/lib/runhook under systemd); a worker is not asked, but any server of its fleet: --server URL.',
      cause: error,
    })
  }
  const message = `The server at ${socket} cannot be asked: ${messageOf(error)}.`
  return new RunhookError('unreachable', message, { cause: error })
}

function refusalOf(way: Way, answer: IncomingMessage, body: unknown): RunhookError {
  const error = field(body, 'error')
  const [code, message, hint] = ['code', 'message', 'hint'].map((name) => field(error, name))
  if (typeof message === 'string') {
    const known = isErrorCode(code) ? code : 'run-failed'
    const next = typeof hint === 'string' ? hint : nextOf(message)
    return new RunhookError(known, message, next === null ? {} : { hint: next })
  }
  const { statusCode, headers } = answer
  if (headers.location !== undefined) return stranger(way, ` that it moved to ${headers.location}`)
  return stranger(way, ` ${statusCode} and does not say why`)
}

/** What to type next, which a server cannot know: it is asked by pages and programs, too. */
function nextOf(message: string): string | null {
  const [, missing] = /^There is no (run|delivery) #\d+\.$/.exec(message) ?? []
  if (missing === 'run') return '"runhook runs" lists those that are kept.'
  if (missing === 'delivery') return '"runhook deliveries" lists those that are kept.'
  const isInput = /^input "[^"]*" (is required|must be)/.test(message)
  return isInput ? 'Inputs are given as -i NAME=VALUE.' : null
}

/** A proxy perhaps, or another program altogether. */
function stranger({ place }: Way, how: string, cause?: unknown): RunhookError {
  return new RunhookError('unreachable', `The server at ${place} answers${how}.`, { cause })
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
