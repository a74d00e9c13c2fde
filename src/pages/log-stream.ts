/**
 * The log of a run as events for its page: lines, the heads of its steps, and word that the run itself has
 * moved. An id is the place where the next line begins, so a browser that was cut off misses nothing.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Run, StepRecord } from '../model/run.ts'
import { stepsOf } from '../show/events.ts'
import { hasEnded, watch } from '../show/watch.ts'
import type { Piece } from './ansi.ts'
import { createLines, type Line, type Place, writePlace } from './lines.ts'
import { stepHead } from './log.tsx'
import type { PagesParts } from './parts.ts'
import type { SseEvent } from './sse.ts'
import { borders, stepAt } from './steps.ts'

/** Number of the line, of its step, and its text. A line that is not whole yet comes again. */
export type SentLine = readonly [number, number, readonly Piece[]]

/** Lines in one event: a page draws them in one go. */
const AT_ONCE = 500
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
  const send = function* (read: readonly Line[], open: Line | null): Generator<SseEvent> {
    const sent = [...read, ...(open ? [open] : [])].map((line): SentLine => {
      return [line.number, stepAt(steps, line.at), line.pieces]
    })
    for (let at = 0; at < sent.length; at += AT_ONCE) {
      const following = read[at + AT_ONCE]
      const id = following ? {} : { id: writePlace(lines.place) }
      yield { event: 'lines', ...id, data: sent.slice(at, at + AT_ONCE) }
    }
  }
  for await (const moment of watch(parts, runId, from.at, signal)) {
    if ('run' in moment) {
      const moved = last !== null && last.status !== moment.run.status
      last = moment.run
      steps = await stepsOf(parts, last)
      yield* heads.changed(steps)
      if (moved) yield { event: 'run', data: last.status }
      continue
    }
    if (last && !hasEnded(last)) {
      steps = await stepsOf(parts, last)
      yield* heads.changed(steps)
    }
    yield* send(lines.read(moment.bytes, borders(steps)), lines.rest())
    if (last && !hasEnded(last)) await sleep(PAUSE_MS)
  }
  if (signal.aborted || !last || !hasEnded(last)) return
  yield* send(lines.finish(), null)
  yield* heads.changed(await parts.store.steps(runId))
  yield { event: 'end', data: last.status }
}

function createHeads() {
  const told = new Map<number, string>()
  return {
    *changed(steps: readonly StepRecord[]): Generator<SseEvent> {
      for (const step of steps) {
        const state = `${step.status} ${step.finishedAt}`
        if (told.get(step.number) === state) continue
        told.set(step.number, state)
        const html = String(stepHead(step))
        yield { event: 'step', data: { number: step.number, html } }
      }
    },
  }
}
