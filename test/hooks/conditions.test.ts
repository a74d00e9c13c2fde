/**
 * `match` from the file to the verdict: each case is written as a user writes it, and judged.
 */

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { pass } from '../../src/hooks/check.ts'
import { judge } from '../../src/hooks/match.ts'
import { checkLine } from '../../src/hooks/verdict.ts'
import { aDelivery, aPush } from '../some.ts'
import { cases, hookOf, linesOf, REF, SECRET, written } from './written.ts'

const push = { repo: 'github:acme/site', secret: REF, run: 'git pull' }

const payload = {
  ref: 'refs/heads/main',
  sender: { login: 'mallory', id: 7 },
  pull_request: { merged: true, body: null },
  release: { prerelease: false, tag_name: '10' },
  count: 3,
  labels: [{ name: 'bug' }, { name: 'docs' }, { name: 'ui' }, { name: 'wip' }],
  empty: '',
  head_commit: { message: 'Fix the feed [skip ci]' },
  __proto__: { inherited: 'yes' },
}

/** The lines of the check `match`, of a push with this payload. */
async function judged(
  match: Record<string, unknown>,
  given: { payload?: unknown; headers?: Record<string, string> } = {},
): Promise<string[]> {
  const hook = await hookOf({ ...push, match })
  const delivery = aDelivery({ headers: given.headers ?? {} })
  const body = 'payload' in given ? given.payload : payload
  const [verdict] = judge(hook, delivery, body, pass('signature', 'secret 1 of 1'))
  const checks = verdict?.checks.filter(({ rule }) => rule === 'match') ?? []
  expect(verdict?.matched).toBe(checks.every(({ result }) => result === 'pass'))
  return checks.map(checkLine)
}

