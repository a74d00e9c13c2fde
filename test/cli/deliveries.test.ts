import { describe, expect, test } from 'vitest'
import type { Check, CheckResult } from '../../src/model/delivery.ts'
import { aStored, NOW } from '../show/world.ts'
import { aHook, aPush, aTag } from '../some.ts'
import { aShellWithServer } from './shell.ts'

function check(rule: string, says: string, result: CheckResult = 'pass'): Check {
  return { rule, result, wanted: '', found: '', says }
}

const matched = {
  hook: 'blog',
  update: 0,
  matched: true,
  checks: [
    check('signature', 'secret 1 of 1'),
    check('repo', 'acme/site'),
    check('event', 'push'),
    check('branches', 'main'),
    check('paths', '3 of 4 changed files'),
  ],
  run: 142,
}
const refused = {
  hook: 'app-release',
  update: 0,
  matched: false,
  checks: [check('signature', 'secret 1 of 1'), check('repo', 'acme/site is not acme/app', 'fail')],
  run: null,
}

test('deliveries are a table: what arrived, and what came of it', async () => {
  const shell = await aShellWithServer()
  shell.world.deliveries.push(
    aStored({ verdicts: [matched, refused] }),
    aStored({
      id: 56,
      verdicts: [refused],
      updates: [aPush('topic')],
      receivedAt: NOW - 7_200_000,
    }),
    aStored({ id: 55, duplicateOf: 54, verdicts: [{ ...matched, run: null }], updates: [aTag()] }),
    aStored({ id: 54, problem: 'the body is not JSON', updates: [], event: 'push' }),
    aStored({ id: 53, host: 'bitbucket', updates: [aPush(), aPush('b'), aTag()], verdicts: [] }),
    aStored({
      id: 52,
      endpoint: 'cli',
      host: 'webhook',
      updates: [],
      event: 'manual',
      repository: null,
    }),
    aStored({
      id: 51,
      endpoint: '/df',
      host: 'webhook',
      updates: [],
      event: 'get',
      repository: null,
    }),
  )
  expect(await shell.run('deliveries')).toMatchObject({
    code: 0,
    talk: '',
    out: `  DELIVERY  RECEIVED  HOST       EVENT         REPOSITORY  COMMIT   RESULT
✓ #57       2m ago    github     push main     acme/site   aaaaaaa  run #142
· #56       2h ago    github     push topic    acme/site   aaaaaaa  ignored
· #55       2m ago    github     tag v1.2.3    acme/site   aaaaaaa  repeats #54
✗ #54       2m ago    github     push          acme/site            the body is not JSON
· #53       2m ago    bitbucket  push main +2  acme/site   aaaaaaa  ignored
· #52       2m ago    webhook    manual                             ignored
· #51       2m ago    webhook    get           /df                  ignored
`,
  })
})

test('one delivery is told whole: what came, who proved it, and each verdict rule by rule', async () => {
  const shell = await aShellWithServer()
  const headers = { 'content-type': 'application/json', 'x-github-event': 'push' }
  const body = Buffer.alloc(7400)
  shell.world.deliveries.push(aStored({ verdicts: [matched, refused], headers, body }))
  const { out } = await shell.run('deliveries', '#57')
  const [received = ''] = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.exec(out) ?? []
  expect(new Date(received).getTime()).toBe(NOW - 120_000)
  expect(out.replace(received, 'THEN')).toBe(`#57  push acme/site main aaaaaaa by ada
  received   THEN (2m ago) from 127.0.0.1 at /hooks/deploy-site
  host       github, delivery 72d3162e-cc78-11e3-81ab-4c9367dc0958
  event      push
  ref        refs/heads/main bbbbbbb..aaaaaaa
  proof      secret 1 of 1
  body       7.4 kB
  answered   202 accepted
  headers
    content-type    application/json
    x-github-event  push

  blog         ✓ signature secret 1 of 1  ✓ repo acme/site  ✓ event push  ✓ branches main
               ✓ paths 3 of 4 changed files  → run #142
  app-release  ✓ signature secret 1 of 1  ✗ repo  acme/site is not acme/app
`)
})

test('of the checks that decided it also says what was wanted and what was found', async () => {
  const shell = await aShellWithServer()
  const checks = [
    check('signature', 'secret 1 of 1'),
    {
      rule: 'branches',
      result: 'fail' as const,
      wanted: 'main, release/**',
      found: 'topic',
      says: 'topic is not in [main, release/**]',
    },
  ]
  const absent = {
    rule: 'match',
    result: 'fail' as const,
    wanted: 'payload.a: 1',
    found: '',
    says: 'no',
  }
  shell.world.deliveries.push(
    aStored({
      verdicts: [
        { ...refused, checks },
        {
          ...refused,
          checks: [absent, check('match', 'b is 2'), { ...absent, wanted: 'payload.c: 3' }],
        },
      ],
    }),
  )
  const { out } = await shell.run('deliveries', '57')
  expect(out).toContain('\n  answered   200 ignored\n')
  expect(out.split('\n\n')[1]).toBe(`\
  app-release  ✓ signature secret 1 of 1  ✗ branches  topic is not in [main, release/**]
               wanted main, release/**
               found  topic
  app-release  ✗ match  no  ✓ match b is 2  ✗ match  no
               wanted payload.a: 1
               found  nothing
               wanted payload.c: 3
               found  nothing
`)
})

