/**
 * Steps 4 to 6 of a delivery's walk: a proven request is read, judged, stored and answered, at once or when
 * its run has something to show.
 */

import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Headers } from '../hosts/host.ts'
import type { Log } from '../log.ts'
import type { Asked, Delivery, StoredDelivery, Verdict } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import type { RunEnd } from '../model/run.ts'
import type { Accepted, Store, Accept as StoreAccept, Wanted } from '../record/store.ts'
import { preferredForm } from './accepts.ts'
import type { Answer } from './answer.ts'
import * as answers from './answer.ts'
import { type Arrival, arrive } from './arrive.ts'
import type { Endpoint } from './endpoints.ts'
import { Flights, type Outcome, Waiting } from './flights.ts'
import { judgeAll } from './judge.ts'
import { forAnybody, formOf, replyOf, streamOf } from './reply.ts'
import { tell } from './tell.ts'

export interface AcceptParts {
  readonly store: Store
  readonly log: Log
  readonly accept: StoreAccept
  /** Resolves when the run has ended; rejects when it will not be seen to. */
  readonly ended: (runId: number) => Promise<RunEnd>
  readonly output: (runId: number) => Promise<Uint8Array>
  /** What a run writes, from its first byte to its end; a slow reader costs no memory. */
  readonly follow: (runId: number, signal: AbortSignal) => AsyncIterable<Uint8Array>
  /** Ends a run for `by`. */
  readonly cancel: (runId: number, by: string) => Promise<unknown>
  /** Most runs at a time. */
  readonly maxParallel: number
}

/** Tells when the caller has gone before his answer was sent; at once if he is already. */
export type WhenGone = (tell: () => void) => void

/** A request whose sender has proven who he is. */
export interface Proven {
  readonly endpoint: Endpoint
  readonly incoming: IncomingMessage
  readonly body: Buffer
  readonly arrival: Arrival
  /** Keeps a refusal for the operator. */
  readonly refuse: (answer: Answer, reason: string) => Answer
  readonly whenGone: WhenGone
}

/** Rejects when the Store does: then nothing was kept. */
export type Accept = (proven: Proven) => Promise<Answer>

/** A proven request as it was understood. */
interface Judged extends Proven {
  readonly delivery: Delivery
  readonly verdicts: readonly Verdict[]
  readonly wanted: readonly Wanted[]
}

export function createAccept(parts: AcceptParts): Accept {
  const flights = new Flights(parts.log)
  const waiting = new Waiting(parts.maxParallel)
  return async (proven) => {
    const { delivery, payload } = arrive(
      proven.endpoint,
      proven.incoming,
      proven.body,
      proven.arrival,
    )
    const found = { ...proven, delivery, ...judgeAll(proven.endpoint, delivery, payload) }
    const hook = waitedFor(found)
    const judged = { ...found, delivery: { ...delivery, asked: askedBy(proven.incoming, hook) } }
    if (hook === null) return answerAtOnce(parts, judged)
    if (hook.respond === 'stream') return answerAsItComes(parts, waiting, hook, judged)
    return answerWithOutput(parts, { flights, waiting }, hook, judged)
  }
}

/** The hook whose run the caller waits for. */
function waitedFor({ endpoint, wanted }: Judged): Hook | null {
  const hook = endpoint.shared ? undefined : wanted[0]?.hook
  return hook && hook.respond !== 'accepted' ? hook : null
}

function askedBy({ headers }: IncomingMessage, hook: Hook | null): Asked {
  const json = wantsJson(headers)
  if (hook === null) return { json, output: null }
  return { json, output: hook.respond === 'stream' ? 'stream' : formOf(hook, headers.accept) }
}

async function answerAtOnce(parts: AcceptParts, judged: Judged): Promise<Answer> {
  return answerOf(await keep(parts, judged, false), judged)
}

function answerOf({ accepted }: Kept, { incoming }: Judged): Answer {
  return answers.decided(accepted.delivery, accepted.queued, wantsJson(incoming.headers))
}

async function answerWithOutput(
  parts: AcceptParts,
  { flights, waiting }: { flights: Flights; waiting: Waiting },
  hook: Hook,
  judged: Judged,
): Promise<Answer> {
  let own: StoredDelivery | null = null // who joins another's flight has none
  const start = () =>
    runToItsEnd(parts, waiting, hook, judged, (stored) => {
      own = stored
    })
  const shared = hook.reply.cacheMs !== null
  const { outcome, ageMs } = shared
    ? await flights.join(hook, keyOf(judged), start)
    : { outcome: await start(), ageMs: 0 }
  if ('answer' in outcome) return outcome.answer
  const accept = judged.incoming.headers.accept
  const answer = await replyOf(outcome.ran, hook, accept, shared ? ageMs : null)
  if (shared) flights.trim()
  if (own) keepAnswer(parts, own, answer)
  return answer
}

