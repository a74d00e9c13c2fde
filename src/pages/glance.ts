/** What the overview knows of each hook: its runs, what was turned away, what came and ran nothing. */

import { failuresOf } from '../hooks/verdict.ts'
import type { StoredDelivery } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import type { PagesParts } from './parts.ts'
import { type Titles, titlesOf } from './titles.ts'
import { type Waits, waitsOf } from './waits.ts'

/** Runs that a card shows as pills. */
const RECENT = 20
/** Runs under way, deliveries and kinds of refusals that are looked through for all hooks together. */
const LOOKED_AT = 200
const NEWEST = 50
const DAY_MS = 24 * 60 * 60 * 1000

export interface Card {
  readonly hook: Hook
  /** Newest first. */
  readonly runs: readonly Run[]
  /** The one that the card tells of: what runs, else what ended last, else what waits. */
  readonly shown: Run | null
  /** The newest that ended, and not by being cancelled: how the hook stands. */
  readonly result: Run | null
  readonly running: readonly Run[]
  readonly waiting: readonly Run[]
  /** Requests at its address that were turned away in the last day. */
  readonly refused: number
  readonly ignored: Ignored | null
}

/** The newest delivery for a hook, where that ran nothing. */
export interface Ignored {
  readonly delivery: StoredDelivery
  /** "feature/x is not in [main]" */
  readonly says: string
}

export interface Glance {
  readonly cards: readonly Card[]
  /** Whether anything has ever come, for whatever hook. */
  readonly hasDeliveries: boolean
  readonly refused: number
  readonly titles: Titles
  readonly waits: Waits
}

export async function glanceAt(parts: PagesParts, now: number): Promise<Glance> {
  const { store } = parts
  const hooks = [...parts.hooks().hooks.values()]
  const [recent, running, waiting, deliveries, refused] = await Promise.all([
    Promise.all(hooks.map(({ name }) => store.runs({ hook: name, limit: RECENT }))),
    store.runs({ status: 'running', limit: LOOKED_AT }),
    store.runs({ status: 'queued', limit: LOOKED_AT }),
    store.deliveries({ limit: NEWEST }),
    store.refusals({ since: now - DAY_MS, limit: LOOKED_AT }),
  ])
  const results = await Promise.all(
    recent.map((runs, index) => resultOf(parts, runs, hooks[index])),
  )
  const cards = hooks.map((hook, index): Card => {
    const runs = recent[index] ?? []
    const isOwn = (run: Run) => run.hook === hook.name
    const turnedAway = refused.refusals.filter(({ path }) => path === hook.path)
    return {
      hook,
      runs,
      shown: running.find(isOwn) ?? toShow(runs),
      result: results[index] ?? null,
      running: running.filter(isOwn),
      waiting: waiting.filter(isOwn),
      refused: turnedAway.reduce((sum, { count }) => sum + count, 0),
      ignored: ignoredOf(hook, runs, deliveries),
    }
  })
  const shown = cards.flatMap((card) => card.shown ?? [])
  const last = cards.flatMap((card) => card.waiting[0] ?? [])
  const [titles, waits] = await Promise.all([titlesOf(parts, shown), waitsOf(parts, last)])
  return { cards, hasDeliveries: deliveries.length > 0, refused: refused.total, titles, waits }
}

function toShow(runs: readonly Run[]): Run | null {
  const running = runs.find(({ status }) => status === 'running')
  return running ?? runs.find(({ finishedAt }) => finishedAt !== null) ?? runs[0] ?? null
}

export function hasResult({ finishedAt, status }: Run): boolean {
  return finishedAt !== null && status !== 'cancelled'
}

/** Where a long queue, or cancelled runs, are all that is recent, it is looked for beyond them. */
async function resultOf({ store }: PagesParts, runs: readonly Run[], hook?: Hook) {
  const result = runs.find(hasResult)
  if (result || runs.length < RECENT || !hook) return result
  const [older] = await store.runs({ hook: hook.name, concluded: true, limit: 1 })
  return older
}

function ignoredOf(
  hook: Hook,
  [last]: readonly Run[],
  deliveries: readonly StoredDelivery[],
): Ignored | null {
  for (const delivery of deliveries) {
    if (delivery.id <= (last?.deliveryId ?? 0)) return null
    const says = whyNot(hook, delivery)
    if (says !== null) return { delivery, says }
  }
  return null
}

/** At an address that hooks share, one of another repository is not for this hook; and a ping is no news. */
function whyNot(hook: Hook, { endpoint, problem, verdicts, updates }: StoredDelivery) {
  const isHere = endpoint === hook.path
  if (problem !== null) return isHere ? problem : null
  const own = verdicts.filter((verdict) => verdict.hook === hook.name && verdict.run === null)
  const failures = own.map(failuresOf).find((all) => all.length > 0) ?? []
  const isPing = updates.every(({ event }) => event === 'ping')
  if (!failures[0] || isPing || (failures[0].rule === 'repo' && !isHere)) return null
  return failures.map(({ says }) => says).join('; ')
}
