/**
 * Values of the wrong kind, unknown keys, and names: in our words, at the deepest place.
 */

import { describe, expect, test } from 'vitest'
import { linesOf, REF, SECRET, written } from './written.ts'

const push = { repo: 'github:acme/site', secret: REF, run: 'git pull' }

const step =
  'a shell line or a step; write "git pull" or { "signal": "HUP", "pidfile": "/run/app.pid" }'
const secret = `a secret; write "\${NAME}", { "file": "…" } or { "credential": "…" }`
const group = 'the name of a group, false, or an object such as { "group": "deploy" }'
const repository =
  'a repository; write "github:owner/name"; hosts are github, gitlab, bitbucket, bitbucket-dc, gitea, forgejo, gogs, azure, gitee and sourcehut'
const pattern = 'a pattern or a list of patterns; write "main" or ["main", "release/**"]'
const events =
  'an event, a list of events or an object of events; write { "push": { "branches": ["main"] } }'

describe('a value of the wrong kind', () => {
  test.each([
    ['timeout', 600, '.timeout: 600 is not a duration; write "30s", "10m" or "1h30m"'],
    ['timeout', '10 min', '.timeout: "10 min" is not a duration; write "10m"'],
    ['timeout', '25d', '.timeout: "25d" is too long; the longest is 24d'],
    ['timeout', '0s', '.timeout leaves no time at all; write "10m", say'],
    ['run', 5, `.run: 5 is not ${step}`],
    ['run', '', `.run: "" is not ${step}`],
    ['run', ['a', null], `.run[1]: null is not ${step}`],
    ['run', { signal: 'HUP' }, '.run lacks "pidfile"'],
    ['run', [{ pidfile: 'x' }], '.run[0] lacks "signal"'],
    [
      'run',
      [{ signal: 'HANGUP', pidfile: 'x' }],
      '.run[0].signal: "HANGUP" is not a signal; write "HUP", "USR1", "USR2", "TERM" or "INT"',
    ],
    ['on', 5, `.on: 5 is not ${events}`],
    ['on', ['push', {}], '.on[1]: an object is not an event such as "push"'],
    [
      'on',
      { push: 'main' },
      '.on.push: "main" is not an object of filters such as { "branches": ["main"] }',
    ],
    ['on', { push: { branches: 5 } }, `.on.push.branches: 5 is not ${pattern}`],
    ['on', { push: { branches: ['a', {}] } }, `.on.push.branches[1]: an object is not ${pattern}`],
    [
      'on',
      { issues: [] },
      '.on.issues: a list is not an object of filters such as { "branches": ["main"] }',
    ],
    ['secret', [REF, 5], `.secret[1]: a number is not ${secret}`],
    ['repo', 'acme/site', '.repo: "acme/site" is not a repository; write "github:acme/site"'],
    [
      'repo',
      'git@github.com:acme/site.git',
      '.repo: "git@github.com:acme/site.git" is not a repository; write "github:acme/site"',
    ],
    [
      'repo',
      ['https://bitbucket.org/acme/site/'],
      '.repo[0]: "https://bitbucket.org/acme/site/" is not a repository; write "bitbucket:acme/site"',
    ],
    ['repo', 'my forge: site', `.repo: "my forge: site" is not ${repository}`],
    ['repo', 'github:site', '.repo: "github:site" is not a repository; write "github:owner/name"'],
    ['concurrency', true, `.concurrency: true is not ${group}`],
    ['concurrency', [], `.concurrency: a list is not ${group}`],
    [
      'concurrency',
      { queue: 'all' },
      '.concurrency.queue: "all" is not "single", "max" or a whole number from 1 to 1000',
    ],
    [
      'env',
      ['A'],
      '.env: a list is not an object of names and texts, such as { "APP_ENV": "production" }',
    ],
    ['env', { A: 1 }, '.env.A: 1 is not a text; write it in "double quotes"'],
    [
      'env',
      { 'A-B': 'x' },
      '.env.A-B: "A-B" is not a name for a variable; write letters, digits and "_", such as "APP_ENV"',
    ],
    ['respond', 'page', '.respond: "page" is not "accepted", "output" or "stream"'],
    ['replay', true, '.replay: true is not "allow"; leave "replay" out to refuse repeated bodies'],
    ['enabled', 'yes', '.enabled: "yes" is not true or false'],
    ['working-directory', '', '.working-directory: "" is not a folder'],
    ['shell', ['bash'], '.shell: a list is not a program'],
  ])('%s: %j', async (key, value, line) => {
    expect(await linesOf({ ...push, [key]: value })).toEqual([`error hooks.a${line}`])
  })

  test('is shown as written, with variables not filled in', async () => {
    const environment = { SECRET: 'canary-canary-canary-canary' }
    expect(await linesOf({ ...push, timeout: REF }, { environment })).toEqual([
      `error hooks.a.timeout: "${REF}" is not a duration; write "30s", "10m" or "1h30m"`,
    ])
  })

  test('does not hide what is wrong beside it', async () => {
    const { lines } = await written({
      hooks: {
        a: { ...push, run: [5, 'x {{ branch }}'], on: { push: { tags: 5, paths: '!a' } } },
        b: 5,
        c: { timeout: 5 },
      },
    })
    expect(lines).toEqual([
      `error hooks.a.run[0]: 5 is not ${step}`,
      'error hooks.a.run[1] has "{{", and nothing is filled into a shell line: it would run as code',
      `error hooks.a.on.push.tags: 5 is not ${pattern}`,
      'error hooks.a.on.push.paths has only patterns that take back; begin with one that matches, such as "**"',
      'error hooks.b: 5 is not an object such as { "on": "manual", "run": "…" }',
      'error hooks.c says nothing that starts it; add "repo", "url" or "on": "manual"',
      'error hooks.c says nothing to run; add "run" or "command"',
      'error hooks.c.timeout: 5 is not a duration; write "30s", "10m" or "1h30m"',
    ])
  })
})

