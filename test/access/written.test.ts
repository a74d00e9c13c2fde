/** A path that is written otherwise does nothing, whoever asks, and leaves no row of something else. */

import { expect, test } from 'vitest'
import { until } from '../some.ts'
import { aSite, OWN } from './site.ts'

const hooks = { long: { on: 'manual', auth: 'login', run: 'exec sleep 30' } }

test('a form sent to another writing of its path does nothing and leaves no row', async () => {
  const site = await aSite({ hooks })
  const cookie = await site.signIn('ada', 'operator')
  await site.here('POST', '/hooks/long/trigger', {})
  const status = async () => (await site.here('GET', '/runs/1')).json.run?.status
  await until(async () => (await status()) === 'running', 'the run')
  const before = await site.audit()
  for (const path of [
    '/-/runs/%31/%63ancel',
    '/-/runs/1/canc%65l',
    '/%2d/runs/1/cancel',
    '/-//runs/1/cancel',
    '/-/runs/../runs/1/cancel',
  ]) {
    expect([path, (await site.ask(path, { cookie, form: {} })).status]).toEqual([path, 404])
  }
  const headers = { ...OWN, 'content-type': 'application/json' }
  const api = { method: 'POST', cookie, headers, body: '{}' }
  const answer = await site.ask('/api/v1/runs/1/c%61ncel', api)
  expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([404, 'not-found'])
  expect(await site.audit()).toEqual(before)
  expect(await status()).toBe('running')
  expect((await site.ask('/-/runs/1/cancel', { cookie, form: {} })).status).toBe(303)
  expect((await site.audit()).at(-1)).toContain('run.cancel run #1')
})
