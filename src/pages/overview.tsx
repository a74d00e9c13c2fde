/** The first page: a card for each hook, and what there is to know at a glance. */

import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import { Icon, type Mood } from './icons.tsx'
import { startsByHand } from './inputs.tsx'
import { LastWords } from './last-words.tsx'
import { Layout } from './layout.tsx'
import { type Ask, BASE, type PagesParts } from './parts.ts'
import { page } from './render.tsx'
import { detailOf, durationOf, Pills, Sparkline, Status } from './status.tsx'
import { When } from './times.tsx'
import { Plain } from './visible.tsx'
import { type Waits, waitsOf } from './waits.ts'

/** Runs that a card shows as pills. */
const RECENT = 20
const DAY_MS = 24 * 60 * 60 * 1000

export interface Card {
  readonly hook: Hook
  /** Newest first. */
  readonly runs: readonly Run[]
}

export async function overviewPage(c: Ask, parts: PagesParts): Promise<Response> {
  const now = Date.now()
  const cards = await Promise.all(
    [...parts.hooks().hooks.values()].map(async (hook): Promise<Card> => {
      return { hook, runs: await parts.store.runs({ hook: hook.name, limit: RECENT }) }
    }),
  )
  const last = cards.flatMap(({ runs: [run] }) => run ?? [])
  const waits = await waitsOf(parts, last)
  const refused = await parts.store.refusals({ since: now - DAY_MS, limit: 1 })
  const frame = {
    title: titleOf(cards),
    mood: moodOf(cards),
    place: 'overview' as const,
    visitor: c.get('visitor'),
    live: true,
  }
  return page(
    c,
    <Layout frame={frame}>
      <h1 class="unseen">Overview</h1>
      <Problem problem={parts.control.status().configProblem} />
      <Numbers parts={parts} cards={cards} />
      {cards.length === 0 ? <NoHooks file={parts.hooks().file} /> : null}
      <ul class="cards">
        {await Promise.all(cards.map((card) => HookCard({ card, parts, now, waits })))}
      </ul>
      {refused.total === 0 ? null : (
        <p class="refused-line">
          <Icon name="shield" />
          <a href={`${BASE}/refused`}>
            {refused.total === 1 ? '1 request was' : `${refused.total} requests were`} refused in
            the last day
          </a>
        </p>
      )}
    </Layout>,
  )
}

function Problem({ problem }: { problem: string | null }) {
  if (problem === null) return null
  return (
    <p class="notice s-failure" role="status">
      <Icon name="interrupted" />
      <span>
        The hooks file on disk is not the one in use: <Plain text={problem} />
      </span>
    </p>
  )
}

function Numbers({ parts, cards }: { parts: PagesParts; cards: readonly Card[] }) {
  const { running, waiting } = parts.control.status()
  const last = cards.map(({ runs }) => runs.find((run) => run.finishedAt !== null)?.status)
  const well = last.filter((status) => status === 'success').length
  const badly = last.filter(
    (one) => one === 'failure' || one === 'timed_out' || one === 'interrupted',
  )
  const numbers = [
    [well, 'ok', 'success'],
    [badly.length, 'failing', badly.length > 0 ? 'failure' : 'queued'],
    [running, 'running', running > 0 ? 'running' : 'queued'],
    [waiting, 'waiting', 'queued'],
  ] as const
  return (
    <ul class="numbers">
      {numbers.map(([count, word, look]) => (
        <li class={`s-${look}`}>
          <b>{count}</b> {word}
        </li>
      ))}
    </ul>
  )
}

interface CardProps {
  readonly card: Card
  readonly parts: PagesParts
  readonly now: number
  readonly waits: Waits
}

async function HookCard({ card, parts, now, waits }: CardProps) {
  const { hook, runs } = card
  const [last] = runs
  return (
    <li class={`card hook-card s-${last?.status ?? 'idle'}`}>
      <div class="hook-head">
        <h2>
          <a href={`${BASE}/hooks/${hook.name}`}>{hook.name}</a>
        </h2>
        {hook.enabled ? null : <span class="tag">switched off</span>}
        {hook.open ? <Open hook={hook} /> : null}
      </div>
      {last ? <Last run={last} now={now} waits={waits.get(last.id)} /> : <NeverRan hook={hook} />}
      {runs.length > 0 ? (
        <div class="hook-past">
          <Pills runs={runs} />
          <Sparkline runs={runs} />
        </div>
      ) : null}
      <LastWords hook={hook} runs={runs} parts={parts} />
    </li>
  )
}

function Last({ run, now, waits }: { run: Run; now: number; waits: string | undefined }) {
  return (
    <p class="hook-last">
      <a href={`${BASE}/runs/${run.id}`}>
        <Status status={run.status} more={detailOf(run, now)} />
      </a>
      <span class="dim">
        <When at={run.finishedAt ?? run.startedAt ?? run.queuedAt} now={now} />
        {run.startedAt === null ? null : ` · ${durationOf(run, now)}`}
      </span>
      <span class="what">
        <Plain text={run.refName ?? run.event} />
        {run.sha === null ? null : <code>{run.sha.slice(0, 7)}</code>}
      </span>
      {waits === undefined ? null : (
        <span class="dim">
          <Plain text={waits} />
        </span>
      )}
    </p>
  )
}

/** Who may call a hook that asks for no proof. */
export function Open({ hook }: { hook: Hook }) {
  const { from } = hook.access
  return (
    <span class="tag warn">
      {from === null ? 'open to everybody' : `open to ${from.join(', ')}`}
    </span>
  )
}

function NeverRan({ hook }: { hook: Hook }) {
  if (startsByHand(hook)) {
    return (
      <p class="hook-last">
        <span class="dim">Has not run yet.</span>
        <a href={`${BASE}/hooks/${hook.name}`}>
          Start it <Icon name="arrow" />
        </a>
      </p>
    )
  }
  return (
    <p class="hook-last">
      <span class="dim">Has not run yet.</span>
      <a href={`${BASE}/hooks/${hook.name}/setup`}>
        Set it up <Icon name="arrow" />
      </a>
    </p>
  )
}

function NoHooks({ file }: { file: string }) {
  return (
    <section class="card empty">
      <h2>No hooks yet</h2>
      <p>
        A hook says: when this happens, run that. Write the first one into <code>{file}</code>; it
        is taken over as soon as the file is saved, and this page shows it.
      </p>
      <pre>{`{
  "hooks": {
    "blog": {
      "repo": "github:octocat/blog",
      "on": { "push": { "branches": ["main"] } },
      "secret": "\${BLOG_SECRET}",
      "working-directory": "/srv/blog",
      "run": "git pull --ff-only"
    }
  }
}`}</pre>
      <p>
        Then its setup page says what to enter at the Git host, and turns green by itself when the
        first delivery arrives.
      </p>
    </section>
  )
}

function moodOf(cards: readonly Card[]): Mood {
  const last = cards.flatMap(({ runs: [run] }) => run?.status ?? [])
  if (last.includes('running')) return 'running'
  if (last.some((one) => one === 'failure' || one === 'timed_out')) return 'failure'
  return last.includes('success') ? 'success' : 'idle'
}

function titleOf(cards: readonly Card[]): string {
  const last = cards.flatMap(({ runs: [run] }) => run?.status ?? [])
  const running = last.filter((one) => one === 'running').length
  const failing = last.filter((one) => one === 'failure' || one === 'timed_out').length
  if (running > 0) return `${running} running`
  return failing > 0 ? `${failing} failing` : 'Overview'
}
