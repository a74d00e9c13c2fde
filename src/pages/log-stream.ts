/**
 * The log of a run as events for its page: lines, the heads of its steps, and word that the run itself has
 * moved. An id is the place where the next line begins, so a browser that was cut off misses nothing.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Run, StepRecord } from '../model/run.ts'
import { stepsOf } from '../show/events.ts'
import { ownTurn } from '../show/turn.ts'
import { hasEnded, watch } from '../show/watch.ts'
import type { Piece } from './ansi.ts'
import { createLines, type Line, type Place, writePlace } from './lines.ts'
import { stepHead } from './log.tsx'
import type { PagesParts } from './parts.ts'
import type { SseEvent } from './sse.ts'
import { borders, isOpen, stepAt } from './steps.ts'

/** Lines of one step, the first with this number; one of a single colour is its text. The last may come again, written on. */
export interface SentLines {
  readonly first: number
  readonly step: number
  readonly lines: readonly (string | readonly Piece[])[]
}

/** Lines in one event at most. */
const AT_ONCE = 2000
/** Between two looks at a log that is being written: what comes meanwhile goes out together. */
const PAUSE_MS = 50

/** Ends when the run has ended and all is told. */
export async function* logEvents(
  parts: PagesParts,
  runId: number,
  from: Place,
  signal: AbortSignal,
): AsyncGenerator<SseEvent> {
  const lines = createLines(from)
  const heads = createHeads()
  let steps: readonly StepRecord[] = []
  let last: Run | null = null
  let told = from.at
  const send = function* (read: readonly Line[], open: Line | null): Generator<SseEvent> {
    const groups = grouped([...read, ...(open ? [open] : [])], steps)
    for (const [index, { at, ...data }] of groups.entries()) {
      if (last) yield* heads.changed(last, steps, at)
      const id = index < groups.length - 1 ? {} : { id: writePlace(lines.place) }
      yield { event: 'lines', ...id, data }
    }
  }
  for await (const moment of watch(parts, runId, from.at, signal)) {
    if ('run' in moment) {
      const moved = last !== null && last.status !== moment.run.status
      last = moment.run
      steps = await stepsOf(parts, last)
      yield* heads.changed(last, steps, told)
      if (moved) yield { event: 'run', data: last.status }
      continue
    }
    if (last && !hasEnded(last)) steps = await stepsOf(parts, last)
    await ownTurn()
    yield* send(lines.read(moment.bytes, borders(steps)), lines.rest())
    told = moment.at + moment.bytes.length
    if (last) yield* heads.changed(last, steps, told)
    if (last && !hasEnded(last)) await sleep(PAUSE_MS)
  }
  if (signal.aborted || !last || !hasEnded(last)) return
  yield* send(lines.finish(), null)
  yield* heads.changed(last, await stepsOf(parts, last), Number.POSITIVE_INFINITY)
  yield { event: 'end', data: last.status }
}

interface Group extends SentLines {
  /** Where the first of them begins. */
  readonly at: number
  readonly lines: (string | readonly Piece[])[]
}

function grouped(lines: readonly Line[], steps: readonly StepRecord[]): Group[] {
  const groups: Group[] = []
  for (const { number, at, pieces } of lines) {
    const step = stepAt(steps, at)
    const [[text = '', classes = ''] = [], ...more] = pieces
    const sent = classes === '' && more.length === 0 ? text : pieces
    const last = groups.at(-1)
    if (last?.step === step && last.lines.length < AT_ONCE) last.lines.push(sent)
    else groups.push({ at, first: number, step, lines: [sent] })
  }
  return groups
}

function createHeads() {
  const told = new Map<number, string>()
  return {
    /** Of steps that begin up to here: a head that stood there earlier would be pushed on by the lines before it. */
    *changed(run: Run, steps: readonly StepRecord[], upTo: number): Generator<SseEvent> {
      for (const step of steps) {
        if (step.outputFrom > upTo) return
        const state = `${step.status} ${step.finishedAt}`
        if (told.get(step.number) === state) continue
        told.set(step.number, state)
        const html = String(stepHead(step))
        yield { event: 'step', data: { number: step.number, html, open: isOpen(step, run) } }
      }
    },
  }
}
