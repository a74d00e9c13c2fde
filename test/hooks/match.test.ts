import { describe, expect, test } from 'vitest'
import { pass } from '../../src/hooks/check.ts'
import { judge } from '../../src/hooks/match.ts'
import { checkLine, verdictLines } from '../../src/hooks/verdict.ts'
import { update } from '../../src/hosts/fields.ts'
import type { Delivery } from '../../src/model/delivery.ts'
import type { Hook, Trigger } from '../../src/model/hook.ts'
import { aDelivery, aHook, aPush, aTag, aTrigger } from '../some.ts'

const signature = pass('signature', 'secret 1 of 1')

/** The deciding line: the check that failed, or the last that passed. */
function decided(hook: Partial<Hook>, delivery: Partial<Delivery>): string {
  const [verdict] = judge(aHook(hook), aDelivery(delivery), {}, signature)
  const check = verdict?.checks.at(-1)
  if (!verdict || !check) throw new Error('no verdict')
  expect(verdict.matched).toBe(check.result !== 'fail')
  return checkLine(check)
}

const on = (...triggers: Partial<Trigger>[]) => ({ triggers: triggers.map(aTrigger) })

test('a push of a wanted branch matches, check by check', () => {
  const hook = aHook(on({ branches: ['main'], paths: ['**', '!docs/**'] }))
  const files = ['docs/a.md', 'src/a.ts', 'src/b.ts']
  const [verdict] = judge(hook, aDelivery({ updates: [aPush('main', { files })] }), {}, signature)
  expect(verdict?.checks.map(checkLine)).toEqual([
    '✓ signature  secret 1 of 1',
    '✓ repo  acme/site',
    '✓ event  push',
    '✓ branches  main',
    '✓ paths  2 of 3 changed files',
  ])
})

test('verdicts of several hooks stand under each other', () => {
  const hooks = [
    aHook(),
    aHook({ name: 'api', repositories: [{ host: 'github', name: 'acme/api' }] }),
  ]
  const verdicts = hooks.flatMap((hook) => judge(hook, aDelivery(), {}, signature))
  expect(verdictLines(verdicts)).toEqual([
    'deploy-site  ✓ matched',
    'api          ✗ repo  acme/site is not acme/api',
  ])
})

describe('events', () => {
  test.each([
    ['push wants every branch', on({}), { updates: [aPush('any')] }, '✓ event  push'],
    ['push wants tags too, as at GitHub', on({}), { updates: [aTag()] }, '✓ event  tag'],
    ['tag wants only tags', on({ event: 'tag' }), {}, '✗ event  push is not tag'],
    ['another event', on({ event: 'release' }), {}, '✗ event  push is not release'],
    [
      'several',
      on({ event: 'release' }, { event: 'deployment' }),
      {},
      '✗ event  push is not in [release, deployment]',
    ],
    [
      'any',
      on({ event: 'any' }),
      { event: 'star', updates: [update({ event: 'star' })] },
      '✓ event  star',
    ],
    [
      "the host's own name",
      on({ event: 'repo:fork' }),
      { event: 'repo:fork', updates: [update({ event: 'repo:fork' })] },
      '✓ event  repo:fork',
    ],
    [
      'a ping',
      on({ event: 'any' }),
      { event: 'ping', updates: [update({ event: 'ping' })] },
      '✗ event  a ping runs nothing',
    ],
  ] as [string, Partial<Hook>, Partial<Delivery>, string][])(
    '%s',
    (_title, hook, delivery, line) => {
      expect(decided(hook, delivery)).toBe(line)
    },
  )
})

describe('branches and tags', () => {
  test.each([
    [{ branches: ['main'] }, aPush('feature/x'), '✗ branches  feature/x is not in [main]'],
    [{ branches: ['**', '!wip/**'] }, aPush('wip/1'), '✗ branches  wip/1 is not in [**, !wip/**]'],
    [{ branches: ['main'] }, aTag('v1'), '✗ branches  tag v1, wants branches main'],
    [{ tags: ['v*'] }, aPush('main'), '✗ tags  branch main, wants tags v*'],
    [{ tags: ['v[0-9]+'] }, aTag('v12'), '✓ tags  v12'],
    [{ tags: ['v[0-9]+'] }, aTag('v1.0-rc'), '✗ tags  v1.0-rc is not in [v[0-9]+]'],
    [
      { branchesIgnore: ['wip/**'] },
      aPush('wip/1'),
      '✗ branches-ignore  wip/1 is ignored by wip/**',
    ],
    [{ branchesIgnore: ['wip/**'] }, aPush('main'), '✓ branches-ignore  main'],
    [{ branches: ['main'], tags: ['v*'] }, aTag('v1'), '✓ tags  v1'],
  ] as [Partial<Trigger>, ReturnType<typeof aPush>, string][])('%j', (filters, pushed, line) => {
    expect(decided(on(filters), { updates: [pushed] })).toBe(line)
  })

  test('a pull request is judged by the branch it wants to go into', () => {
    const pull = { event: 'pull_request', branch: 'topic', baseBranch: 'main' }
    const delivery = { event: 'pull_request', action: 'opened', updates: [update(pull)] }
    const wanted = on({ event: 'pull_request', branches: ['main'] })
    expect(decided(wanted, delivery)).toBe('✓ branches  main')
  })

  test('a tag that is named like a wanted branch is not that branch', () => {
    expect(decided(on({ branches: ['main'] }), { updates: [aTag('main')] })).toContain('✗ branches')
  })
})

