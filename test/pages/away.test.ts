/** A database that does not answer: what people see of it, and what the log says. */

import { expect, test } from 'vitest'
import { RunhookError } from '../../src/errors.ts'
import { aSite, pushed } from './site.ts'

const away = new RunhookError(
  'storage',
  'The database cannot be used: connect ECONNREFUSED 10.0.0.5:5432.',
)

test('a database that is away is a page that loads again, and says nothing of where it is', async () => {
  const site = await aSite({ 'deploy-site': pushed('true') }, {}, () => Promise.reject(away))
  for (const path of ['/-/', '/-/runs', '/-/runs/1', '/-/workers', '/-/events']) {
    const { status, text, headers } = await site.get(path)
    expect.soft([path, status, headers.get('refresh')]).toEqual([path, 503, '5'])
    expect.soft(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect
      .soft(text)
      .toMatch(/<h1>Not at the moment<\/h1>\s*<p>The database of this server, or its disk/)
    expect.soft(text).toContain('This page loads again by itself.')
    expect.soft(text).not.toContain('10.0.0.5')
  }
  expect(site.told).toContain(away.message)
})

test('a form that it kept from being done is not sent again by itself', async () => {
  const site = await aSite({ 'deploy-site': pushed('true') }, {}, () => Promise.reject(away))
  const answer = await site.form('/-/runs/1/rerun')
  expect([answer.status, answer.headers.get('refresh')]).toEqual([503, null])
  expect(await answer.text()).toContain('Go back and try again in a moment.')
})

test('anything else that breaks at the door goes to the log, and to nobody else', async () => {
  const broken = new TypeError('the cookie of ada@example.com')
  const site = await aSite({ 'deploy-site': pushed('true') }, {}, () => Promise.reject(broken))
  const { status, text } = await site.get('/-/runs')
  expect([status, text.includes('Something went wrong inside the server.')]).toEqual([500, true])
  expect(text).not.toContain('ada@example.com')
  expect(site.told).toContain(broken.message)
})
