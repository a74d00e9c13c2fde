import { describe, expect, test } from 'vitest'
import { likelyEvent } from '../../src/hooks/events.ts'
import { either, suggest } from '../../src/hooks/suggest.ts'

const hookKeys = [
  ...['repo', 'url', 'on', 'secret', 'token', 'auth', 'run', 'command', 'shell', 'enabled'],
  ...['working-directory', 'env', 'timeout', 'concurrency', 'respond', 'replay', 'allow-forks'],
]
const filters = ['branches', 'branches-ignore', 'tags', 'tags-ignore', 'paths', 'types']

describe('did you mean', () => {
  test.each([
    ['tmeout', 'timeout'],
    ['timeouts', 'timeout'],
    ['timeout-minutes', 'timeout'],
    ['cwd', 'working-directory'],
    ['dir', 'working-directory'],
    ['workdir', 'working-directory'],
    ['workingDirectory', 'working-directory'],
    ['working_directory', 'working-directory'],
    ['cmd', 'run'],
    ['execute-command', 'run'],
    ['exec', 'run'],
    ['script', 'run'],
    ['events', 'on'],
    ['event', 'on'],
    ['trigger', 'on'],
    ['environment', 'env'],
    ['password', 'secret'],
    ['scret', 'secret'],
    ['repository', 'repo'],
    ['allowForks', 'allow-forks'],
  ])('a hook\'s "%s" is "%s"', (word, meant) => {
    expect(suggest(word, hookKeys)).toBe(meant)
  })

  test.each([
    ['branch', 'branches'],
    ['tag', 'tags'],
    ['path', 'paths'],
    ['brnches', 'branches'],
  ])('a filter "%s" is "%s"', (word, meant) => {
    expect(suggest(word, filters)).toBe(meant)
  })

  test('a word that is far from all of them is nothing', () => {
    expect(suggest('notify', hookKeys)).toBe(null)
    expect(suggest('x', hookKeys)).toBe(null)
    expect(suggest('__proto__', hookKeys)).toBe(null)
    expect(suggest('constructor', hookKeys)).toBe(null)
  })
})

describe('likely events', () => {
  test.each([
    ['pussh', 'push'],
    ['Push', 'push'],
    ['tags', 'tag'],
    ['pullrequest', 'pull_request'],
    ['merge_request', 'pull_request'],
    ['dispatch', 'manual'],
  ])('"%s" is probably "%s"', (event, likely) => {
    expect(likelyEvent(event)).toBe(likely)
  })

  test("a host's own events are no slips", () => {
    const own = [
      ...['branch_protection_rule', 'check_run', 'check_suite', 'commit_comment', 'deploy_key'],
      ...['deployment_status', 'discussion', 'fork', 'gollum', 'issue_comment', 'issues', 'label'],
      ...['member', 'membership', 'merge_group', 'meta', 'milestone', 'organization', 'package'],
      ...['page_build', 'project', 'public', 'pull_request_review', 'registry_package', 'star'],
      ...['repository', 'repository_dispatch', 'security_advisory', 'sponsorship', 'status'],
      ...['team', 'team_add', 'watch', 'workflow_job', 'repo:fork', 'repo:commit_comment_created'],
      ...['pullrequest:created', 'pullrequest:fulfilled', 'issue:created', 'repo:updated'],
    ]
    expect(own.filter((event) => likelyEvent(event) !== null)).toEqual([])
  })
})

test('words are listed as a person would', () => {
  expect(either(['a'])).toBe('"a"')
  expect(either(['a', 'b', 'c'])).toBe('"a", "b" or "c"')
})
