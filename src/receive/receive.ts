/**
 * Step 1 to 6 of a delivery's walk: bytes in, proven, parsed, judged, stored, answered. The order is the
 * safety: nothing is read before the cheap checks, nothing parsed before the signature holds, nothing
 * answered with success before it is on disk.
 */

import type { IncomingMessage } from 'node:http'
import { messageOf } from '../errors.ts'
import { isConnectionTest } from '../hosts/bitbucket-dc.ts'
import type { Headers } from '../hosts/host.ts'
import { createAttempts } from '../network/attempts.ts'
import type { Refused } from '../record/store.ts'
import { type AcceptParts, createAccept, type WhenGone } from './accept.ts'
import type { Answer } from './answer.ts'
import * as answers from './answer.ts'
import { type Body, createBodyReader, declaredTooLarge } from './body.ts'
import { elsewhereProblem } from './cross-site.ts'
import { type Endpoint, type Endpoints, outsideOf } from './endpoints.ts'
import { createExplain } from './explain.ts'
import { failureAnswer } from './failure-answer.ts'
import { HOOKS, mayBeProof } from './hidden.ts'
import {
  createProveEarly,
  decoyEndpoint,
  type Login,
  type ProveEarly,
  type Proven,
  prove,
  proveNothing,
  takesBasic,
  type Visit,
} from './proof.ts'
import { Refusals } from './refusals.ts'

export interface ReceiveParts extends AcceptParts {
  /** The endpoints of the config as it is now. */
  readonly endpoints: () => Endpoints
  readonly login: Login
  /** Who is signed in to the dashboard; left out where there is none. */
  readonly visit?: ((incoming: IncomingMessage) => ReturnType<Visit>) | undefined
  /** The host of `server.public-url`, without a port. */
  readonly publicHost: string | null
  /** Who is at the other end of a request, proxies of ours left out. */
  readonly addressOf: (incoming: IncomingMessage) => string
}

/** Of all hosts: GitHub's and GitLab's own cap. */
const LARGEST_BODY = 25 * 1024 * 1024

export type Receive = (
  incoming: IncomingMessage,
  path: string,
  whenGone: WhenGone,
) => Promise<Answer>

export function createReceive(parts: ReceiveParts): Receive {
  const refusals = new Refusals(parts.log, parts.store)
  const explain = createExplain()
  const readBody = createBodyReader()
  const proveEarly = createProveEarly(parts.login)
  const accept = createAccept(parts)
  const attempts = createAttempts()

  const answerTo = async ({ incoming, path, address, refuse, whenGone }: Call): Promise<Answer> => {
    const { method = '', headers } = incoming
    /**
     * One answer for all; what was wrong is looked for once it is on its way. After too many from one
     * address it is to wait: before the body is read where the headers alone show that nothing can be
     * proven. Whoever brings what may be a proof is always listened to first: behind a proxy or at a Git
     * host many share an address, and no delivery may be lost for what a neighbour sends.
     */
    const notProven = (reason: string, body: Buffer | null, waitSeconds = 0): Answer => {
      const asked = known && challengeOf(known)
      const answer = asked ?? answers.notAuthenticated
      // So a browser comes at first: it must be asked, or its user could never prove anything.
      if (asked && headers.authorization === undefined) return refuse(answer, reason)
      const seconds = Math.max(waitSeconds, attempts.wait(address))
      if (seconds > 0) return refuse(answers.tooManyTries(seconds), reason)
      attempts.failed(address)
      if (!known) return refuse(answer, reason)
      const unproven = { endpoint: known, headers, body, reason }
      setImmediate(async () => refuse(answer, await explain(unproven)))
      return answer
    }

    const endpoints = parts.endpoints()
    const place = placeAt(endpoints, path, method)
    if ('answer' in place) return refuse(place.answer, place.reason)
    const { known, endpoint, absent } = place
    if (isTestOf(endpoint, path, headers)) return answers.tested
    const hidden = path.startsWith(HOOKS)
    const early = await provenByHeaders(proveEarly, place, incoming, address, parts.visit)
    const failed = early?.ok === false ? early : null
    if (failed && !(hidden && mayBeProof(headers, endpoints))) {
      // How long a password has to wait would tell that there is one to guess.
      return notProven(failed.reason, null, hidden ? 0 : failed.waitSeconds)
    }
    const elsewhere = early && elsewhereProblem(early, headers, parts.publicHost)
    if (elsewhere) return refuse(...elsewhere)
    // Who has proven nothing yet meets one limit at all hooks, so that it does not tell them apart.
    const limit = hidden ? LARGEST_BODY : endpoint.host.maxBody
    if (declaredTooLarge(incoming, limit)) {
      return refuse(answers.tooLarge(limit), `declares more than ${limit} bytes`)
    }

    const body = await readBody(incoming, limit, address)
    if (body.kind !== 'read') return refuse(...notRead(body.kind, limit))

    const proof = await provenByBody(place, early, headers, body.bytes)
    if (!known || !proof.ok) {
      return notProven(proof.ok ? absent : proof.reason, failed ? null : body.bytes)
    }
    const unfit = unfitFor(endpoint, headers, body.bytes.length)
    if (unfit) return refuse(...unfit)

    const { by, who } = proof
    const arrival = { receivedAt: Date.now(), endpoint: path, proof: by, address, who }
    const proven = { endpoint: known, incoming, body: body.bytes, arrival, refuse, whenGone }
    return accept(proven)
  }

  return (incoming, path, whenGone) => {
    const address = parts.addressOf(incoming)
    const refuse = refusing(refusals, { method: incoming.method ?? '', path, address })
    const failed = (error: unknown) => refuse(failureAnswer(parts.log, error), messageOf(error))
    return answerTo({ incoming, path, address, refuse, whenGone }).catch(failed)
  }
}

