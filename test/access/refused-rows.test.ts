/** No visitor fills the audit log with what he does not get. */

import { expect, test } from 'vitest'
import { withFewRefused } from '../../src/access/refused-rows.ts'
import type { AuditEntry } from '../../src/record/audit.ts'
import { aSite, OWN } from './site.ts'

test('what no route answers leaves no row, whatever its path and method', async () => {
  const site = await aSite()
  const cookie = await site.signIn('ada')
  const before = await site.audit()
  const headers = { ...OWN, 'content-type': 'application/json', 'content-length': '2' }
  const ask = async (path: string, method: string) =>
    (await site.ask(path, { method, cookie, headers, body: '{}' })).status
  expect([
    await ask('/-/nothing', 'POST'),
    await ask('/-/runs/1/nothing', 'PUT'),
    await ask('/-/runs', 'DELETE'),
    await ask('/-/account', 'DELETE'),
    await ask('/api/v1/nothing', 'POST'),
    await ask('/api/v1/runs', 'DELETE'),
  ]).toEqual([404, 404, 404, 404, 404, 405])
  expect(await site.audit()).toEqual(before)
  await site.ask('/-/runs/1/cancel', { cookie, form: {} })
  expect((await site.audit()).at(-1)).toBe('ada session run.cancel run #1 not-allowed')
})

test('of what one visitor is refused 200 rows are kept in 15 minutes, and word that there was more', async () => {
  const rows: AuditEntry[] = []
  let at = 0
  const add = async (entry: AuditEntry) => void rows.push(entry)
  const audit = withFewRefused({ add, list: async () => [] }, () => at)
  const entry = {
    at,
    who: 'ada',
    via: 'session',
    address: '',
    what: 'run.cancel',
    object: 'run #1',
  }
  const refused = { ...entry, outcome: 'not-allowed' }
  for (let n = 0; n < 300; n += 1) await audit.add(refused)
  expect(rows).toHaveLength(201)
  expect(rows.at(-1)).toMatchObject({ who: 'ada', what: 'audit', outcome: 'too many' })
  await audit.add({ ...entry, outcome: 'ok' })
  await audit.add({ ...refused, who: 'bob' })
  expect(rows.slice(201).map(({ who, outcome }) => `${who} ${outcome}`)).toEqual([
    'ada ok',
    'bob not-allowed',
  ])
  at += 15 * 60_000
  await audit.add(refused)
  expect(rows).toHaveLength(204)
})
