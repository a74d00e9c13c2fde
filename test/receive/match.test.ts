/** `match` over real HTTP: a header that only a condition asks for is kept, and judged. */

import { expect, test } from 'vitest'
import { aHook } from '../some.ts'
import { aPushBody, aReceiver, asGitHub } from './receiver.ts'

const hook = aHook({
  match: [
    {
      place: 'payload.sender.login',
      path: ['payload', 'sender', 'login'],
      wishes: [{ is: 'octocat' }, { is: 'ada' }],
      wants: 'one of octocat, ada',
    },
    {
      place: 'header.X-Env',
      path: ['header', 'x-env'],
      wishes: [{ like: 'prod*' }],
      wants: 'prod*',
    },
  ],
})

test('a hook runs when its conditions hold', async () => {
  const { post, store } = await aReceiver([hook])
  const body = aPushBody()
  const headers = asGitHub(body, { 'X-Env': 'production', 'X-Other': 'x' })
  expect(await post(hook.path, { body, headers })).toMatchObject({ status: 202 })
  const kept = await store.delivery(1)
  expect(kept?.headers['x-env']).toBe('production')
  expect(kept?.headers).not.toHaveProperty('x-other')
})

test('the response says which conditions did not hold, what was found and what was wanted', async () => {
  const { post } = await aReceiver([hook])
  const body = aPushBody({ sender: { login: 'mallory' } })
  expect(await post(hook.path, { body, headers: asGitHub(body) })).toMatchObject({
    status: 200,
    text: 'ignored: delivery 1\n  deploy-site  ✗ match  payload.sender.login is mallory, wants one of octocat, ada  ✗ match  header.X-Env is not there, wants prod*\n',
  })
  const next = aPushBody()
  const asked = asGitHub(next, { accept: 'application/json' })
  const { text } = await post(hook.path, { body: next, headers: asked })
  expect(JSON.parse(text).verdicts[0].checks.at(-1)).toEqual({
    rule: 'match',
    result: 'fail',
    wanted: 'header.X-Env: prod*',
    found: '',
    says: 'header.X-Env is not there, wants prod*',
  })
  expect(JSON.parse(text).verdicts[0].checks.at(-2)).toMatchObject({
    rule: 'match',
    result: 'pass',
  })
})
