/** Whether whoever is signed in to the dashboard may start a hook at its own address, as operators may. */

import type { IncomingMessage } from 'node:http'
import { reaches } from '../record/tokens.ts'
import type { Door } from './page-routes.ts'
import { originProblem } from './same-origin.ts'

/** `by` is for the record. A `problem` is for the operator's log. Null: nobody is signed in. */
export type Visit = (
  incoming: IncomingMessage,
) => Promise<{ readonly name: string; readonly by: string } | { readonly problem: string } | null>

/**
 * A GET starts something here, so it too must come from a page of our own or from the user himself. Of a request
 * whose browser says that another site had it sent, the receiving half tells the sender more than we could.
 */
export function createVisit({ identify, settings }: Pick<Door, 'identify' | 'settings'>): Visit {
  return async (incoming) => {
    const seen = await identify(incoming)
    if (seen === null || 'problem' in seen) return seen
    const { name, role, via } = seen.visitor
    const by = via === 'proxy' ? `${name} by the proxy` : `session of ${name}`
    if (!reaches(role, 'operator')) return { problem: `${by}, whose role ${role} starts nothing` }
    const { headers } = incoming
    const told = headers['sec-fetch-site'] !== undefined
    const foreign = told ? null : originProblem(headers, settings.publicUrl)
    return foreign === null ? { name, by } : { problem: `${by}, ${foreign}` }
  }
}
