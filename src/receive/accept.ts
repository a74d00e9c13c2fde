/**
 * Steps 4 to 6 of a delivery's walk: a proven request is read, judged, stored and answered, at once or when
 * its run has something to show.
 */

import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Headers } from '../hosts/host.ts'
import type { Log } from '../log.ts'
import type { Delivery, Verdict } from '../model/delivery.ts'
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
import { forAnybody, replyOf, streamOf } from './reply.ts'

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
    const judged = { ...proven, delivery, ...judgeAll(proven.endpoint, delivery, payload) }
    const hook = waitedFor(judged)
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

async function answerAtOnce(parts: AcceptParts, judged: Judged): Promise<Answer> {
  return answerOf(await keep(parts, judged, false), judged)
}

function answerOf({ accepted }: Kept, { delivery, incoming }: Judged): Answer {
  const json = wantsJson(incoming.headers)
  if (delivery.problem !== null) return answers.unreadable(accepted.delivery, json)
  return answers.judged(accepted.delivery, accepted.queued, json)
}

async function answerWithOutput(
  parts: AcceptParts,
  { flights, waiting }: { flights: Flights; waiting: Waiting },
  hook: Hook,
  judged: Judged,
): Promise<Answer> {
  const start = () => runToItsEnd(parts, waiting, hook, judged)
  const shared = hook.reply.cacheMs !== null
  const { outcome, ageMs } = shared
    ? await flights.join(hook, keyOf(judged), start)
    : { outcome: await start(), ageMs: 0 }
  if ('answer' in outcome) return outcome.answer
  const accept = judged.incoming.headers.accept
  const answer = await replyOf(outcome.ran, hook, accept, shared ? ageMs : null)
  if (shared) flights.trim()
  return answer
}

async function runToItsEnd(
  parts: AcceptParts,
  waiting: Waiting,
  hook: Hook,
  judged: Judged,
): Promise<Outcome> {
  const leave = waiting.enter(hook)
  if (leave === null) return { answer: tooMany(hook, judged) }
  try {
    const kept = await keep(parts, judged, true)
    const { run, ended } = kept
    if (run === null || ended === null) return { answer: answerOf(kept, judged) }
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
