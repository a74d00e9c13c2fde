/** The log of a run as it stands in its page: folding steps, numbered lines with links. */

import type { Run, StepRecord } from '../model/run.ts'
import { hasEnded, readOn } from '../show/watch.ts'
import { took } from '../show/when.ts'
import { Icon } from './icons.tsx'
import { createLines, type Line, type Place, writePlace } from './lines.ts'
import { BASE, type PagesParts } from './parts.ts'
import { words } from './status.tsx'
import { borders, isOpen, stepAt } from './steps.ts'
import { Plain } from './visible.tsx'

/** Lines that a page is sent with; the rest is followed, or is a page of its own without scripts. */
const LINES = 1000

export interface Window {
  readonly lines: readonly Line[]
  readonly next: Place
  /** Whether more is stored than this. */
  readonly more: boolean
}

export async function readWindow(
  { output }: Pick<PagesParts, 'output'>,
  run: Run,
  steps: readonly StepRecord[],
  from: Place,
): Promise<Window> {
  const reader = createLines(from)
  const lines: Line[] = []
  for await (const bytes of readOn(output, run.id, from.at)) {
    lines.push(...reader.read(bytes, borders(steps)))
    if (lines.length > LINES) return cut(lines, from, { output }, run, steps)
  }
  if (hasEnded(run)) lines.push(...reader.finish())
  return { lines, next: reader.place, more: false }
}

/** Once more, up to the line where this page ends: colours and numbers of the next one begin there. */
async function cut(
  lines: readonly Line[],
  from: Place,
  { output }: Pick<PagesParts, 'output'>,
  run: Run,
  steps: readonly StepRecord[],
): Promise<Window> {
  const end = lines[LINES]?.at ?? from.at
  const reader = createLines(from)
  for await (const bytes of readOn(output, run.id, from.at, end)) reader.read(bytes, borders(steps))
  return { lines: lines.slice(0, LINES), next: reader.place, more: true }
}

export function Log(props: {
  run: Run
  steps: readonly StepRecord[]
  window: Window
  first: number
}) {
  const { run, steps, window, first } = props
  const ended = hasEnded(run)
  const whole = ended && !window.more
  return (
    <run-log
      class="log"
      data-run={run.id}
      data-place={whole ? '' : writePlace(window.next)}
      data-live={ended ? '' : 'yes'}
    >
      <div class="log-tools" hidden>
        <log-search>
          <label class="find">
            <Icon name="search" />
            <span class="unseen">Search the log</span>
            <input type="search" name="find" placeholder="Search" autocomplete="off" />
          </label>
          <output class="found" />
        </log-search>
        <label>
          <input type="checkbox" name="follow" checked={!ended} /> Follow
        </label>
        <label>
          <input type="checkbox" name="wrap" checked /> Wrap
        </label>
      </div>
      <log-lines
        class="log-body"
        role="log"
        aria-live="off"
        aria-label={`Output of run #${run.id}`}
        tabindex={0}
      >
        {linesBefore(window, steps)}
        {steps.map((step) => (
          <details class="step" data-step={step.number} open={isOpen(step, run)}>
            {stepHead(step)}
            {linesOf(window, steps, step.number)}
          </details>
        ))}
      </log-lines>
      {emptyNote(run, steps, window)}
      {first > 1 ? (
        <p class="log-more">
          <a href={`${BASE}/runs/${run.id}`}>From the first line</a>
        </p>
      ) : null}
      {window.more ? (
        <p class="log-more log-next">
          <a href={`${BASE}/runs/${run.id}?from=${writePlace(window.next)}`}>The next lines</a>
        </p>
      ) : null}
    </run-log>
  )
}

export function stepHead(step: StepRecord) {
  const status = step.status ?? 'running'
  const time = took((step.finishedAt ?? Date.now()) - step.startedAt)
  return (
    <summary>
      <span class={`status s-${status}`}>
        <Icon name={status} />
        <span class="unseen">{words[status]}</span>
      </span>
      {step.phase === 'run' ? null : <span class="phase">{step.phase}</span>}
      <span class="title">
        <Plain text={step.name ?? step.title} />
      </span>
      {step.status === null || step.status === 'success' || step.reason === null ? null : (
        <span class={`reason s-${step.status}`}>
          <Plain text={step.reason} />
        </span>
      )}
      <span class="took" data-since={step.finishedAt === null ? step.startedAt : undefined}>
        {time}
      </span>
    </summary>
  )
}

/** What was written before the first step, and by runs of which no steps are known. */
function linesBefore(window: Window, steps: readonly StepRecord[]) {
  const none = window.lines.some((line) => stepAt(steps, line.at) === 0)
  return none ? <div class="step plain">{linesOf(window, steps, 0)}</div> : null
}

function linesOf({ lines }: Window, steps: readonly StepRecord[], number: number) {
  return (
    <div class="lines">
      {chunks(lines.filter((line) => stepAt(steps, line.at) === number)).map((chunk) => (
        <div class={chunk.length === CHUNK ? 'chunk' : 'chunk part'}>{chunk.map(lineRow)}</div>
      ))}
    </div>
  )
}

/** What is not in sight is not laid out: see .chunk of the style sheet, and CHUNK of client/lines.ts. */
const CHUNK = 200

function chunks(lines: readonly Line[]): (readonly Line[])[] {
  const count = Math.ceil(lines.length / CHUNK)
  return Array.from({ length: count }, (_, index) => {
    return lines.slice(index * CHUNK, (index + 1) * CHUNK)
  })
}

function lineRow({ number, pieces }: Line) {
  return (
    <div class="line" id={`L${number}`}>
      <a href={`#L${number}`}>{number}</a>
      <span>
        {pieces.map(([text, classes]) =>
          classes === '' ? text : <span class={classes}>{text}</span>,
        )}
      </span>
    </div>
  )
}

function emptyNote(run: Run, steps: readonly StepRecord[], { lines }: Window) {
  if (lines.length > 0 || steps.length > 0) return null
  const says =
    run.status === 'queued'
      ? 'It has not begun yet.'
      : run.status === 'running'
        ? 'Nothing was written so far.'
        : 'Nothing was written.'
  return <p class="log-empty">{says}</p>
}
