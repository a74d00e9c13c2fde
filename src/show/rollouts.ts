/** Routes of rollouts: what one delivery asked of every worker of a label, and what became of it on each. */

import { RunhookError } from '../errors.ts'
import type { Rollout } from '../postgres/contract.ts'
import { called, id, name, upTo, type Values } from './parameters.ts'
import type { Routes } from './routes.ts'
import { oneRollout, rolloutPage } from './schemas-fleet.ts'
import type { Page } from './views.ts'
import type { FleetPart } from './workers.ts'

const filters = { hook: name, before: id, limit: upTo(500) }

const list = {
  role: 'viewer',
  summary: 'List rollouts, newest first',
  query: filters,
  answers: {
    200: { says: 'A page; "next" is the "before" of the page after it', schema: rolloutPage },
  },
} as const

const view = {
  role: 'viewer',
  summary: 'One rollout, with the last attempt on each worker',
  path: { id: called('the rollout', id) },
  answers: { 200: { says: 'The rollout', schema: oneRollout } },
  refusals: [404],
} as const

export function rolloutRoutes(routes: Routes, fleet: FleetPart): void {
  routes.get('/rollouts', list, async (c, { query }) => c.json(await page(fleet, query)))
  routes.get('/rollouts/:id', view, async (c, { path }) => {
    const rollout = (await fleet?.rollout(path.id)) ?? null
    if (rollout) return c.json({ rollout })
    throw new RunhookError('not-found', `There is no rollout #${path.id}.`)
  })
}

async function page(
  fleet: FleetPart,
  { limit = 20, ...filter }: Values<typeof filters>,
): Promise<Page<'rollouts', Rollout>> {
  const found = fleet ? await fleet.rollouts({ ...filter, limit: limit + 1 }) : []
  const rollouts = found.slice(0, limit)
  return { rollouts, next: found.length > limit ? (rollouts.at(-1)?.id ?? null) : null }
}
