import { describe, expect, test } from 'vitest'
import { hookOf, linesOf, written } from './written.ts'

const hook = (url: string) => ({ url, auth: 'none', 'allow-from': '10.0.0.0/8', run: 'true' })

describe("a hook's url", () => {
  test.each([
    '/df',
    '/ops/df-h',
    '/a.b_c~d/1',
    '/hook',
    '/apis',
    '/HOOKS',
    '/runs2',
    '/.well-known/x',
  ])('may be %s', async (url) => {
    expect((await hookOf(hook(url))).path).toBe(url)
  })

  test.each([
    ['df', 'does not begin with "/"; write "/df"'],
    [
      'https://example.com/df',
      'is more than a path; write what comes after the host, such as "/df"',
    ],
    ['/', 'is the server\'s own; choose another, such as "/df"'],
    ['/df?x=1', 'has a query; a hook answers at a path, whatever the query'],
    ['/df#x', 'has a query; a hook answers at a path, whatever the query'],
    ['/df/', 'ends in "/"; leave that out'],
    ['/a//b', 'has "//"; write one "/"'],
    ['//evil.example', 'has "//"; write one "/"'],
    ['/a/../b', 'has "." or ".." as a folder; write the path out'],
    ['/./b', 'has "." or ".." as a folder; write the path out'],
    ['/a%2fb', 'has "%"; use letters, digits, "-", "_", ".", "~" and "/"'],
    ['/a b', 'has " "; use letters, digits, "-", "_", ".", "~" and "/"'],
    ['/a\\b', 'has "\\\\"; use letters, digits, "-", "_", ".", "~" and "/"'],
    ['/a\nb', 'has "\\n"; use letters, digits, "-", "_", ".", "~" and "/"'],
    ['/:id', 'has ":"; use letters, digits, "-", "_", ".", "~" and "/"'],
    ['/*', 'has "*"; use letters, digits, "-", "_", ".", "~" and "/"'],
    ['/ä', 'has "ä"; use letters, digits, "-", "_", ".", "~" and "/"'],
  ])('may not be %j', async (url, problem) => {
    expect(await linesOf(hook(url))).toEqual([
      `error hooks.a.url: ${JSON.stringify(url)} ${problem}`,
    ])
  })

  test.each([
    ...['/healthz', '/metrics', '/hooks', '/hooks/b', '/api', '/api/runs', '/github', '/gitlab'],
    ...['/bitbucket', '/bitbucket-dc', '/gitea', '/forgejo', '/gogs', '/webhook', '/runs'],
    ...['/runs/1', '/deliveries', '/deliveries/1', '/login', '/login/x', '/logout', '/setup'],
    ...['/setup/1', '/badge/a.svg', '/workers/1', '/audit', '/hooks.schema.json', '/assets/a.css'],
  ])("may not be the server's own %s", async (url) => {
    expect(await linesOf(hook(url))).toEqual([
      `error hooks.a.url: "${url}" is one of the server's own addresses; choose another`,
    ])
  })

  test('is for one hook alone', async () => {
    const { lines } = await written({ hooks: { a: hook('/df'), b: hook('/df'), c: hook('/c') } })
    expect(lines).toEqual(['error hooks.b.url answers at /df, as hooks.a does already'])
  })
})
