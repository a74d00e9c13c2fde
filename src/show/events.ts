/**
 * A run as events, for pages and for `runhook logs -f`: how it stands, each step where its section of
 * the output begins and again when it ended, the output as text, and at last the run as it ended.
 */

import type { Run, StepRecord } from '../model/run.ts'
import type { Control } from './control.ts'
import { hasEnded, type Watched, watch } from './watch.ts'

export type RunEvent =
  | { readonly run: Run }
  | { readonly step: StepRecord }
  | { readonly output: string }
  | { readonly end: Run }

export interface EventParts extends Watched {
  readonly control: Pick<Control, 'watch' | 'steps'>
}

export async function* runEvents(
  parts: EventParts,
  runId: number,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const sections = createSections()
  /** Output that came before any step: a run of a moment has its steps written with its end. */
  const held: Uint8Array[] = []
  let last: Run | null = null
  let at = from
  for await (const moment of watch(parts, runId, from, signal)) {
    if ('run' in moment) {
      if (moment.run.status !== last?.status && !hasEnded(moment.run)) yield moment
      last = moment.run
    } else held.push(moment.bytes)
    // Also for output: the word that a step has begun may come after what the step wrote.
    if (last && ('run' in moment || !hasEnded(last))) sections.learn(await stepsOf(parts, last))
    if (!sections.some && !(last && hasEnded(last))) continue
    yield* sections.due(at)
    for (const bytes of held.splice(0)) {
      yield* sections.cut(bytes, at)
      at += bytes.length
    }
  }
  if (!last || !hasEnded(last)) return
  yield* sections.due(Number.POSITIVE_INFINITY)
  yield* sections.flush()
  yield { end: last }
}

/**
 * A run under way is asked of the server, which sees it move; an ended one of the Store. A worker that was killed
 * has told nobody how its last step ended: as the run did.
 */
export async function stepsOf(parts: EventParts, run: Run): Promise<readonly StepRecord[]> {
  const { status, finishedAt } = run
  if (status === 'queued' || status === 'running')
    return (await parts.control.steps?.(run.id)) ?? []
  const steps = await parts.store.steps(run.id)
  return steps.map((step) => (step.status === null ? { ...step, status, finishedAt } : step))
}

interface Sections {
  /** Whether any step is known. */
  readonly some: boolean
  learn(steps: readonly StepRecord[]): void
  /** Steps to tell once the output has been told up to `position`. */
  due(position: number): Generator<RunEvent>
  /** Output that begins at `at`, with the steps told where their sections begin. */
  cut(bytes: Uint8Array, at: number): Generator<RunEvent>
  flush(): Generator<RunEvent>
}

/** Lays steps and output in their order. Characters may be split between pieces, not between steps. */
function createSections(): Sections {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const told = new Map<number, StepRecord>()
  let known: readonly StepRecord[] = []

  function* flush(): Generator<RunEvent> {
    const output = decoder.decode()
    if (output !== '') yield { output }
  }

  function* due(position: number): Generator<RunEvent> {
    for (const step of known) {
      const earlier = told.get(step.number)
      if (!(earlier ? isNewlyEnded(earlier, step, position) : step.outputFrom <= position)) continue
      if (!earlier) yield* flush()
      told.set(step.number, step)
      yield { step }
    }
  }

  function* cut(bytes: Uint8Array, at: number): Generator<RunEvent> {
    const end = at + bytes.length
    const inside = known.map((step) => step.outputFrom).filter((from) => from > at && from < end)
    let from = at
    for (const to of [...inside, end]) {
      const output = decoder.decode(bytes.subarray(from - at, to - at), { stream: true })
      if (output !== '') yield { output }
      yield* due(to)
      from = to
    }
  }

  return {
    get some() {
      return known.length > 0
    },
    learn(steps) {
      // A run that has just ended may be asked for where nothing is left of it.
      if (steps.length >= known.length) known = steps
    },
    due,
    cut,
    flush,
  }
}

function isNewlyEnded(earlier: StepRecord, step: StepRecord, position: number): boolean {
  return earlier.finishedAt === null && step.finishedAt !== null && (step.outputTo ?? 0) <= position
}
