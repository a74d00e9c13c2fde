/** Requests that are refused over real HTTP: what the operator reads, and that the sender reads none of it. */

import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { aHook, aTrigger, earlyInAMinute, SECRET, until } from '../some.ts'
import { aPushBody, aReceiver, asGitHub } from './receiver.ts'

const site = aHook()
const manual = aHook({
  name: 'clear',
  repositories: [],
  host: 'webhook',
  triggers: [aTrigger({ event: 'manual' })],
})
const onBitbucket = aHook({
  name: 'wiki',
  host: 'bitbucket',
  repositories: [{ host: 'bitbucket', name: 'acme/wiki' }],
})
const onGitea = aHook({
  name: 'docs',
  host: 'gitea',
  repositories: [{ host: 'gitea', name: 'acme/docs' }],
})
const hooks = [site, manual, onBitbucket, onGitea]

const hmac = (body: string, secret = SECRET) =>
  createHmac('sha256', secret).update(body).digest('hex')
const FORM = 'application/x-www-form-urlencoded'

/** The operator's reason for one request that is refused. */
async function reasonFor(
  path: string,
  request: { body?: string; headers?: Record<string, string> },
  all = hooks,
): Promise<string> {
  const { post, refused, store } = await aReceiver(all)
  const answer = await post(path, request)
  expect(answer).toMatchObject({
    status: 401,
    text: 'The signature or token is missing or wrong.\n',
  })
  await until(() => refused.length > 0, 'a refusal')
  const { refusals } = await store.refusals({ since: 0, limit: 10 })
  expect(refusals).toMatchObject([{ path, status: 401, method: 'POST', reason: refused[0] }])
  expect(JSON.stringify(refusals)).not.toContain(SECRET)
  return refused[0] ?? ''
}

describe('the operator reads', () => {
  const body = aPushBody()

  test('that the webhook has no secret', async () => {
    expect(await reasonFor(site.path, { body, headers: { 'x-github-event': 'push' } })).toBe(
      'no X-Hub-Signature-256 header: the webhook has no secret configured',
    )
  })

  test("that the header is Bitbucket's, where GitHub's is wanted", async () => {
    const headers = { 'x-event-key': 'repo:push', 'x-hub-signature': `sha256=${hmac(body)}` }
    expect(await reasonFor(site.path, { body, headers })).toBe(
      "sha256 under X-Hub-Signature is Bitbucket's form, and this address is for GitHub",
    )
    expect(await reasonFor(manual.path, { body, headers })).toBe(
      'sha256 under X-Hub-Signature is Bitbucket\'s form, and this hook names no "repo"',
    )
  })

  test.each([
    [site, { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': SECRET }, 'GitLab', 'GitHub'],
    [onBitbucket, { 'x-github-event': 'push' }, 'GitHub', 'Bitbucket'],
    [
      onGitea,
      { 'x-event-key': 'repo:refs_changed', 'x-request-id': '1' },
      'Bitbucket Data Center',
      'Gitea',
    ],
  ] as const)(
    'whose webhook came to the address of $name',
    async (hook, headers, sender, wanted) => {
      const reason = await reasonFor(hook.path, { body, headers })
      expect(reason).toContain(
        `; its headers are those of ${sender}, and this address is for ${wanted}`,
      )
    },
  )

  test('nothing of cousins, who send the headers of each other', async () => {
    const headers = { 'x-forgejo-event': 'push', 'x-gitea-event': 'push', 'x-gitea-signature': '' }
    expect(await reasonFor(onGitea.path, { body, headers })).toBe(
      'X-Gitea-Signature is empty: the webhook has no secret configured',
    )
  })

  test('that the JSON of a form was signed where the form is', async () => {
    const form = new URLSearchParams({ payload: body }).toString()
    const signed = { 'content-type': FORM, 'x-hub-signature-256': `sha256=${hmac(body)}` }
    expect(await reasonFor(site.path, { body: form, headers: asGitHub(form, signed) })).toBe(
      'signature matches no secret (tried SITE_SECRET); only the JSON in the form was signed, as Gitea and Gogs do it; set the content type to JSON there',
    )
  })

  test('that a form was signed where its JSON is', async () => {
    const form = new URLSearchParams({ payload: body }).toString()
    const headers = {
      'content-type': FORM,
      'x-gitea-event': 'push',
      'x-gitea-signature': hmac(form),
    }
    expect(await reasonFor(onGitea.path, { body: form, headers })).toBe(
      'signature matches no secret (tried SITE_SECRET); the whole form was signed, as GitHub does it; set the content type to JSON there',
    )
  })

  test.each(['\n', '\r\n'])('that the secret at the host ends in %j', async (end) => {
    expect(
      await reasonFor(site.path, { body, headers: asGitHub(body, {}, `${SECRET}${end}`) }),
    ).toBe(
      'signature matches no secret (tried SITE_SECRET); it matches SITE_SECRET with a trailing newline: set the secret at the host anew, without one',
    )
  })

  test('that the secret here has white space around it', async () => {
    const secrets = [{ name: 'SITE_SECRET', value: ` ${SECRET}\n` }]
    const headers = asGitHub(body)
    expect(await reasonFor(site.path, { body, headers }, [aHook({ secrets })])).toBe(
      'signature matches no secret (tried SITE_SECRET); it matches SITE_SECRET without the white space around it: take that out of the secret here',
    )
  })

  test('the plain reason where no slip explains it', async () => {
    expect(await reasonFor(site.path, { body, headers: asGitHub(body, {}, 'another') })).toBe(
      'signature matches no secret (tried SITE_SECRET); the secret here and at the host differ, or a proxy changed the body',
    )
  })
})

test('bodies are tried again thirty times a minute for each path, not more', async () => {
  let sent = 0
  const addressOf = () => `192.0.2.${sent++ % 10}` // each may fail twenty times
  const { post, store } = await aReceiver(hooks, { parts: { addressOf } })
  const body = aPushBody()
  const headers = asGitHub(body, {}, `${SECRET}\n`)
  for (let i = 0; i < 40; i++) await post(site.path, { body, headers })
  await post(manual.path, { body, headers })
  const counts = await until(async () => {
    const { refusals, total } = await store.refusals({ since: 0, limit: 100 })
    const kinds = Map.groupBy(
      refusals,
      ({ path, reason }) => `${path} ${reason.includes('newline')}`,
    )
    const sums = [...kinds].map(([kind, all]) => [
      kind,
      all.reduce((sum, one) => sum + one.count, 0),
    ])
    return total === 41 && Object.fromEntries(sums)
  })
  expect(counts).toEqual({
    '/hooks/clear true': 1,
    '/hooks/deploy-site true': 30,
    '/hooks/deploy-site false': 10,
  })
})

test('what else is refused is counted too, with paths that are safe to print', async () => {
  await earlyInAMinute()
  const { post, store } = await aReceiver([site])
  await post('/robots.txt', { method: 'GET' })
  await post('/robots.txt', { method: 'GET' })
  await post(site.path, { method: 'GET' })
  await post('/hooks/%1b[2J', { body: 'x' })
  const { refusals, total } = await store.refusals({ since: 0, limit: 10 })
  expect(total).toBe(4)
  expect(
    refusals.map(({ count, status, path, reason }) => [count, status, path, reason]).sort(),
  ).toEqual([
    [1, 401, '/hooks/%1b[2J', 'no hook answers at /hooks/%1b[2J'],
    [1, 401, '/hooks/deploy-site', 'answers POST only'],
    [2, 404, '/robots.txt', 'nothing answers at this path'],
  ])
})