describe('a condition', () => {
  test.each([
    // Equality, by type: "10" is no 10.
    [{ 'payload.sender.login': 'mallory' }, '✓ match  payload.sender.login is mallory'],
    [
      { 'payload.sender.login': ['octocat', 'ada'] },
      '✗ match  payload.sender.login is mallory, wants one of octocat, ada',
    ],
    [
      { 'payload.sender.login': 'Mallory' },
      '✗ match  payload.sender.login is mallory, wants Mallory',
    ],
    [{ 'payload.sender.id': 7 }, '✓ match  payload.sender.id is 7'],
    [{ 'payload.sender.id': '7' }, '✗ match  payload.sender.id is 7, wants "7"'],
    [{ 'payload.release.tag_name': 10 }, '✗ match  payload.release.tag_name is "10", wants 10'],
    [{ 'payload.pull_request.merged': true }, '✓ match  payload.pull_request.merged is true'],
    [
      { 'payload.release.prerelease': true },
      '✗ match  payload.release.prerelease is false, wants true',
    ],
    [{ 'payload.empty': '' }, '✓ match  payload.empty is ""'],
    // null is a value; a field that is not there is none.
    [{ 'payload.pull_request.body': null }, '✓ match  payload.pull_request.body is null'],
    [{ 'payload.nothing': null }, '✗ match  payload.nothing is not there, wants null'],
    [{ 'payload.nothing': [null, { exists: false }] }, '✓ match  payload.nothing is not there'],
    [
      { 'payload.ref': { exists: false } },
      '✗ match  payload.ref is refs/heads/main, wants nothing',
    ],
    [
      { 'payload.nothing': { exists: true } },
      '✗ match  payload.nothing is not there, wants anything',
    ],
    [
      { 'payload.pull_request.body': { exists: true } },
      '✓ match  payload.pull_request.body is null',
    ],
    // Only own properties lead on.
    [{ 'payload.inherited': 'yes' }, '✗ match  payload.inherited is not there, wants yes'],
    [
      { 'payload.toString': { exists: true } },
      '✗ match  payload.toString is not there, wants anything',
    ],
    [{ 'payload.labels.length': 4 }, '✗ match  payload.labels.length is not there, wants 4'],
    [{ 'payload.sender': 'mallory' }, '✗ match  payload.sender is an object, wants mallory'],
    [{ 'payload.ref.x': 1 }, '✗ match  payload.ref.x is not there, wants 1'],
    // Texts with a star.
    [{ 'payload.ref': 'refs/*' }, '✓ match  payload.ref is refs/heads/main'],
    [{ 'payload.ref': '*/dev*' }, '✗ match  payload.ref is refs/heads/main, wants */dev*'],
    [{ 'payload.ref': 'refs' }, '✗ match  payload.ref is refs/heads/main, wants refs'],
    [
      { 'payload.head_commit.message': '*[skip ci]*' },
      '✓ match  payload.head_commit.message is Fix the feed [skip ci]',
    ],
    [
      { 'payload.head_commit.message': { not: ['*[skip ci]*', 'wip*'] } },
      '✗ match  payload.head_commit.message is Fix the feed [skip ci], wants none of *[skip ci]*, wip*',
    ],
    [{ 'payload.ref': 'refs\\*' }, '✗ match  payload.ref is refs/heads/main, wants refs\\*'],
    [{ 'payload.count': '*' }, '✗ match  payload.count is 3, wants *'],
    // Numbers.
    [{ 'payload.count': { '>=': 3 } }, '✓ match  payload.count is 3'],
    [{ 'payload.count': { '>': 3 } }, '✗ match  payload.count is 3, wants > 3'],
    [{ 'payload.count': { '>': 1, '<': 3 } }, '✗ match  payload.count is 3, wants > 1 and < 3'],
    [{ 'payload.count': { '<=': 3, not: 2 } }, '✓ match  payload.count is 3'],
    [
      { 'payload.release.tag_name': { '>': 1 } },
      '✗ match  payload.release.tag_name is "10", wants > 1',
    ],
    // Not: also where nothing is.
    [
      { 'payload.sender.login': { not: 'mallory' } },
      '✗ match  payload.sender.login is mallory, wants not mallory',
    ],
    [{ 'payload.nothing': { not: 'x' } }, '✓ match  payload.nothing is not there'],
    [
      { 'payload.nothing': { not: 'x', exists: true } },
      '✗ match  payload.nothing is not there, wants anything and not x',
    ],
    // Lists: by position, or any of them.
    [{ 'payload.labels[1].name': 'docs' }, '✓ match  payload.labels[1].name is docs'],
    [
      { 'payload.labels[9].name': 'docs' },
      '✗ match  payload.labels[9].name is not there, wants docs',
    ],
    [
      { 'payload.labels[*].name': 'ui' },
      '✓ match  payload.labels[*].name is bug, docs, ui, 1 more',
    ],
    [
      { 'payload.labels[*].name': 'api' },
      '✗ match  payload.labels[*].name is bug, docs, ui, 1 more, wants api',
    ],
    [
      { 'payload.labels[*].name': { not: 'wip' } },
      '✗ match  payload.labels[*].name is bug, docs, ui, 1 more, wants not wip',
    ],
    [{ 'payload.labels': { exists: true } }, '✓ match  payload.labels is a list of 4'],
  ] as [Record<string, unknown>, string][])('%j', async (match, line) => {
    expect(await judged(match)).toEqual([line])
  })

  test('asks a header by its name in any case, and it must be there', async () => {
    const headers = { 'x-env': 'production' }
    expect(await judged({ 'header.X-Env': 'prod*' }, { headers })).toEqual([
      '✓ match  header.X-Env is production',
    ])
    expect(await judged({ 'header.x-env': 'prod*' })).toEqual([
      '✗ match  header.x-env is not there, wants prod*',
    ])
  })

  test('of a body that is not there finds nothing', async () => {
    for (const nothing of [undefined, null, 'text', []]) {
      expect(await judged({ 'payload.a': 1 }, { payload: nothing })).toEqual([
        '✗ match  payload.a is not there, wants 1',
      ])
    }
  })
})

test('all conditions must hold, and the verdict names each that does not', async () => {
  const match = {
    'payload.count': 3,
    'payload.ref': 'x',
    'payload.empty': 'y',
    'payload.sender.id': 7,
  }
  expect(await judged(match)).toEqual([
    '✓ match  payload.count is 3',
    '✗ match  payload.ref is refs/heads/main, wants x',
    '✗ match  payload.empty is "", wants y',
    '✓ match  payload.sender.id is 7',
  ])
})

