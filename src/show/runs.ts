/** Routes of runs: lists, one run, its output as bytes and as events, and what one may ask of it. */

import { type Context, Hono } from 'hono'
import { RunhookError } from '../errors.ts'
import type { Run, RunStatus } from '../model.ts'
import type { Store } from '../record/store.ts'
import { bytesAnswer, linesAnswer } from './answers.ts'
import type { CancelResult, Control } from './control.ts'
import { runEvents, stepsOf } from './events.ts'
import { id, name, offset, oneOf, readOne, readQuery, upTo } from './parameters.ts'
import { deliverySummary, type Page, type RunView } from './views.ts'
import { findRun, type OutputLogLike, readOn, watch } from './watch.ts'

export interface RunParts {
  readonly store: Store
  readonly output: OutputLogLike
  readonly control: Control
}

const statuses = [
  'queued',
  'running',
  'success',
  'failure',
  'timed_out',
  'cancelled',
  'interrupted',
] as const satisfies readonly RunStatus[]

const listReaders = {
  hook: name,
  status: oneOf(statuses),
  delivery: id,
  before: id,
  limit: upTo(500),
}

export function runRoutes(parts: RunParts): Hono {
  const routes = new Hono()
  routes.get('/', async (c) => c.json(await list(parts.store, c)))
  routes.get('/:id', async (c) => c.json(await view(parts, runIdOf(c))))
  routes.get('/:id/output', (c) => sendOutput(parts, c))
  routes.get('/:id/events', (c) => sendEvents(parts, c))
  routes.post('/:id/cancel', async (c) => c.json(await cancel(parts, runIdOf(c), callerOf(c)), 202))
  routes.post('/:id/rerun', async (c) => {
    return c.json({ run: await parts.control.rerun(runIdOf(c), callerOf(c)) }, 202)
  })
  return routes
}

/**
 * Who asks, for the record. Over the socket it is what the caller says: whoever may open that file
 * could as well be the server. A listener that strangers reach must put its own answer here.
 */
export function callerOf(c: Context): string {
  const said = c.req.header('runhook-by') ?? ''
  return /^[\w.@+-]{1,64}$/.test(said) ? said : 'api'
}

async function list(store: Store, c: Context): Promise<Page<'runs', Run>> {
  const { delivery, limit = 50, ...filter } = readQuery(c.req.queries(), listReaders)
  const found = await store.runs({ ...filter, deliveryId: delivery, limit: limit + 1 })
  const runs = found.slice(0, limit)
  return { runs, next: found.length > limit ? (runs.at(-1)?.id ?? null) : null }
}

async function view(parts: RunParts, runId: number): Promise<RunView> {
  const run = await findRun(parts.store, runId)
  const delivery = await parts.store.delivery(run.deliveryId)
  return {
    run,
    steps: await stepsOf(parts, run),
    delivery: delivery && deliverySummary(delivery),
  }
}

async function sendOutput(parts: RunParts, c: Context): Promise<Response> {
  const query = readQuery(c.req.queries(), { from: offset, follow: oneOf(['true', 'false']) })
  const run = await findRun(parts.store, runIdOf(c))
  const from = query.from ?? 0
  const pieces =
    query.follow === 'true'
      ? bytesOf(parts, run.id, from, c.req.raw.signal)
      : readOn(parts.output, run.id, from)
  return bytesAnswer(pieces, 'text/plain; charset=utf-8', `run-${run.id}.log`)
}

async function* bytesOf(
  parts: RunParts,
  runId: number,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const moment of watch(parts, runId, from, signal)) {
    if ('bytes' in moment) yield moment.bytes
  }
}

/** The run is looked for before the stream begins, so that a wrong number is a 404 and not an end. */
async function sendEvents(parts: RunParts, c: Context): Promise<Response> {
  const { from = 0 } = readQuery(c.req.queries(), { from: offset })
  const run = await findRun(parts.store, runIdOf(c))
  return linesAnswer(runEvents(parts, run.id, from, c.req.raw.signal))
}

async function cancel(
  parts: RunParts,
  runId: number,
  by: string,
): Promise<{ result: CancelResult; run: Run }> {
  const result = await parts.control.cancel(runId, by)
  const run = await findRun(parts.store, runId)
  if (result !== 'ended') return { result, run }
  throw new RunhookError('conflict', `Run #${runId} has already ended: ${run.status}.`)
}

function runIdOf(c: Context): number {
  return readOne('the run', c.req.param('id') ?? '', id)
}