test('a delivery tells what it repeats, and what came after it with its id', async () => {
  const shell = await aShellWithServer()
  shell.world.deliveries.push(
    aStored(),
    aStored({ id: 59, duplicateOf: 57 }),
    aStored({ id: 60, duplicateOf: 57, proof: 'redelivered by ada', address: '' }),
  )
  expect((await shell.run('deliveries', '57')).out).toContain('\n  came again as #60, #59\n')
  const { out } = await shell.run('deliveries', '60')
  expect(out).toContain('\n  proof      redelivered by ada\n')
  expect(out).toContain('\n  repeats    delivery #57\n')
  expect(out).not.toContain('answered')
})

test.each([
  [{ problem: 'the body is not JSON' }, '400 cannot be used'],
  [
    { host: 'webhook', verdicts: [{ ...refused, checks: [check('inputs', 'no', 'fail')] }] },
    '422 ignored',
  ],
  [{ duplicateOf: 3, verdicts: [{ ...matched, matched: false, run: null }] }, '200 ignored'],
] as const)('of %j it says what was answered', async (fields, answered) => {
  const shell = await aShellWithServer()
  shell.world.deliveries.push(aStored(fields))
  expect((await shell.run('deliveries', '57')).out).toContain(`\n  answered   ${answered}\n`)
})

describe('what was refused', () => {
  const refusal = {
    method: 'POST',
    path: '/hooks/blog',
    address: '203.0.113.7',
    status: 401,
    reason: 'no X-Hub-Signature-256 header: the webhook has no secret configured',
    count: 13,
    firstAt: Date.now() - 3_600_000,
    lastAt: Date.now() - 60_000,
  }
  const probing = { ...refusal, method: 'GET', path: '/.env', status: 404, count: 1 }

  async function withRefusals() {
    const shell = await aShellWithServer()
    shell.world.refusals.push(refusal, { ...probing, reason: 'nothing answers at this path' })
    return shell
  }

  test('is one line beneath the list, only where there is something to tell', async () => {
    const shell = await withRefusals()
    shell.world.deliveries.push(aStored())
    const { out, talk } = await shell.run('deliveries')
    expect(out).not.toContain('refused')
    expect(talk).toBe('14 refused in the last day: runhook deliveries --refused\n')
    expect(JSON.parse((await shell.run('deliveries', '--json')).screen)).toMatchObject({
      next: null,
    })
    shell.world.refusals.length = 0
    expect((await shell.run('deliveries')).talk).toBe('')
  })

  test('is listed with who asked, how often, and what was wrong', async () => {
    const shell = await withRefusals()
    const { code, out, talk } = await shell.run('deliveries', '--refused')
    expect({ code, talk }).toEqual({ code: 0, talk: '' })
    expect(out.replaceAll(/last .*/g, 'last THEN')).toBe(`\
✗ [401] POST /hooks/blog  13 times from 203.0.113.7, last THEN
    no X-Hub-Signature-256 header: the webhook has no secret configured
✗ [404] GET /.env  once from 203.0.113.7, last THEN
    nothing answers at this path
`)
    const cut = await shell.run('deliveries', '--refused', '--limit', '1')
    expect(cut.talk).toBe('and 1 more; see --limit\n')
    expect(JSON.parse((await shell.run('deliveries', '--refused', '--json')).out)).toMatchObject({
      total: 14,
      refusals: [refusal, { path: '/.env' }],
    })
  })

  test('says beneath what to do, where a hook was meant', async () => {
    const shell = await withRefusals()
    shell.world.hooks.push(aHook({ name: 'blog', path: '/hooks/blog' }))
    shell.world.refusals.splice(0, 2, refusal)
    const { out } = await shell.run('deliveries', '--refused')
    expect(out.split('\n').slice(1)).toEqual([
      `    ${refusal.reason}`,
      `    Compare the secret at GitHub with SITE_SECRET: an admin sees it at /-/hooks/blog/setup, and on the server it is where the hooks file takes it from. After an edit here, run "runhook check" and "runhook doctor".`,
      '',
    ])
  })

  test('cannot move the cursor', async () => {
    const shell = await aShellWithServer()
    const path = '/\x1b[2J\u202e'
    shell.world.refusals.push({ ...refusal, path, reason: 'no hook answers at /\x1b[2J' })
    expect((await shell.run('deliveries', '--refused')).screen).not.toMatch(/[^\P{Cc}\n]|\u202e/u)
  })

  test('may be nothing, and has no ids', async () => {
    const shell = await aShellWithServer()
    expect(await shell.run('deliveries', '--refused')).toMatchObject({
      code: 0,
      out: '',
      talk: 'Nothing was refused in the last 14 days.\n',
    })
    expect(await shell.run('deliveries', '57', '--refused')).toMatchObject({
      code: 2,
      talk: 'error: What was refused is not kept, only counted: it has no id. Leave the id out, or --refused.\n',
    })
  })
})