describe('paths', () => {
  const paths = on({ paths: ['src/**'] })

  test('none of the changed files', () => {
    const line = '✗ paths  the changed file does not match [src/**]: README.md'
    expect(decided(paths, {})).toBe(line)
  })

  test.each([
    [[], 'no file was changed; wanted [src/**]'],
    [['a', 'b', 'c'], 'none of 3 changed files match [src/**]: a, b, c'],
    [['a', 'b', 'c', 'd', 'e'], 'none of 5 changed files match [src/**]: a, b, c and 2 more'],
    [
      ['x'.repeat(81), '🌍'.repeat(500)],
      `none of 2 changed files match [src/**]: ${'x'.repeat(80)}…, ${'🌍'.repeat(80)}…`,
    ],
  ])('the first few that were changed are named: %j', (files, says) => {
    expect(decided(paths, { updates: [aPush('main', { files })] })).toBe(`✗ paths  ${says}`)
  })

  test('where all are ignored the verdict says so', () => {
    const ignore = on({ pathsIgnore: ['**.md'] })
    const says = (files: string[]) => decided(ignore, { updates: [aPush('main', { files })] })
    expect(says(['a.md'])).toBe('✗ paths-ignore  the changed file matches [**.md]: a.md')
    expect(says(['a.md', 'b.md'])).toBe(
      '✗ paths-ignore  all 2 changed files match [**.md]: a.md, b.md',
    )
  })

  test('a host that lists no files cannot be judged and counts as matched, saying so', () => {
    const delivery = { host: 'bitbucket', updates: [aPush('main', { files: null })] } as const
    expect(decided(paths, delivery)).toBe(
      '? paths  cannot be judged: bitbucket gave no list of changed files; counted as matched',
    )
  })

  test('paths-ignore stops a push that changed nothing else', () => {
    const ignore = on({ pathsIgnore: ['**.md'] })
    expect(decided(ignore, {})).toContain('✗ paths-ignore')
    expect(decided(ignore, { updates: [aPush('main', { files: ['a.md', 'b.ts'] })] })).toBe(
      '✓ paths-ignore  1 of 2 changed files',
    )
  })

  test('are not judged for tags, as at GitHub', () => {
    expect(decided(paths, { updates: [aTag()] })).toBe('✓ event  tag')
  })
})

describe('what never runs unless it is asked for', () => {
  test('a deleted branch', () => {
    const gone = { updates: [aPush('main', { deleted: true, sha: null })] }
    expect(decided({}, gone)).toBe(
      '✗ deleted  main was deleted, and deletions run only on "delete"',
    )
    const bitbucket = { ...gone, host: 'bitbucket' } as const
    expect(decided(on({ event: 'delete' }), bitbucket)).toBe('✓ event  push')
  })

  test("a fork's pull request", () => {
    const pull = update({ event: 'pull_request', branch: 'topic', fork: true })
    const delivery = { event: 'pull_request', action: 'opened', updates: [pull] }
    const hook = on({ event: 'pull_request' })
    expect(decided(hook, delivery)).toBe('✗ fork  comes from a fork ("allow-forks" is off)')
    expect(decided({ ...hook, allowForks: true }, delivery)).toBe('✓ fork  allowed')
  })

  test.each([
    '$(id)',
    'a;rm',
    '-x',
    '--upload-pack=x',
    'größe',
    'a`id`',
    'x'.repeat(201),
    '\u202emain',
  ])('a branch named %s', (name) => {
    expect(decided({}, { updates: [aPush(name)] })).toContain('✗ ref')
    expect(decided({ allowUnusualRefs: true }, { updates: [aPush(name)] })).toBe('✓ event  push')
  })

  test('a pull request that was only labelled', () => {
    const pull = update({ event: 'pull_request' })
    const delivery = { event: 'pull_request', action: 'labeled', updates: [pull] }
    expect(decided(on({ event: 'pull_request' }), delivery)).toBe(
      '✗ types  labeled is not in [opened, synchronize, reopened] (the default)',
    )
    const types = on({ event: 'pull_request', types: ['labeled'] })
    expect(decided(types, delivery)).toBe('✓ types  labeled')
  })
})

test('a hook that is switched off says so', () => {
  expect(decided({ enabled: false }, {})).toBe('✗ enabled  is switched off ("enabled": false)')
})

test('a repository is found by a glob, whatever its case', () => {
  const hook = { repositories: [{ host: 'github', name: 'acme/*' }] } as const
  expect(decided(hook, { repository: 'Acme/Other' })).toBe('✓ event  push')
})

test('each update of a delivery gets its own verdict', () => {
  const delivery = aDelivery({ updates: [aPush('main'), aTag('v1'), aPush('other')] })
  const verdicts = judge(aHook(on({ branches: ['main'] })), delivery, {}, signature)
  expect(verdicts.map((verdict) => [verdict.update, verdict.matched])).toEqual([
    [0, true],
    [1, false],
    [2, false],
  ])
})
