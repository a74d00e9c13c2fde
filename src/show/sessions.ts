/** Routes of sessions, for admins: where users are signed in. See record/users.ts. */

import { RunhookError } from '../errors.ts'
import type { Accounts } from '../record/users.ts'
import { called, id } from './parameters.ts'
import type { Routes } from './routes.ts'
import { oneSession, sessionList } from './schemas-access.ts'

const listSessions = {
  role: 'admin',
  summary: 'List where users are signed in, the latest used first',
  answers: { 200: { says: 'Sessions that are not over', schema: sessionList } },
} as const

const endSession = {
  role: 'admin',
  audit: 'session.end',
  summary: 'End a session: from now on it opens nothing',
  path: { id: called('the session', id) },
  answers: { 200: { says: 'The session as it was', schema: oneSession } },
  refusals: [404],
} as const

export function sessionRoutes(routes: Routes, accounts: () => Accounts): void {
  routes.get('/sessions', listSessions, async (c) =>
    c.json({ sessions: await accounts().sessions.list(Date.now()) }),
  )
  routes.delete('/sessions/:id', endSession, async (c, { path }) => {
    c.set('about', `session #${path.id}`)
    const session = await accounts().sessions.end(path.id)
    if (session === null) throw new RunhookError('not-found', `There is no session #${path.id}.`)
    c.set('about', `session #${path.id} of ${session.user}`)
    return c.json({ session })
  })
}
