/** What a person is told to do about a refusal. */

import { expect, test } from 'vitest'
import type { Config } from '../../src/model/config.ts'
import { adviceOn } from '../../src/show/refusal-advice.ts'
import { aHook } from '../some.ts'

const held = { name: 'BLOG_SECRET', value: 'canary-0123456789-0123456789' }
const hooks = [
  aHook({ name: 'blog', path: '/hooks/blog', secrets: [held] }),
  aHook({
    ...{ name: 'df', path: '/df', host: 'webhook', repositories: [], secrets: [] },
    tokens: [{ ...held, name: 'DF_TOKEN' }],
  }),
  aHook({
    ...{ name: 'both', path: '/hooks/both', secrets: [held] },
    tokens: [{ ...held, name: 'BOTH_TOKEN' }],
  }),
  aHook({ name: 'open', path: '/hooks/open', secrets: [], tokens: [], open: true }),
  aHook({ name: 'github2', path: '/github2', secrets: [held] }),
]
const config = {
  hooks: new Map(hooks.map((hook) => [hook.name, hook])),
  hosts: new Map([['github', [{ ...held, name: 'GITHUB_SECRET' }]]]),
} as unknown as Config

const differ =
  'signature matches no secret (tried X); the secret here and at the host differ, or a proxy changed the body'

test.each([
  ['/hooks/blog', differ, 'Compare the secret at GitHub with BLOG_SECRET: an admin sees it at'],
  [
    '/hooks/blog',
    'no X-Hub-Signature-256 header: the webhook has no secret configured',
    'Compare the secret at GitHub with BLOG_SECRET',
  ],
  ['/github', differ, 'Compare the secret at GitHub with GITHUB_SECRET: on the server it is'],
  [
    '/df',
    'the token is not the one configured',
    'Compare the token of the caller with DF_TOKEN: an admin sees it at /-/hooks/df/setup',
  ],
  [
    '/hooks/both',
    'the token is not the one configured',
    'Compare the token of the caller with BOTH_TOKEN: an admin',
  ],
  ['/df', 'name and password are not among "users"', 'with "users" of the hook'],
  ['/dff', 'nothing answers at this path', 'Did it mean /df?'],
  ['/df', 'the address is outside "allow-from" (10.0.0.0/8)', 'write it into "allow-from"'],
])('at %s, "%s" is answered with what to do, and no secret', (path, reason, says) => {
  const advice = adviceOn({ path, reason }, config)
  expect(advice).toContain(says)
  expect(advice).not.toContain(held.value)
})

test.each([
  ['/hooks/blog', 'signature matches no secret (tried X); it matches X with a trailing newline: …'],
  ['/hooks/blog', 'X-Hub-Signature-256 is sha1…, not sha256='],
  ['/.env', 'nothing answers at this path'],
  ['/hooks/quite-another', differ],
  ['/hooks/open', differ], // of before it was open
  ['/github', 'not JSON'],
])('at %s, of "%s" there is nothing more to say', (path, reason) => {
  expect(adviceOn({ path, reason }, config)).toBeNull()
})
