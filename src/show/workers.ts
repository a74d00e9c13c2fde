/** Routes of workers: who is there, what each has, and forgetting one that will not come back. */

import { RunhookError } from '../errors.ts'
import type { Fleet } from '../postgres/contract.ts'
import { callerOf } from './admission.ts'
import { called, like } from './parameters.ts'
import type { Routes } from './routes.ts'
import { deployedList, removedWorker, workerList } from './schemas-fleet.ts'
import type { WorkersView } from './views.ts'

/** What the API asks of a fleet; null = this server is alone. */
export type FleetPart = Pick<
  Fleet,
  'workers' | 'deployed' | 'removeWorker' | 'rollouts' | 'rollout'
> | null

export const worker = like(/^[A-Za-z0-9._-]{1,63}$/, 'the name of a worker')

const list = {
  role: 'viewer',
  summary: 'List the workers, by name',
  answers: {
    200: { says: 'All that are known; a server that is alone has none', schema: workerList },
  },
} as const

const deployed = {
  role: 'viewer',
  summary: 'What each worker has of each hook: its last run there, and the last that succeeded',
  answers: { 200: { says: 'By worker and hook', schema: deployedList } },
} as const

const remove = {
  role: 'admin',
  audit: 'worker.remove',
  summary: 'Forget a worker that is not alive: no more runs wait for it',
  path: { name: called('the worker', worker) },
  answers: { 200: { says: 'Its name', schema: removedWorker } },
  refusals: [404, 409],
} as const

/** `tell` hears of workers that were removed. */
export function workerRoutes(routes: Routes, fleet: FleetPart, tell: (text: string) => void): void {
  routes.get('/workers', list, async (c) => {
    const workers = fleet ? await fleet.workers() : []
    return c.json({ alone: fleet === null, workers } satisfies WorkersView)
  })
  routes.get('/workers/deployed', deployed, async (c) => {
    return c.json({ deployed: fleet ? await fleet.deployed() : [] })
  })
  routes.delete('/workers/:name', remove, async (c, { path: { name } }) => {
    if (!fleet) throw new RunhookError('not-found', 'This server is alone: it has no workers.')
    await fleet.removeWorker(name)
    tell(`worker ${name} removed by ${callerOf(c)}`)
    return c.json({ removed: name })
  })
}
