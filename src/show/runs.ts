/** Routes of runs: lists, one run, its events, and what one may ask of it. Its output is in output.ts. */

import type { Stays } from '../access/stays.ts'
import { RunhookError } from '../errors.ts'
import type { Config } from '../model/config.ts'
import { type Run, runStatuses } from '../model/run.ts'
import type { CancelResult } from '../record/dispatcher.ts'
import type { Store } from '../record/store.ts'
import { callerOf, stayFor } from './admission.ts'
import { linesAnswer } from './answers.ts'
import type { Control } from './control.ts'
import { runEvents, stepsOf } from './events.ts'
import { outputRoute } from './output.ts'
import {
  branch,
  called,
  event,
  id,
  name,
  offset,
  oneOf,
  upTo,
  type Values,
  who,
} from './parameters.ts'
import type { Routes } from './routes.ts'
import { cancelledRun, oneRun, runPage, startedRun } from './schemas.ts'
import { since } from './since.ts'
import { deliverySummary, type Page, type RunView } from './views.ts'
import { waitsFor } from './waits.ts'
import { findRun, type OutputLogLike } from './watch.ts'
import { type FleetPart, worker } from './workers.ts'

export interface RunParts {
  readonly store: Store
  readonly output: OutputLogLike
  readonly control: Control
  readonly fleet: FleetPart
  readonly hooks: () => Config
  readonly stays: Stays
}

const filters = {
  hook: name,
  status: oneOf(runStatuses),
  event,
  branch,
  who,
  since,
  delivery: id,
  worker,
  before: id,
  limit: upTo(500),
}

const path = { id: called('the run', id) }

const list = {
  role: 'viewer',
  summary: 'List runs, newest first',
  query: filters,
  answers: {
    200: { says: 'A page of runs; "next" is the "before" of the page after it', schema: runPage },
  },
} as const

const view = {
  role: 'viewer',
  summary: 'One run, with its steps and what its delivery said',
  path,
  answers: { 200: { says: 'The run', schema: oneRun } },
  refusals: [404],
} as const

const events = {
  role: 'viewer',
  summary: 'Follow a run until it has ended: its states, steps and output, one JSON object a line',
  path,
  query: { from: offset },
  answers: { 200: { says: 'Lines as things happen', type: 'application/x-ndjson' } },
  refusals: [404],
} as const

const cancel = {
  role: 'operator',
  audit: 'run.cancel',
  summary: 'Stop a run, or take it out of its queue',
  path,
  answers: { 202: { says: 'What became of it', schema: cancelledRun } },
  refusals: [404, 409],
} as const

const rerun = {
  role: 'operator',
  audit: 'run.rerun',
  summary: 'Run once more for the same delivery',
  path,
  answers: { 202: { says: 'The new run', schema: startedRun } },
  refusals: [404, 409, 503],
} as const

export function runRoutes(routes: Routes, parts: RunParts): void {
  const { control, store } = parts
  routes.get('/runs', list, async (c, { query }) => c.json(await page(store, query)))
  routes.get('/runs/:id', view, async (c, { path }) => c.json(await viewOf(parts, path.id)))
  outputRoute(routes, parts)
  routes.get('/runs/:id/events', events, async (c, { path, query }) => {
    // Looked for before the stream begins, so that a wrong number is a 404 and not an end.
    const run = await findRun(store, path.id)
    const { signal } = c.req.raw
    const stay = stayFor(c, events.role)
    parts.stays.admit(stay)
    const moments = (left: AbortSignal) => runEvents(parts, run.id, query.from ?? 0, left)
    return linesAnswer(parts.stays.during(stay, signal, moments))
  })
  routes.post('/runs/:id/cancel', cancel, async (c, { path }) => {
    c.set('about', `run #${path.id}`)
    return c.json(await cancelled(parts, path.id, callerOf(c)), 202)
  })
  routes.post('/runs/:id/rerun', rerun, async (c, { path }) => {
    c.set('about', `run #${path.id}`)
    return c.json({ run: await control.rerun(path.id, callerOf(c)) }, 202)
  })
}

async function page(store: Store, query: Values<typeof filters>): Promise<Page<'runs', Run>> {
  const { delivery, branch, who, limit = 50, ...filter } = query
  const renamed = { deliveryId: delivery, refName: branch, sender: who }
  const found = await store.runs({ ...filter, ...renamed, limit: limit + 1 })
  const runs = found.slice(0, limit)
  return { runs, next: found.length > limit ? (runs.at(-1)?.id ?? null) : null }
}

async function viewOf(parts: RunParts, runId: number): Promise<RunView> {
  const run = await findRun(parts.store, runId)
  const delivery = await parts.store.delivery(run.deliveryId)
  return {
    run,
    waits: await waitsOf(parts, run),
    steps: await stepsOf(parts, run),
    delivery: delivery && deliverySummary(delivery),
  }
}

async function waitsOf({ fleet, hooks }: RunParts, run: Run): Promise<string | null> {
  if (!fleet || run.status !== 'queued') return null
  const label = hooks().hooks.get(run.hook)?.placement.label ?? null
  return waitsFor(run, label, await fleet.workers())
}

async function cancelled(
  parts: RunParts,
  runId: number,
  by: string,
): Promise<{ result: CancelResult; run: Run }> {
  const result = await parts.control.cancel(runId, by)
  const run = await findRun(parts.store, runId)
  if (result !== 'ended') return { result, run }
  throw new RunhookError('conflict', `Run #${runId} has already ended: ${run.status}.`)
}
