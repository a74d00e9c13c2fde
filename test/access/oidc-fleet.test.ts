/** Several servers on one PostgreSQL, behind a balancer that sends a browser now here, now there. */

import { expect } from 'vitest'
import { aDatabase, onPostgres as test } from '../postgres/database.ts'
import { SECRET } from '../some.ts'
import { aLiar } from './liar.ts'
import { goTo, oidcOf } from './provider.ts'
import { aSite } from './site.ts'

test('what begins at one server ends at another, and who came by both is one user', async () => {
  const { issuer, state } = await aLiar()
  const fleet = { ...oidcOf(issuer), database: await aDatabase(), seal: SECRET }
  const one = await aSite({ server: { ...fleet, name: 'one' } })
  const two = await aSite({ server: { ...fleet, name: 'two' } })
  const ways = await Promise.all([one, two, one, two].map((site) => goTo(site)))
  const others = [two, one, two, one]
  const answers = await Promise.all(
    ways.map(({ flow, back }, n) => others[n]?.ask(back, { cookie: flow })),
  )
  expect(answers.map((answer) => answer?.status)).toEqual([303, 303, 303, 303])
  for (const site of [one, two])
    for (const answer of answers) expect(await site.whoIs(answer?.cookie)).toBe('oidc:ada')
  expect((await one.here('GET', '/users')).json.users).toHaveLength(1)

  state.lies = { claims: (honest) => ({ ...honest, groups: [] }) }
  const { flow, back } = await goTo(one)
  expect((await one.ask(back, { cookie: flow })).status).toBe(403)
  for (const answer of answers) expect(await two.whoIs(answer?.cookie)).toBeNull()
})
