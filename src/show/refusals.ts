/** The route of refused requests: what was turned away lately, and why. Its senders were not told. */

import type { Config } from '../model/config.ts'
import type { Store } from '../record/store.ts'
import { upTo } from './parameters.ts'
import { adviceOn } from './refusal-advice.ts'
import type { Routes } from './routes.ts'
import { refusalList } from './schemas-access.ts'
import type { RefusalsView } from './views.ts'

const DAY_MS = 24 * 60 * 60 * 1000

const list = {
  role: 'viewer',
  summary: 'List what was refused in the last days, by address, path and reason',
  query: { days: upTo(14), limit: upTo(500) },
  answers: { 200: { says: 'Each kind with its count, the latest first', schema: refusalList } },
} as const

interface Parts {
  readonly store: Store
  readonly hooks: () => Config
}

export function refusalRoute(routes: Routes, { store, hooks }: Parts): void {
  routes.get('/refusals', list, async (c, { query: { days = 1, limit = 50 } }) => {
    const since = Date.now() - days * DAY_MS
    const { total, refusals } = await store.refusals({ since, limit })
    const config = hooks()
    const advised = refusals.map((one) => ({ ...one, advice: adviceOn(one, config) }))
    return c.json({ since, total, refusals: advised } satisfies RefusalsView)
  })
}