describe('an unknown key', () => {
  async function hints(hook: Readonly<Record<string, unknown>>) {
    const { problems } = await written({ hooks: { a: { ...push, ...hook } } })
    return problems.map(({ path, message, hint }) => `${path}: ${message}, ${hint}`)
  }

  test('says what was meant, each of them, and is not asked for again', async () => {
    const { problems } = await written({
      hooks: { a: { repository: 'github:acme/site', password: REF, script: 'x', tmeout: '5s' } },
    })
    expect(problems.map(({ path, hint }) => `${path} ${hint}`)).toEqual([
      'hooks.a.repository did you mean "repo"?',
      'hooks.a.password did you mean "secret"?',
      'hooks.a.script did you mean "run"?',
      'hooks.a.tmeout did you mean "timeout"?',
    ])
  })

  test('is found at every depth', async () => {
    expect(await hints({ on: { push: { branch: 'x' } } })).toEqual([
      'hooks.a.on.push.branch: unknown key, did you mean "branches"?',
    ])
    expect(await hints({ run: [{ signal: 'HUP', pid: 'x', pidfile: 'x' }] })).toEqual([
      'hooks.a.run[0].pid: unknown key, did you mean "pidfile"?',
    ])
    expect(await hints({ concurrency: { cancel: true, limit: 1 } })).toEqual([
      'hooks.a.concurrency.cancel: unknown key, did you mean "cancel-in-progress"?',
      'hooks.a.concurrency.limit: unknown key, known here: "group", "cancel-in-progress" and "queue"',
    ])
    expect(await hints({ secret: { fil: 'x' } })).toEqual([
      'hooks.a.secret.fil: unknown key, did you mean "file"?',
    ])
  })

  test("that would name the hook says where a hook's name is", async () => {
    expect(await hints({ id: 'x' })).toEqual([
      'hooks.a.id: unknown key, the hook\'s name is its key in the map: "a"',
    ])
  })

  test('of a host that runhook does not know is no slip', async () => {
    const { problems } = await written({ hosts: { codeberg: {} }, hooks: { a: push } })
    expect(problems.map(({ path, hint }) => `${path} ${hint}`)).toEqual([
      'hosts.codeberg known here: "github", "gitlab", "bitbucket", "bitbucket-dc", "gitea", "forgejo", "gogs", "azure" and "gitee"',
    ])
  })
})

test.each(['My Hook', 'a_b', '-a', 'ä', '', 'a'.repeat(64)])('%j names no hook', async (name) => {
  const { problems } = await written({ hooks: { [name]: push } })
  expect(problems.map(({ message }) => message)).toEqual([
    `${JSON.stringify(name)} is not a name for a hook; write lower-case letters, digits and "-"`,
  ])
})

test('a hook with an impossible name has its other mistakes told with it', async () => {
  const both = { ...push, timeout: '10 min', command: ['x'], on: { push: { branches: ['['] } } }
  const { problems } = await written({ hooks: { 'My Hook': both, a: push } })
  const [name, ...others] = problems.map(({ path, message }) => `${path} ${message}`).sort()
  expect(name).toMatch(/^hooks\["My Hook"\] "My Hook" is not a name for a hook/)
  expect(others).toEqual([
    'hooks["My Hook"].command cannot stand beside "run"; keep one',
    expect.stringMatching(/^hooks\["My Hook"\]\.on\.push\.branches\[0\] /),
    'hooks["My Hook"].timeout "10 min" is not a duration; write "10m"',
  ])
})

describe('settings of the server', () => {
  const port = 'a port; write a number from 0 to 65535'
  const parallel = 'a number of runs; write a whole number from 1 to 1000'

  test.each([
    [{ port: 70000 }, `server.port: 70000 is not ${port}`],
    [{ port: '70000' }, `server.port: 70000 is not ${port}`],
    [{ port: 'http' }, `server.port: "http" is not ${port}`],
    [{ 'max-parallel': 0 }, `server.max-parallel: 0 is not ${parallel}`],
    [{ 'max-parallel': 1.5 }, `server.max-parallel: 1.5 is not ${parallel}`],
    [{ drain: 'none' }, 'server.drain: "none" is not a duration; write "30s", "10m" or "1h30m"'],
    [{ host: 5 }, 'server.host: 5 is not an address'],
    [
      { 'public-url': 'deploy.example.com' },
      'server.public-url: "deploy.example.com" is not an address; write "https://deploy.example.com"',
    ],
    [
      { 'public-url': 'https://a:b@example.com' },
      'server.public-url: "https://a:b@example.com" is not an address; write "https://deploy.example.com"',
    ],
  ])('%j', async (server, line) => {
    const { lines } = await written({ server, hooks: { a: push } })
    expect(lines).toEqual([`error ${line}`])
  })
})

test('a secret that stands in the wrong place is not printed', async () => {
  const { shown } = await written({
    secret: SECRET,
    server: { token: SECRET },
    hosts: { github: SECRET },
    hooks: { a: { url: '/a', auth: SECRET, on: { push: { secret: SECRET } }, run: 'x' } },
  })
  expect(shown).toContain('6 errors')
  expect(shown).not.toContain(SECRET)
})
