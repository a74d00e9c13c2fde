/** How hooks stand, all of them together: the numbers of the overview, its title, the picture of its tab. */

import type { Run } from '../model/run.ts'
import type { Card } from './glance.ts'
import type { Mood } from './icons.tsx'

/** What the cards can be narrowed to. A hook may be of several: one that runs was ok before, or was not. */
export const standings = ['ok', 'failing', 'running', 'waiting'] as const
export type Standing = (typeof standings)[number]

/** Hooks that are ok or failing, and runs that run or wait. */
export type Numbers = Readonly<Record<Standing, number>>

export function numbersOf(
  cards: readonly Card[],
  { running, waiting }: { running: number; waiting: number },
): Numbers {
  const count = (standing: Standing) => cards.filter((card) => stands(card, standing)).length
  return { ok: count('ok'), failing: count('failing'), running, waiting }
}

export function stands({ result, running, waiting }: Card, standing: Standing): boolean {
  if (standing === 'running') return running.length > 0
  if (standing === 'waiting') return waiting.length > 0
  return result !== null && isFailing(result) === (standing === 'failing')
}

/** What was interrupted did not do its work either. */
function isFailing({ status }: Run): boolean {
  return status === 'failure' || status === 'timed_out' || status === 'interrupted'
}

export function moodOf({ ok, failing, running }: Numbers): Mood {
  if (running > 0) return 'running'
  if (failing > 0) return 'failure'
  return ok > 0 ? 'success' : 'idle'
}

export function titleOf({ failing, running }: Numbers): string {
  if (running > 0) return `${running} running`
  return failing > 0 ? `${failing} failing` : 'Overview'
}