test('a verdict holds what was wanted and what was found', async () => {
  const hook = await hookOf({ ...push, match: { 'payload.count': [1, 2] } })
  const [verdict] = judge(hook, aDelivery(), payload, pass('signature', 'secret 1 of 1'))
  expect(verdict?.checks.at(-1)).toEqual({
    rule: 'match',
    result: 'fail',
    wanted: 'payload.count: one of 1, 2',
    found: '3',
    says: 'payload.count is 3, wants one of 1, 2',
  })
})

test('conditions are not asked where the event already does not fit', async () => {
  const hook = await hookOf({ ...push, on: 'release', match: { 'payload.count': 4 } })
  const delivery = aDelivery({ updates: [aPush()] })
  const [verdict] = judge(hook, delivery, payload, pass('signature', 'secret 1 of 1'))
  expect(verdict?.checks.map(({ rule }) => rule)).toEqual(['signature', 'repo', 'event'])
})

describe('what strangers wrote', () => {
  test('is shown short and without what moves a cursor or turns a line', async () => {
    const text = `\x1b[2J\u202e\ud800${'x'.repeat(100)}`
    expect(await judged({ 'payload.a': 'b' }, { payload: { a: text } })).toEqual([
      `✗ match  payload.a is \ufffd[2J\ufffd\ufffd${'x'.repeat(54)}…, wants b`,
    ])
  })

  test('is in quotes where it could be taken for another kind of value', async () => {
    for (const text of ['true', 'null', ' a', '1e3', '']) {
      expect(await judged({ 'payload.a': 'b' }, { payload: { a: text } })).toEqual([
        `✗ match  payload.a is "${text}", wants b`,
      ])
    }
  })

  test('does not hold where it is too long or too much to be judged, whatever is wanted', async () => {
    const long = 'x'.repeat(10_001)
    const many = Array.from({ length: 1001 }, () => 'x')
    const tooLong =
      '✗ match  payload.a has more than 10000 characters, too many to compare with a pattern'
    for (const wanted of ['x*', { not: 'y*' }]) {
      expect(await judged({ 'payload.a': wanted }, { payload: { a: long } })).toEqual([tooLong])
    }
    expect(await judged({ 'payload.a': { exists: true } }, { payload: { a: long } })).toEqual([
      `✓ match  payload.a is ${'x'.repeat(60)}…`,
    ])
    for (const wanted of ['x', { not: 'y' }]) {
      expect(await judged({ 'payload.a[*]': wanted }, { payload: { a: many } })).toEqual([
        '✗ match  payload.a[*] has more than 1000 values, too many to judge',
      ])
    }
  })

  test('cannot make a pattern take long', async () => {
    const evil = ['*a'.repeat(128), `${'*'.repeat(255)}b`, '*a*b*c*d*e*f*g*h*']
    const text = `${'a'.repeat(9999)}!`
    for (const pattern of evil) {
      const started = performance.now()
      await judged({ 'payload.a': pattern }, { payload: { a: text } })
      expect(performance.now() - started).toBeLessThan(2000)
    }
  })
})

test('what stands for a variable is compared, and shown as it is written', async () => {
  const match = { 'payload.key': REF }
  const found = await judged(match, { payload: { key: 'wrong' } })
  expect(found).toEqual([`✗ match  payload.key is wrong, wants ${REF}`])
  expect(await judged(match, { payload: { key: SECRET } })).toHaveLength(1)
})

