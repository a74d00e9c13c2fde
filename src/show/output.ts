/**
 * The output of a run as bytes: the whole, from a place on, a part of it, or as it comes. What is stored
 * only grows while the run goes on, so places that were told once stay true; how long it will be is not
 * known before the end, and the answer says so.
 */

import type { Stays } from '../access/stays.ts'
import { RunhookError } from '../errors.ts'
import type { Run } from '../model/run.ts'
import { type Ask, stayFor } from './admission.ts'
import { bytesAnswer, refusal } from './answers.ts'
import { called, id, like, offset, oneOf, type Values } from './parameters.ts'
import { type Part, rangeOf } from './range.ts'
import type { Routes } from './routes.ts'
import { findRun, hasEnded, readOn, type Watched, watch } from './watch.ts'

const readers = { from: offset, follow: oneOf(['true', 'false']) }
const type = 'text/plain; charset=utf-8'

const route = {
  role: 'viewer',
  summary: 'What a run wrote, byte for byte',
  path: { id: called('the run', id) },
  query: readers,
  headers: { Range: like(/^bytes=\d*-\d*$/, 'one range of bytes') },
  answers: {
    200: { says: 'The output, or what follows "from"; with "follow" until the run ends', type },
    206: { says: 'The bytes of the range', type },
    416: { says: 'The output has no such bytes (yet); Content-Range says how many there are' },
  },
  refusals: [404],
} as const

export interface OutputParts extends Watched {
  readonly stays: Stays
}

export function outputRoute(routes: Routes, parts: OutputParts): void {
  routes.get('/runs/:id/output', route, async (c, { path, query }) => {
    const run = await findRun(parts.store, path.id)
    const wanted = c.req.header('range')
    if (wanted !== undefined && (query.from !== undefined || query.follow === 'true')) {
      throw new RunhookError('usage', 'Range cannot be asked for together with from or follow.')
    }
    if (query.follow === 'true') return followed(parts, run, query.from ?? 0, c)
    return stored(parts, run, query, c)
  })
}

async function stored(
  { output }: Watched,
  run: Run,
  query: Values<typeof readers>,
  c: Ask,
): Promise<Response> {
  const size = await output.size(run.id)
  const length = hasEnded(run) ? String(size) : '*'
  // There is nothing by which an If-Range could be compared, and a HEAD has no parts.
  const heeded = c.req.method === 'GET' && c.req.header('if-range') === undefined
  const range = heeded ? rangeOf(c.req.header('range'), size) : null
  if (range === 'none') return notThere(run, size)
  const part: Part = range ?? { from: query.from ?? 0, to: size }
  const status = range ? 206 : 200
  const headers = {
    ...stateOf(run),
    ...(range && { 'content-range': `bytes ${part.from}-${part.to - 1}/${length}` }),
    'content-length': String(Math.max(0, part.to - part.from)),
  }
  return bytesAnswer(readOn(output, run.id, part.from, part.to), type, fileOf(run), {
    status,
    headers,
  })
}

function followed(parts: OutputParts, run: Run, from: number, c: Ask): Response {
  const headers = { ...stateOf(run), 'x-accel-buffering': 'no' }
  const stay = stayFor(c, route.role)
  parts.stays.admit(stay)
  const bytes = parts.stays.during(stay, c.req.raw.signal, (left) =>
    bytesOf(parts, run.id, from, left),
  )
  return bytesAnswer(bytes, type, fileOf(run), { headers })
}

function notThere(run: Run, size: number): Response {
  const more = hasEnded(run) ? '' : ' by now; more may come'
  const message = `The output of run #${run.id} has ${size} bytes${more}.`
  const headers = { ...stateOf(run), 'content-range': `bytes */${size}` }
  return refusal(416, new RunhookError('invalid', message), headers)
}

/** A run that has not ended may have more to say a moment later. */
function stateOf(run: Run): Record<string, string> {
  return { 'accept-ranges': 'bytes', 'x-runhook-status': run.status }
}

function fileOf(run: Run): string {
  return `run-${run.id}.log`
}

/** Every byte of a run's output from a place on, as it comes, until the run has ended. */
export async function* bytesOf(
  parts: Watched,
  runId: number,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const moment of watch(parts, runId, from, signal)) {
    if ('bytes' in moment) yield moment.bytes
  }
}
