/**
 * Admits to the API also whoever is signed in to the dashboard. A token goes first, and with one a cookie is
 * nothing: what a browser adds by itself must never speak for a program.
 */

import type { IncomingMessage } from 'node:http'
import type { Access } from '../access/access.ts'
import { stayOf } from '../access/page-routes.ts'
import { crossSiteProblem } from '../access/same-origin.ts'
import type { Guest } from '../access/visitor.ts'
import { RunhookError } from '../errors.ts'
import type { Admit } from './admission.ts'
import { refusal } from './answers.ts'
import type { Origin } from './control.ts'

/** `strangers` admits those with a token, and turns the rest away. */
export function admitVisitors(access: Access, strangers: Admit): Admit {
  const { identify, settings } = access
  return async (c) => {
    if (c.req.header('authorization') !== undefined) return strangers(c)
    const incoming = c.env.incoming as IncomingMessage // we never listen with HTTP/2
    const seen = await identify(incoming)
    if (seen === null) return strangers(c)
    if ('problem' in seen) return turnedAway(seen.problem)
    const foreign = crossSiteProblem(c.req.method, incoming.headers, settings.publicUrl)
    if (foreign !== null)
      return turnedAway(`With a session only pages of the dashboard may ask: ${foreign}.`)
    const { name, role, via } = seen.visitor
    const stay = stayOf(access, seen.visitor, incoming)
    return { name, role, via, origin: originOf(seen.visitor), stay }
  }
}

/** For the record of what he starts. */
export function originOf({ name, via, address }: Guest): Origin {
  return { proof: via === 'proxy' ? `${name} by the proxy` : `session of ${name}`, address }
}

function turnedAway(message: string): Response {
  return refusal(403, new RunhookError('not-allowed', message), { connection: 'close' })
}
