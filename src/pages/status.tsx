/** How a run stands, always as a sign, a word and a colour. */

import type { Child } from 'hono/jsx'
import type { Run, RunStatus } from '../model/run.ts'
import { took } from '../show/when.ts'
import { Icon } from './icons.tsx'
import { BASE } from './parts.ts'

export const words: Readonly<Record<RunStatus, string>> = {
  queued: 'waiting',
  running: 'running',
  success: 'success',
  failure: 'failure',
  timed_out: 'timed out',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
}

export function Status({ status, more = '' }: { status: RunStatus; more?: Child }) {
  return (
    <span class={`status s-${status}`}>
      <Icon name={status} />
      {words[status]}
      {more === '' ? null : <span class="more">{more}</span>}
    </span>
  )
}

/** `exit 1`, `SIGKILL`, `retry 2 of 3`: what the word alone does not say. */
export function detailOf(run: Run, now: number): Child {
  if (run.status === 'queued' && run.retry) {
    const { number, times } = run.retry
    const left = Math.ceil(((run.notBefore ?? 0) - now) / 1000)
    const says = `retry ${number} of ${times}`
    if (left <= 0) return says
    return (
      <>
        {`${says} in `}
        <span data-until={run.notBefore}>{took(left * 1000)}</span>
      </>
    )
  }
  if (run.status !== 'failure') return ''
  return run.exitCode === null ? (run.signal ?? '') : `exit ${run.exitCode}`
}

export function durationOf(run: Run, now: number): string {
  return run.startedAt === null ? '' : took((run.finishedAt ?? now) - run.startedAt)
}

/** The same; of a run under way it goes on while one looks, see client/clock.ts. */
export function Took({ run, now }: { run: Run; now: number }) {
  const { startedAt, finishedAt } = run
  if (startedAt === null || finishedAt !== null) return <>{durationOf(run, now)}</>
  return <span data-since={startedAt}>{durationOf(run, now)}</span>
}

/** One small bar for each run, the newest at the right. */
export function Pills({ runs }: { runs: readonly Run[] }) {
  return (
    <span class="pills">
      {runs.toReversed().map((run) => {
        const says = `Run #${run.id}: ${words[run.status]}`
        return (
          <a class={`pill s-${run.status}`} href={`${BASE}/runs/${run.id}`} title={says}>
            <span class="unseen">{says}</span>
          </a>
        )
      })}
    </span>
  )
}

const [HEIGHT, STEP, BAR] = [24, 6, 4]

/** How long each took, as bars of which the longest fills the height; the newest at the right. */
export function Sparkline({ runs }: { runs: readonly Run[] }) {
  const ended = runs.filter((run) => run.startedAt !== null && run.finishedAt !== null).toReversed()
  const times = ended.map((run) => (run.finishedAt ?? 0) - (run.startedAt ?? 0))
  const longest = Math.max(...times, 1)
  if (ended.length < 2) return null
  const width = ended.length * STEP - (STEP - BAR)
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${width} ${HEIGHT}`}
      width={width}
      height={HEIGHT}
      role="img"
      aria-label={`Durations of the last ${ended.length} runs, at most ${took(longest)}`}
    >
      {ended.map((run, index) => {
        const height = Math.max(2, Math.round(((times[index] ?? 0) / longest) * HEIGHT))
        const place = { x: index * STEP, y: HEIGHT - height, width: BAR, height, rx: 1 }
        return <rect class={`s-${run.status}`} {...place} />
      })}
    </svg>
  )
}
