/**
 * Step 1 to 6 of a delivery's walk: bytes in, proven, parsed, judged, stored, answered. The order is the
 * safety: nothing is read before the cheap checks, nothing parsed before the signature holds, nothing
 * answered with success before it is on disk.
 */

import type { IncomingMessage } from 'node:http'
import { messageOf, RunhookError } from '../errors.ts'
import { isConnectionTest } from '../hosts/bitbucket-dc.ts'
import type { Headers } from '../hosts/host.ts'
import type { Log } from '../log.ts'
import type { Run, RunEnd } from '../model.ts'
import type { Accept, Accepted, Store } from '../record/store.ts'
import type { Answer } from './answer.ts'
import * as answers from './answer.ts'
import { type Arrival, arrive } from './arrive.ts'
import { createBodyReader, declaredTooLarge } from './body.ts'
import type { Endpoint, Endpoints } from './endpoints.ts'
import { createExplain } from './explain.ts'
import { judgeAll } from './judge.ts'
import { decoyEndpoint, prove, refuseEarly } from './proof.ts'
import { Refusals } from './refusals.ts'

export interface ReceiveParts {
  readonly store: Pick<Store, 'refuse'>
  readonly log: Log
  /** The endpoints of the config as it is now. */
  readonly endpoints: () => Endpoints
  readonly accept: Accept
  /** Resolves when the run has ended. */
  readonly ended: (runId: number) => Promise<RunEnd>
  readonly output: (runId: number) => Promise<Uint8Array>
}

/** Where every hook can be reached by its name. */
const HOOKS = '/hooks/'
/** Of all hosts: GitHub's and GitLab's own cap. */
const LARGEST_BODY = 25 * 1024 * 1024

export type Receive = (incoming: IncomingMessage, path: string) => Promise<Answer>

export function createReceive(parts: ReceiveParts): Receive {
  const refusals = new Refusals(parts.log, parts.store)
  const explain = createExplain()
  const readBody = createBodyReader()

  return async (incoming, path) => {
    const method = incoming.method ?? ''
    const address = incoming.socket.remoteAddress ?? ''
    const refuse = (answer: Answer, reason: string): Answer => {
      refusals.add({ method, path, address, status: answer.status, reason })
      return answer
    }
    /** One answer for all; what was wrong is looked for once it is on its way. */
    const notProven = (reason: string, body: Buffer | null): Answer => {
      const { notAuthenticated: answer } = answers
      if (!known) return refuse(answer, noHook(path))
      const unproven = { endpoint: known, headers: incoming.headers, body, reason }
      setImmediate(async () => refuse(answer, await explain(unproven)))
      return answer
    }

    const known = parts.endpoints().get(path)
    const endpoint = known ?? decoyFor(path)
    if (!endpoint) return refuse(answers.notFound, 'nothing answers at this path')
    if (!endpoint.methods.includes(method)) {
      return refuse(answers.methodNotAllowed(endpoint.methods), `answers ${endpoint.methods} only`)
    }
    if (isTestOf(endpoint, path, incoming.headers)) return answers.tested
    const early = refuseEarly(endpoint, incoming.headers)
    if (early) return notProven(early, null)
    // Who has proven nothing yet meets one limit at all hooks, so that it does not tell them apart.
    const own = endpoint.host.maxBody
    const limit = path.startsWith(HOOKS) ? LARGEST_BODY : own
    if (declaredTooLarge(incoming, limit)) {
      return refuse(answers.tooLarge(limit), `declares more than ${limit} bytes`)
    }

    const body = await readBody(incoming, limit, known !== undefined)
    if (body.kind === 'too-large') return refuse(answers.tooLarge(limit), `over ${limit} bytes`)
    if (body.kind === 'busy') {
      return refuse(answers.unavailable('Too many bodies are being received.'), 'bodies in flight')
    }
    if (body.kind === 'gone') return refuse(answers.plain(400, 'Incomplete request.'), 'went away')

    const proof = await prove(endpoint, incoming.headers, body.bytes, Date.now())
    if (!proof.ok || !known) return notProven(proof.ok ? '' : proof.reason, body.bytes)
    if (body.bytes.length > own) return refuse(answers.tooLarge(own), `over ${own} bytes`)
    const type = typeProblem(endpoint, incoming.headers)
    if (type) return refuse(type, 'unsupported content type')

    const arrival = { receivedAt: Date.now(), endpoint: path, proof: proof.by, address }
    try {
      return await accept(parts, known, incoming, body.bytes, arrival)
    } catch (error) {
      return refuse(failureAnswer(parts.log, error), messageOf(error))
    }
  }
}

