/**
 * What starts a hook, and what of it could never match or would not mean what it seems to.
 */

import { describe, expect, test } from 'vitest'
import { cases, REF, written } from './written.ts'

const push = { repo: 'github:acme/site', secret: REF, run: 'git pull' }
const manual = { on: 'manual', secret: REF, run: 'true' }
const page = { url: '/df', on: 'get', token: REF, command: ['df', '-h'] }

describe('a pattern that no name can match', () => {
  cases([
    [
      'has the prefix that Git gives',
      { ...push, on: { push: { branches: ['refs/heads/main', '!refs/heads/x'] } } },
      'warn hooks.a.on.push.branches[0]: "refs/heads/main" matches nothing: names come without "refs/…"; write "main"',
      'warn hooks.a.on.push.branches[1]: "!refs/heads/x" matches nothing: names come without "refs/…"; write "x"',
    ],
    [
      'is a regular expression',
      { ...push, on: { push: { tags: '^v.*' } } },
      'warn hooks.a.on.push.tags: "^v.*" matches nothing: patterns are globs, not regular expressions',
    ],
  ])
})

describe('what starts a hook', () => {
  cases([
    [
      'is nothing',
      { run: 'x' },
      'error hooks.a says nothing that starts it; add "repo", "url" or "on": "manual"',
    ],
    [
      'is an event of no host',
      { on: 'push', secret: REF, run: 'x' },
      'error hooks.a.on: "push" comes from a Git host; add "repo": "github:owner/name"',
    ],
    [
      'is a push at a plain URL',
      { ...page, on: ['get', 'push'] },
      'error hooks.a.on[1]: "push" comes from a Git host; add "repo": "github:owner/name"',
    ],
    [
      'is a GET at a webhook',
      { ...push, on: { push: null, get: null } },
      'error hooks.a.on.get: "get" is for plain URLs; add "url", or take "repo" away',
    ],
    ['is an empty list', { ...push, on: [] }, 'error hooks.a.on names no event; write "push", say'],
    [
      'is a slip',
      { ...push, on: 'pussh' },
      'warn hooks.a.on: "pussh" is not an event runhook knows; it is taken for the host\'s own',
    ],
    [
      'are repositories of two hosts',
      { ...push, repo: ['github:acme/site', 'bitbucket:acme/site'] },
      'error hooks.a.repo[1] is at another host than github:acme/site, and hosts sign differently; make two hooks',
    ],
    [
      'are no repositories',
      { ...push, repo: [] },
      'error hooks.a.repo is an empty list; name at least one repository',
    ],
  ])
})

describe('filters', () => {
  const on = (push: unknown) => ({ on: { push } })
  cases([
    [
      'beside their own contrary',
      { ...push, ...on({ branches: ['main'], 'branches-ignore': ['x'] }) },
      'error hooks.a.on.push.branches-ignore cannot stand beside "branches"',
    ],
    [
      'that only take back',
      { ...push, ...on({ paths: ['!docs/**', '!**.md'] }) },
      'error hooks.a.on.push.paths has only patterns that take back; begin with one that matches, such as "**"',
    ],
    [
      'without a pattern',
      { ...push, ...on({ tags: [] }) },
      'error hooks.a.on.push.tags is an empty list: nothing would ever match',
    ],
    [
      'with patterns that are none',
      { ...push, ...on({ branches: ['v[12', 'main'], paths: '' }) },
      'error hooks.a.on.push.branches[0]: "v[12" has "[" without "]"',
      'error hooks.a.on.push.paths: "" is empty',
    ],
    [
      'that do not apply to their event',
      {
        ...push,
        on: {
          tag: { branches: 'x' },
          push: { types: 'x' },
          ping: { tags: 'v*' },
          release: { paths: 'x' },
        },
      },
      'error hooks.a.on.tag.branches does not apply to "tag"',
      'error hooks.a.on.push.types does not apply to "push"',
      'error hooks.a.on.ping.tags does not apply to "ping"',
      'error hooks.a.on.release.paths does not apply to "release"',
    ],
  ])

  test('say which filters an event has', async () => {
    const { shown } = await written({ hooks: { a: { ...push, on: { tag: { types: 'x' } } } } })
    expect(shown).toContain('^^^^^^^ it knows "tags" and "tags-ignore"')
    const ping = await written({ hooks: { a: { ...push, on: { ping: { types: 'x' } } } } })
    expect(ping.shown).toContain('^^^^^^^ it has no filters')
    const both = { tags: 'v*', 'tags-ignore': 'v1*' }
    const ignore = await written({ hooks: { a: { ...push, on: { push: both } } } })
    expect(ignore.shown).toContain('put exceptions into "tags", as patterns that begin with "!"')
  })
})

describe('inputs', () => {
  const asking = (inputs: unknown) => ({ ...manual, on: { manual: { inputs } } })
  cases([
    [
      'of a choice without options',
      asking({ x: { type: 'choice' } }),
      'error hooks.a.on.manual.inputs.x needs "options": a list of the values to choose from',
    ],
    [
      'with options that are no choice',
      asking({ x: { type: 'number', options: ['1'] } }),
      'error hooks.a.on.manual.inputs.x.options is for a choice, and the type is "number"',
    ],
    [
      'with a default out of the options',
      asking({ x: { options: ['a'], default: 'b' } }),
      'error hooks.a.on.manual.inputs.x.default: "b" is not one of the options',
    ],
    [
      'with a default that is no number',
      asking({ x: { type: 'number', default: '1.5' } }),
      'error hooks.a.on.manual.inputs.x.default: "1.5" is not a whole number',
    ],
    [
      'with a default that is neither',
      asking({ x: { type: 'boolean', default: 'yes' } }),
      'error hooks.a.on.manual.inputs.x.default: "yes" is not true or false',
    ],
    [
      'that would be one variable',
      asking({ 'a-b': {}, A_b: {} }),
      'error hooks.a.on.manual.inputs.A_b would be $INPUT_A_B, as "a-b" is; rename one',
    ],
  ])
})