describe('the file', () => {
  const wrong = (match: unknown) => ({ ...push, match })

  cases([
    ['may say nothing of it', push],
    [
      'must name a place',
      wrong({}),
      'error hooks.a.match is empty; name a place, such as "payload.sender.login"',
    ],
    [
      'must name a place that can be',
      wrong({ 'sender.login': 'ada', payload: 1, 'payload.a..b': 1, 'payload.a[x]': 1 }),
      'error hooks.a.match["sender.login"] is no place in a delivery; write "payload.sender.login" or "header.x-env"',
      'error hooks.a.match.payload is no place in a delivery; write "payload.sender.login" or "header.x-env"',
      'error hooks.a.match["payload.a..b"] is no place in a delivery; write "payload.sender.login" or "header.x-env"',
      'error hooks.a.match["payload.a[x]"] is no place in a delivery; write "payload.sender.login" or "header.x-env"',
    ],
    [
      'cannot ask a header that proves who somebody is',
      wrong({ 'header.authorization': 'x', 'header.X-Gitlab-Token': 'x' }),
      'error hooks.a.match["header.authorization"] is never kept, for it may prove who somebody is',
      'error hooks.a.match["header.X-Gitlab-Token"] is never kept, for it may prove who somebody is',
    ],
    [
      'may ask for the event and the id',
      wrong({ 'header.x-event-key': 'x', 'header.idempotency-key': 'y' }),
    ],
    [
      'must say what is wanted',
      wrong({ 'payload.a': [], 'payload.b': {}, 'payload.c': { not: [] } }),
      'error hooks.a.match["payload.a"] is an empty list: nothing would ever match',
      'error hooks.a.match["payload.b"] is empty; write { "exists": true }',
      'error hooks.a.match["payload.c"].not is an empty list: it would forbid nothing',
    ],
    [
      'cannot want a number where nothing is',
      wrong({ 'payload.a': { exists: false, '>': 1 } }),
      'error hooks.a.match["payload.a"] cannot hold: it wants a number, and nothing at all',
    ],
    [
      'knows these tests only',
      wrong({ 'payload.a': { exist: true }, 'payload.b': { '>': '1' }, 'payload.c': [['x']] }),
      'error hooks.a.match["payload.a"].exist: unknown key',
      'error hooks.a.match["payload.b"][">"]: "1" is not a number',
      'error hooks.a.match["payload.c"][0]: a list is not a value, a list of values or a test; write "octocat", ["octocat", "ada"] or { "exists": true }',
    ],
    [
      'has patterns of a bearable length',
      wrong({ 'payload.a': `*${'x'.repeat(256)}` }),
      `error hooks.a.match["payload.a"]: *${'x'.repeat(59)}… has 257 characters; a pattern may have 256`,
    ],
    [
      'is warned of names that anybody may write',
      wrong({
        'payload.commits[*].author.name': 'ada',
        'payload.head_commit.author.username': 'ada',
        'payload.head_commit.committer.email': 'ada@example.org',
        'payload.pull_request.user.login': 'ada',
        'payload.release.author.login': 'ada',
      }),
      'warn hooks.a.match["payload.commits[*].author.name"] says who wrote a commit, and anybody may write any name there',
      'warn hooks.a.match["payload.head_commit.author.username"] says who wrote a commit, and anybody may write any name there',
      'warn hooks.a.match["payload.head_commit.committer.email"] says who wrote a commit, and anybody may write any name there',
    ],
  ])

  test('may hold what the README shows', async () => {
    const section = readFileSync('README.md', 'utf8').split('#### Conditions')[1] ?? ''
    const [, block = ''] = /```jsonc\n([^`]*)```/.exec(section) ?? []
    const hook = `"repo": "github:acme/site", "secret": "${REF}", "run": "true", ${block}`
    const { problems, config } = await written(`{ "hooks": { "a": { ${hook} } } }`)
    expect(problems).toEqual([])
    expect(config?.hooks.get('a')?.match).toHaveLength(7)
  })

  test('gets a hint where one is known', async () => {
    const match = { 'headers.x-env': 'a', 'payload.head_commit.author.name': 'ada' }
    const { shown } = await written({ hooks: { a: { ...push, match } } })
    expect(shown).toContain('did you mean "header.x-env"?')
    expect(shown).toContain('who pushed it stands in "payload.sender.login"')
  })

  test('does not show the value of a variable', async () => {
    const lines = await linesOf(wrong({ 'payload.a': `${REF}${'*'.repeat(300)}` }))
    expect(lines.join()).not.toContain(SECRET)
  })
})