async function accept(
  parts: ReceiveParts,
  endpoint: Endpoint,
  incoming: IncomingMessage,
  body: Buffer,
  arrival: Arrival,
): Promise<Answer> {
  const { delivery, payload } = arrive(endpoint, incoming, body, arrival)
  const json = wantsJson(incoming.headers)
  const { verdicts, wanted } = judgeAll(endpoint, delivery, payload)
  const accepted = await parts.accept(delivery, verdicts, wanted)
  tell(parts.log, accepted)
  if (delivery.problem !== null) return answers.unreadable(accepted.delivery, json)
  const waitFor = accepted.queued.find(() => endpoint.hooks[0]?.respond === 'output')
  if (waitFor && !endpoint.shared) return answerWithOutput(parts, waitFor)
  return answers.judged(accepted.delivery, accepted.queued, json)
}

async function answerWithOutput(parts: ReceiveParts, run: Run): Promise<Answer> {
  const end = await parts.ended(run.id)
  return answers.outputOf(run, end, await parts.output(run.id))
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

function decoyFor(path: string): Endpoint | undefined {
  return path.startsWith(HOOKS) ? decoyEndpoint(path) : undefined
}

function noHook(path: string): string {
  return `no hook answers at ${path.slice(0, 80)}`
}

/** Waiting runs go down as commands end, which takes them longer than a full disk takes to be noticed. */
const FULL_SECONDS = 30

/** That the store refuses is told by the refusals: with each delivery there would be no end of it. */
function failureAnswer(log: Log, error: unknown): Answer {
  if (error instanceof RunhookError && error.code === 'unreachable') {
    return answers.unavailable(`${error.message} ${error.hint ?? ''}`.trim())
  }
  if (error instanceof RunhookError && error.code === 'busy')
    return answers.unavailable('Too many runs wait; nothing was kept. Send it again.', FULL_SECONDS)
  if (error instanceof RunhookError && error.code === 'storage') {
    return answers.unavailable('The delivery could not be stored; nothing was kept. Send it again.')
  }
  log.error({ err: error }, `a delivery failed: ${messageOf(error)}`)
  return answers.plain(500, 'Something went wrong here; nothing was kept. Send it again.')
}

function wantsJson(headers: Headers): boolean {
  return String(headers.accept ?? '').includes('application/json')
}

/** `--> push acme/site main 8b1d0e4` and what became of it, one line each. */
function tell(log: Log, accepted: Accepted): void {
  const { delivery, queued } = accepted
  const first = delivery.updates[0]
  const what = [
    first?.event || delivery.event,
    delivery.repository,
    first?.tag ?? first?.branch,
    first?.sha?.slice(0, 7),
  ]
  log.info(
    {
      delivery: delivery.id,
      endpoint: delivery.endpoint,
      host: delivery.host,
      runs: queued.map((run) => run.id),
      ignored: delivery.verdicts
        .filter((verdict) => !verdict.matched)
        .map((verdict) => `${verdict.hook}: ${verdict.checks.at(-1)?.says}`),
    },
    `--> ${what.filter(Boolean).join(' ')}  ${delivery.host} ${delivery.proof}  ${outcomeOf(accepted)}`,
  )
}

function outcomeOf({ delivery, queued }: Accepted): string {
  if (delivery.problem) return `unreadable: ${delivery.problem}`
  if (queued.length > 0) return queued.map((run) => `${run.hook} #${run.id}`).join(', ')
  const decided = delivery.verdicts.map((v) => `${v.hook}: ${v.checks.at(-1)?.says}`)
  return `ignored (${decided.join('; ')})`
}
