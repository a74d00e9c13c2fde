/**
 * What the caller of a plain URL gets of its run: the output as text, as a page or as JSON, with the status
 * and headers that the hook says; or the output as it comes.
 */

import type { Hook } from '../model/hook.ts'
import type { Run, RunEnd } from '../model/run.ts'
import { type Form, preferredForm } from './accepts.ts'
import type { Answer } from './answer.ts'
import { PAGE_POLICY, pageOf } from './page.ts'

/** A run that has ended, with all that it wrote. */
export interface Ran {
  readonly run: Run
  readonly end: RunEnd
  readonly output: Uint8Array
}

const TEXT = 'text/plain; charset=utf-8'
/** As after other refusals that do not last. */
const RETRY_SECONDS = '5'

/** `ageMs` is how long ago the run ended, where the output serves several callers; else null. */
export async function replyOf(
  ran: Ran,
  hook: Hook,
  accept: string | undefined,
  ageMs: number | null,
): Promise<Answer> {
  const { end, run } = ran
  const status = statusOf(end, hook)
  const { 'content-type': type, ...own } = hook.reply.headers
  const form = formOf(hook, accept)
  const silent = end.reason !== null && ran.output.length === 0
  const said = silent && form === 'text' // in place of an output: our words, so no type of the hook's
  const headers = {
    'cache-control': 'no-store',
    ...own,
    ...freshness(end, hook, ageMs),
    ...(type === undefined ? { vary: 'Accept' } : {}),
    ...(said || type === undefined ? typeOf(form) : asGiven(type, own)),
    ...(status === 503 && wasStopped(end) ? { 'retry-after': RETRY_SECONDS } : {}),
    'x-content-type-options': 'nosniff',
    'x-runhook-run': String(run.id),
    'x-runhook-status': end.status,
    ...(end.exitCode === null ? {} : { 'x-runhook-exit-code': String(end.exitCode) }),
  }
  if (status === 204 || status === 205 || status === 304) return { status, headers, body: null }
  if (said) return { status, headers, body: `${end.reason}\n` }
  return { status, headers, body: await bodyOf(ran, form) }
}

/** With a type of the hook's own the output goes out as it is. */
export function formOf({ reply }: Hook, accept: string | undefined): Form {
  return reply.headers['content-type'] === undefined ? preferredForm(accept) : 'text'
}

/** A reason may name folders, the user and the PATH: that is for who has proven who he is. */
export function forAnybody(end: RunEnd): RunEnd {
  return end.reason === null ? end : { ...end, reason: endInWords(end) }
}

/** Of how it ended only an exit code can be mapped: a run that was cut off has failed, whatever it left. */
function statusOf(end: RunEnd, { reply }: Hook): number {
  const ended = end.status === 'success' || end.status === 'failure'
  const mapped = ended && end.exitCode !== null ? reply.statuses.get(end.exitCode) : undefined
  if (mapped !== undefined) return mapped
  if (end.refused) return 422
  if (wasStopped(end)) return 503
  return end.status === 'success' ? 200 : end.status === 'timed_out' ? 504 : 500
}

/** By somebody, by a newer call or with the server: nothing failed, and another try may come to its end. */
function wasStopped({ status }: RunEnd): boolean {
  return status === 'cancelled' || status === 'interrupted'
}

function freshness(end: RunEnd, { reply }: Hook, ageMs: number | null): Record<string, string> {
  if (ageMs === null || end.status !== 'success' || reply.cacheMs === null) return {}
  const seconds = Math.floor(reply.cacheMs / 1000)
  if (seconds === 0) return {}
  const age = Math.min(seconds, Math.floor(ageMs / 1000))
  return { 'cache-control': `private, max-age=${seconds}`, age: String(age) }
}

function typeOf(form: Form): Record<string, string> {
  if (form === 'json') return { 'content-type': 'application/json' }
  if (form === 'text') return { 'content-type': TEXT }
  return { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY }
}

/**
 * Whatever a command writes comes from this server's own address. Unless the hook says otherwise, a
 * browser treats it as a stranger's: no script, no forms, none of the server's cookies.
 */
function asGiven(type: string, own: Readonly<Record<string, string>>): Record<string, string> {
  const policy = own['content-security-policy'] ?? 'sandbox'
  return { 'content-type': type, 'content-security-policy': policy }
}

async function bodyOf(ran: Ran, form: Form): Promise<Answer['body']> {
  if (form === 'html') return pageOf(ran)
  if (form === 'json') return `${JSON.stringify(jsonOf(ran))}\n`
  return new Uint8Array(ran.output)
}

/** Times in milliseconds since the epoch, as in the API. Bytes that are no UTF-8 become U+FFFD. */
function jsonOf({ run, end, output }: Ran) {
  const { startedAt, finishedAt } = run
  return {
    run: run.id,
    hook: run.hook,
    status: end.status,
    exitCode: end.exitCode,
    signal: end.signal,
    reason: end.reason,
    startedAt,
    finishedAt,
    durationMs: startedAt === null || finishedAt === null ? null : finishedAt - startedAt,
    output: new TextDecoder().decode(output),
    outputBytes: end.outputBytes,
    truncated: end.outputCut > 0,
  }
}

const NEWLINE = 0x0a

/**
 * The output as it comes. The status has gone out before anybody knows how the run ends: that is said by
 * trailers, and by a last line where the run did not succeed and the output is text.
 */
export function streamOf(
  run: Run,
  hook: Hook,
  pieces: AsyncIterable<Uint8Array>,
  ended: Promise<RunEnd>,
): Answer {
  const { 'content-type': type, ...own } = hook.reply.headers
  let end: RunEnd | null = null
  async function* withEnd(): AsyncGenerator<Uint8Array> {
    let last = NEWLINE
    for await (const bytes of pieces) {
      last = bytes.at(-1) ?? last
      yield bytes
    }
    end = await ended
    if (end.status === 'success' || type !== undefined) return
    yield Buffer.from(`${last === NEWLINE ? '' : '\n'}[runhook: ${endInWords(end)}]\n`)
  }
  return {
    status: 200,
    headers: {
      'cache-control': 'no-store',
      ...own,
      ...(type === undefined ? typeOf('text') : asGiven(type, own)),
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
      'x-runhook-run': String(run.id),
      trailer: 'X-Runhook-Status, X-Runhook-Exit-Code',
    },
    body: { pieces: withEnd(), trailers: () => trailersOf(end) },
  }
}

function endInWords({ status, exitCode, signal }: RunEnd): string {
  const how = exitCode === null ? signal : `exit ${exitCode}`
  return status.replaceAll('_', ' ') + (how === null ? '' : `, ${how}`)
}

function trailersOf(end: RunEnd | null): Record<string, string> {
  if (end === null) return {}
  const code = end.exitCode === null ? {} : { 'X-Runhook-Exit-Code': String(end.exitCode) }
  return { 'X-Runhook-Status': end.status, ...code }
}