function refusing(refusals: Refusals, call: Pick<Refused, 'method' | 'path' | 'address'>) {
  return (answer: Answer, reason: string): Answer => {
    refusals.add({ ...call, status: answer.status, reason })
    return answer
  }
}

interface Call {
  readonly incoming: IncomingMessage
  readonly path: string
  readonly address: string
  readonly refuse: (answer: Answer, reason: string) => Answer
  readonly whenGone: WhenGone
}

const ANY_HOOK = ['GET', 'POST']

/** What answers: the hook, or where that must not be told from one, a stand-in for none. */
interface Place {
  readonly known: Endpoint | null
  readonly endpoint: Endpoint
  /** For the operator: why there is none. */
  readonly absent: string
}

/** Below /hooks/ a hook that does not take this method is one that is not there. */
function placeAt(
  endpoints: Endpoints,
  path: string,
  method: string,
): Place | { answer: Answer; reason: string } {
  const found = endpoints.get(path)
  const hidden = path.startsWith(HOOKS)
  if (!found && !hidden) {
    return { answer: answers.notFound, reason: 'nothing answers at this path' }
  }
  const methods = hidden ? ANY_HOOK : (found?.methods ?? [])
  if (!methods.includes(method)) {
    return { answer: answers.methodNotAllowed(methods), reason: `answers ${methods} only` }
  }
  const known = found?.methods.includes(method) ? found : null
  const absent = found ? `answers ${found.methods} only` : `no hook answers at ${path.slice(0, 80)}`
  return { known, endpoint: known ?? decoyEndpoint(path), absent }
}

/** Null: the body decides. */
async function provenByHeaders(
  proveEarly: ProveEarly,
  { known, endpoint, absent }: Place,
  incoming: IncomingMessage,
  address: string,
  visit: ReceiveParts['visit'],
): Promise<Proven | null> {
  if (known?.from && !known.from.has(address)) return { ok: false, reason: outsideOf(known.from) }
  const { headers } = incoming
  const visited = async () => (await visit?.(incoming)) ?? null
  const early = await proveEarly(endpoint, headers, address, visited)
  return early?.ok === false && !known ? { ok: false, reason: absent } : early
}

async function provenByBody(
  { known, endpoint, absent }: Place,
  early: Proven | null,
  headers: Headers,
  body: Buffer,
): Promise<Proven> {
  if (early?.ok === false) await proveNothing(body)
  if (early) return early
  const proof = await prove(endpoint, headers, body, Date.now())
  return known ? proof : { ok: false, reason: absent }
}

function notRead(kind: Exclude<Body['kind'], 'read'>, limit: number): [Answer, reason: string] {
  if (kind === 'too-large') return [answers.tooLarge(limit), `over ${limit} bytes`]
  if (kind === 'gone') return [answers.plain(400, 'Incomplete request.'), 'went away']
  return [answers.unavailable('Too many bodies are being received.'), 'bodies in flight']
}

/** Browsers keep passwords by their realm; those of an account are the same for all hooks. */
function challengeOf(endpoint: Endpoint): Answer | null {
  const { hooks, users, path } = endpoint
  if (!takesBasic(endpoint) || path.startsWith(HOOKS)) return null
  return answers.askForPassword(users.length === 0 ? 'runhook' : (hooks[0]?.name ?? 'runhook'))
}

function unfitFor(
  endpoint: Endpoint,
  headers: Headers,
  size: number,
): [Answer, reason: string] | null {
  const own = endpoint.host.maxBody
  if (size > own) return [answers.tooLarge(own), `over ${own} bytes`]
  const type = typeProblem(endpoint, headers)
  return type && [type, 'unsupported content type']
}

function typeProblem(endpoint: Endpoint, headers: Headers): Answer | null {
  const encoding = headers['content-encoding']
  const { contentTypes } = endpoint.host
  if (encoding !== undefined && encoding !== 'identity') return answers.unsupportedType([], true)
  if (contentTypes.length === 0) return null
  const type = String(headers['content-type'] ?? '').split(';', 1)[0]
  if (type && contentTypes.includes(type.trim().toLowerCase())) return null
  return answers.unsupportedType(contentTypes, false)
}

/**
 * The connection test of Bitbucket Data Center comes unsigned. It gets one answer at every hook's address,
 * taken or not, so that asking tells nobody which of them there are; and nothing else is done with it.
 */
function isTestOf(endpoint: Endpoint, path: string, headers: Headers): boolean {
  const addressed = endpoint.host.name === 'bitbucket-dc' || path.startsWith('/hooks/')
  return addressed && isConnectionTest(headers)
}