/** Outputs are kept with their runs; what was said in place of one is kept here. */
function keepAnswer({ store }: AcceptParts, { id, answer }: StoredDelivery, sent: Answer): void {
  if (!answer) return
  const said = answer.output === 'text' && typeof sent.body === 'string' ? sent.body : null
  const says = sent.body === null ? '' : said
  store.answered(id, { ...answer, status: sent.status, says })
}

async function runToItsEnd(
  parts: AcceptParts,
  waiting: Waiting,
  hook: Hook,
  judged: Judged,
  isKept: (delivery: StoredDelivery) => void,
): Promise<Outcome> {
  const leave = waiting.enter(hook)
  if (leave === null) return { answer: tooMany(hook, judged) }
  try {
    const kept = await keep(parts, judged, true)
    const { run, ended } = kept
    if (run === null || ended === null) return { answer: answerOf(kept, judged) }
    isKept(kept.accepted.delivery)
    if (hook.reply.onDisconnect === 'cancel') cancelWhenGone(parts, run.id, judged)
    const end = await ended
    const output = await parts.output(run.id)
    // Asking for its times has its end written at once, with a sync of its own; plain text has none.
    const timed =
      hook.reply.cacheMs !== null || preferredForm(judged.incoming.headers.accept) !== 'text'
    const stored = timed ? await parts.store.run(run.id) : null
    const told = hook.open ? forAnybody(end) : end
    return { ran: { run: stored ?? run, end: told, output } }
  } finally {
    leave()
  }
}

async function answerAsItComes(
  parts: AcceptParts,
  waiting: Waiting,
  hook: Hook,
  judged: Judged,
): Promise<Answer> {
  const leave = waiting.enter(hook)
  if (leave === null) return tooMany(hook, judged)
  const kept = await keep(parts, judged, true).catch((error: unknown) => {
    leave()
    throw error
  })
  const { run, ended } = kept
  void Promise.allSettled([ended]).then(leave)
  if (run === null || ended === null) return answerOf(kept, judged)
  const gone = new AbortController()
  judged.whenGone(() => gone.abort())
  if (hook.reply.onDisconnect === 'cancel') cancelWhenGone(parts, run.id, judged)
  return streamOf(run, hook, parts.follow(run.id, gone.signal), ended)
}

function tooMany(hook: Hook, { refuse }: Judged): Answer {
  const says = `Too many callers wait for "${hook.name}"; nothing was kept.`
  return refuse(answers.unavailable(says), 'too many callers wait for a run')
}

function cancelWhenGone({ cancel, log }: AcceptParts, runId: number, { whenGone }: Judged): void {
  whenGone(() => {
    cancel(runId, 'its caller, who went away').catch((error: unknown) =>
      log.error({ err: error, run: runId }, 'a run could not be cancelled'),
    )
  })
}

/** All that a command can see of a call, beside what tells calls apart. */
function keyOf({ endpoint, delivery, wanted, body }: Judged): string {
  const asked = Object.entries(delivery.headers).filter(([name]) => endpoint.headers.has(name))
  const inputs = Object.entries(wanted[0]?.inputs ?? {})
  const sent = body.length === 0 ? '' : createHash('sha256').update(body).digest('hex')
  return JSON.stringify([delivery.sender, inputs, asked.sort(), sent])
}

interface Kept {
  readonly accepted: Accepted
  readonly run: Accepted['queued'][number] | null
  /** When `run` has ended. */
  readonly ended: Promise<RunEnd> | null
}

async function keep(
  parts: AcceptParts,
  { delivery, verdicts, wanted }: Judged,
  waits: boolean,
): Promise<Kept> {
  const accepted = await parts.accept(delivery, verdicts, wanted)
  const run = accepted.queued[0] ?? null
  // Asked for in the turn in which it is queued: later it may have ended.
  const ended = waits && run !== null ? parts.ended(run.id) : null
  tell(parts.log, accepted)
  return { accepted, run, ended }
}

function wantsJson(headers: Headers): boolean {
  return String(headers.accept ?? '').includes('application/json')
}
