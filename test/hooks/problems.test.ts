/**
 * How mistakes look: the whole text, since it is what a user has to go by.
 */

import { describe, expect, test } from 'vitest'
import { formatPath, renderProblems } from '../../src/hooks/problems.ts'
import { REF, SECRET, written } from './written.ts'

const fiveMistakes = `{
  // What a first try may look like.
  "hooks": {
    "blog": {
      "repo": "github:acme/blog",
      "on": { "push": { "branch": ["main"] } },
      "secret": "${SECRET}",
      "cwd": "/tmp",
      "timeout": "10 min",
      "run": ["git pull", "git checkout {{ branch }}"]
    },
    "df": {
      "url": "/api/df",
      "on": "get",
      "command": ["df", "-h"]
    }
  }
}
`

describe('the problems of a file', () => {
  test('are all shown at once, errors first, each with its place and what to do', async () => {
    const { shown, config } = await written(fiveMistakes)
    expect(config).toBe(null)
    expect(shown).toBe(`\
hooks.json:6:25  error  hooks.blog.on.push.branch: unknown key
  6 │       "on": { "push": { "branch": ["main"] } },
    │                         ^^^^^^^^ did you mean "branches"?
hooks.json:8:7   error  hooks.blog.cwd: unknown key
  8 │       "cwd": "/tmp",
    │       ^^^^^ did you mean "working-directory"?
hooks.json:9:18  error  hooks.blog.timeout: "10 min" is not a duration; write "10m"
hooks.json:10:27 error  hooks.blog.run[1] has "{{", and nothing is filled into a shell line: it would run as code
 10 │       "run": ["git pull", "git checkout {{ branch }}"]
    │                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^ use a variable in double quotes, such as "$HOOK_BRANCH"; what is not for runhook goes into a script
hooks.json:12:5  error  hooks.df needs "token" or "secret"; add "token": "\${DF_TOKEN}", or "auth": "none" if everybody may call it
hooks.json:13:14 error  hooks.df.url: "/api/df" is one of the server's own addresses; choose another
hooks.json:7:17  warn   hooks.blog.secret is in the file; use "\${BLOG_SECRET}"
6 errors, 1 warning`)
  })

  test('are nothing where there are none', async () => {
    const { shown } = await written({
      hooks: { a: { on: 'manual', secret: REF, run: 'x' } },
    })
    expect(shown).toBe('')
  })

  test('are counted in words', async () => {
    const { shown } = await written({ hooks: {} })
    expect(shown).toBe('hooks.json:1:2 warn   hooks is empty: nothing will ever run\n1 warning')
  })

  test('point at a column that tabs and long lines do not move', async () => {
    const { shown } = await written(`{\n\t"hoks": {}, "hooks": {}\n}`)
    expect(shown.split('\n').slice(0, 3)).toEqual([
      'hooks.json:2:2 error  hoks: unknown key',
      '  2 │ \t"hoks": {}, "hooks": {}',
      '    │ \t^^^^^^ did you mean "hooks"?',
    ])
    const long = await written(`{ "hooks": {}${' '.repeat(500)}, "sever": {} }`)
    expect(long.shown.split('\n').slice(0, 3)).toEqual([
      'hooks.json:1:516 error  sever: unknown key',
      `  1 │ ${' '.repeat(38)}, "sever": {} }`.replace(/^( {2}1 │ ) /, '$1'),
      `    │ ${' '.repeat(39)}^^^^^^^ did you mean "server"?`,
    ])
  })
})

describe('a snippet', () => {
  test('never shows a secret, also under a key that is misspelt or in a file that cannot be read', async () => {
    const scret = await written(
      `{ "hooks": { "a": { "on": "manual", "scret": "${SECRET}", "run": "x" } } }`,
    )
    expect(scret.shown).toBe(`\
hooks.json:1:37 error  hooks.a.scret: unknown key
  1 │ { "hooks": { "a": { "on": "manual", "scret": "${'*'.repeat(SECRET.length)}", "run": "x" } } }
    │                                     ^^^^^^^ did you mean "secret"?
1 error`)
    const list = await written(
      `{ "hooks": { "a": { "secret": ["${SECRET}", "\${B}"], "rnu": 1 } } }`,
    )
    expect(list.shown).not.toContain(SECRET)
    expect(list.shown).toContain('"$' + '{B}"')
    const broken = await written(`{ "hooks": { "a": { "secret": '${SECRET}', "run": "x" } } }`)
    expect(broken.shown).toBe(`\
hooks.json:1:31 error  this word is not JSON
  1 │ { "hooks": { "a": { "secret": '${'*'.repeat(SECRET.length)}', "***"* "*" } } }
    │                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ put keys and texts into "double quotes"
1 error`)
  })

  test('never passes escape sequences on to the terminal', () => {
    const problem = { severity: 'error', line: 1, column: 1, length: 3, path: 'a' } as const
    const shown = renderProblems(
      'hooks.json',
      '{ "x\u001b[2J": 1 }',
      [{ ...problem, message: '"\u001b[2J" is not it', hint: 'try \u009b2J' }],
      { color: false },
    )
    // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })

  test('is coloured only when asked to', () => {
    const problem = { severity: 'error', line: 1, column: 1, length: 1, path: '' } as const
    const problems = [{ ...problem, message: 'no', hint: null }]
    expect(renderProblems('f', '', problems, { color: true })).toBe(
      'f:1:1 \u001b[31merror\u001b[39m  no\n1 error',
    )
  })
})

test('a path is written as in JavaScript, and never ambiguous', () => {
  expect(formatPath(['hooks', 'blog', 'on', 'repo:push', 'branches', 0])).toBe(
    'hooks.blog.on["repo:push"].branches[0]',
  )
  expect(formatPath(['hooks', 'a.b'])).toBe('hooks["a.b"]')
  expect(formatPath([])).toBe('')
})