test('of several updates each verdict names its own, and what cannot be judged has a ?', async () => {
  const shell = await aShellWithServer({ columns: 200 })
  const says = 'cannot be judged: bitbucket gave no list of changed files; counted as matched'
  const verdict = { hook: 'blog', matched: true, run: 7, checks: [check('paths', says, 'unknown')] }
  shell.world.deliveries.push(
    aStored({
      updates: [aPush(), aTag('v1', { sha: null, deleted: true })],
      verdicts: [
        { ...verdict, update: 0 },
        { ...verdict, update: 1, run: null },
      ],
    }),
  )
  const lines = (await shell.run('deliveries', '57')).out.split('\n')
  expect(lines.slice(4, 6)).toEqual([
    '  ref        refs/heads/main bbbbbbb..aaaaaaa',
    '  ref        refs/tags/v1 bbbbbbb..deleted',
  ])
  expect(lines.slice(-3)).toEqual([
    `  blog (main)  ? paths  ${says}  → run #7`,
    `  blog (v1)    ? paths  ${says}`,
    '',
  ])
})

test('what a stranger wrote cannot move the cursor', async () => {
  const shell = await aShellWithServer()
  shell.world.deliveries.push(
    aStored({
      sender: 'a\x1b[1A',
      updates: [aPush('x\u202ey')],
      headers: { 'user-agent': 'curl\x1b]0;x\x07' },
      verdicts: [{ ...refused, checks: [check('branches', 'x\x1b[2K is not in [main]', 'fail')] }],
    }),
  )
  const screens = [await shell.run('deliveries'), await shell.run('deliveries', '57')]
  for (const { screen } of screens) expect(screen).not.toMatch(/[^\P{Cc}\n]|\u202e/u)
  expect(screens[1]?.out).toContain(String.raw`✗ branches  x\x1b[2K is not in [main]`)
})

test('nothing is told as nothing, and a delivery that is not there as that', async () => {
  const shell = await aShellWithServer()
  expect(await shell.run('deliveries')).toMatchObject({
    code: 0,
    out: '',
    talk: 'No deliveries yet. Try one with "runhook send HOOK".\n',
  })
  expect(await shell.run('deliveries', '9')).toMatchObject({
    code: 3,
    talk: 'error: There is no delivery #9. "runhook deliveries" lists those that are kept.\n',
  })
})

test('--json gives the same facts to programs', async () => {
  const shell = await aShellWithServer()
  shell.world.deliveries.push(aStored({ verdicts: [matched] }))
  expect(JSON.parse((await shell.run('deliveries', '--json')).out)).toMatchObject({
    deliveries: [{ id: 57, runs: [142], matched: ['blog'] }],
    next: null,
  })
  expect(JSON.parse((await shell.run('deliveries', '57', '--json')).out)).toMatchObject({
    id: 57,
    verdicts: [matched],
    headers: { 'x-github-event': 'push' },
  })
})

test('deliveries are found by hook and outcome, however far back', async () => {
  const shell = await aShellWithServer()
  shell.world.hooks.push(aHook({ name: 'app-release' }))
  const old = aStored({ id: 1, verdicts: [refused] })
  shell.world.deliveries.push(old, aStored({ id: 40_000, verdicts: [{ ...matched, run: 1 }] }))
  const list = (...options: string[]) => shell.run('deliveries', '--limit', '1', ...options)
  expect((await list('--hook', 'app-release', '--outcome', 'nothing')).out).toContain('· #1 ')
  expect((await list('--outcome', 'ran')).out).toContain('✓ #40000 ')
  expect(await list('--hook', 'app-release', '--outcome', 'ran')).toMatchObject({
    code: 0,
    talk: 'No delivery is like this. "runhook deliveries" lists all.\n',
  })
  expect(await list('--hook', 'app-relese')).toMatchObject({
    code: 3,
    talk: 'error: There is no hook "app-relese". Did you mean "app-release"?\n',
  })
  expect(await shell.run('deliveries', '1', '--hook', 'app-release')).toMatchObject({ code: 2 })
})
