import { expect, test } from 'vitest'
import { hashOf } from '../../src/show/admission.ts'
import { NOW, tokensOf } from '../show/world.ts'
import { aShellWithServer, type ShellOptions } from './shell.ts'

const aShell = (options: ShellOptions = {}) => aShellWithServer({ columns: null, ...options })

test('a token is printed once, alone on standard output, and only its hash is kept', async () => {
  const shell = await aShell()
  const { code, out, talk } = await shell.run('token', 'create', 'ci', '--role', 'operator')
  expect(code).toBe(0)
  expect(out).toMatch(/^rh_[A-Za-z0-9_-]{43}\n$/)
  expect(talk).toBe('Token #1 ci: operator, for good. Keep it now; it is not shown again.\n')
  const tokens = tokensOf(shell.world)
  expect(await tokens.find(hashOf(out.trim()))).toMatchObject({
    ...{ name: 'ci', role: 'operator', createdBy: 'ada', expiresAt: null },
  })
  const second = await shell.run('token', 'create', 'other', '--role', 'operator')
  expect(second.out).not.toBe(out)
})

test('a token may expire, and the day is told', async () => {
  const shell = await aShell()
  const before = Date.now()
  const { talk } = await shell.run('token', 'create', 'ci', '--role', 'viewer', '--expires', '90d')
  expect(talk).toMatch(
    /^Token #1 ci: viewer, until \d{4}-\d\d-\d\d\. Keep it now; it is not shown again\.\n$/,
  )
  const [token] = await tokensOf(shell.world).list()
  expect((token?.expiresAt ?? 0) - before - 90 * 86_400_000).toBeLessThan(10_000)
})

test('with --json it is one object', async () => {
  const shell = await aShell()
  const { out } = await shell.run('token', 'create', 'ci', '--role', 'admin', '--json')
  expect(JSON.parse(out)).toEqual({
    token: {
      ...{ id: 1, name: 'ci', role: 'admin', createdAt: expect.any(Number), createdBy: 'ada' },
      ...{ expiresAt: null, lastUsedAt: null, revokedAt: null },
    },
    value: expect.stringMatching(/^rh_/),
  })
})

test.each([
  [
    ['ci'],
    "error: required option '--role <role>' not specified\nSee: runhook token create --help\n",
  ],
  [
    ['ci', '--role', 'root'],
    "error: option '--role <role>' argument 'root' is invalid. Allowed choices are viewer, operator, admin.\nSee: runhook token create --help\n",
  ],
  [
    ['ci', '--role', 'viewer', '--expires', '1y'],
    'error: expires is "1y"; allowed is a number of minutes, hours or days such as 90d, at most 3650d.\n',
  ],
  [
    ['ci', '--role', 'viewer', '--expires', '3651d'],
    'error: expires is "3651d"; allowed is a number of minutes, hours or days such as 90d, at most 3650d.\n',
  ],
  [
    ['7', '--role', 'viewer'],
    'error: name is "7"; allowed is a letter and then up to 62 letters, digits, or . _ @ + -.\n',
  ],
  [
    ['a b', '--role', 'viewer'],
    'error: name is "a b"; allowed is a letter and then up to 62 letters, digits, or . _ @ + -.\n',
  ],
  [
    ['rh_abc', '--role', 'viewer'],
    'error: That is the value of a token; say its name or its number. It is in the history of your shell now: revoke that token.\n',
  ],
])('token create %o is a usage mistake', async (words, talk) => {
  const shell = await aShell()
  expect(await shell.run('token', 'create', ...words)).toEqual({
    code: 2,
    out: '',
    talk,
    screen: talk,
  })
  expect(await tokensOf(shell.world).list()).toEqual([])
})

test('a name that is taken is a conflict, with what to do', async () => {
  const shell = await aShell()
  await shell.run('token', 'create', 'ci', '--role', 'viewer')
  expect(await shell.run('token', 'create', 'ci', '--role', 'viewer')).toMatchObject({
    code: 1,
    out: '',
    talk: 'error: There is a token "ci" already, #1. Take another name, or revoke that one first: runhook token revoke ci\n',
  })
})

test('the list shows who may do what, until when, and who has used it', async () => {
  const shell = await aShell()
  const tokens = tokensOf(shell.world)
  const made = { createdBy: 'ada', expiresAt: null }
  await tokens.create({ ...made, name: 'gone', role: 'viewer', hash: hashOf('1') })
  await tokens.create({
    ...made,
    name: 'old',
    role: 'viewer',
    hash: hashOf('2'),
    expiresAt: NOW - 1,
  })
  const day = NOW + 30 * 86_400_000
  await tokens.create({ ...made, name: 'ci', role: 'operator', hash: hashOf('3'), expiresAt: day })
  await tokens.create({ ...made, name: 'ada', role: 'admin', hash: hashOf('4') })
  await tokens.revoke('gone')
  tokens.used(4, NOW - 120_000)
  const list = async (...words: string[]) => (await shell.run('token', 'list', ...words)).out
  const cells = async (...words: string[]) => {
    const lines = (await list(...words)).trimEnd().split('\n')
    // When they were made follows the clock of the server, not that of the shell.
    return lines.map((line) => line.split(/ {2,}/).map((cell) => cell.replace(/.+ by /, 'by ')))
  }
  expect(await cells()).toEqual([
    ['', 'TOKEN', 'NAME', 'ROLE', 'MADE', 'EXPIRES', 'LAST USED'],
    ['✓ #4', 'ada', 'admin', 'by ada', 'never', '2m ago'],
    ['✓ #3', 'ci', 'operator', 'by ada', '2026-12-23', 'never'],
    ['◷ #2', 'old', 'viewer', 'by ada', '2026-11-23 (over)', 'never'],
  ])
  expect((await cells('--all')).at(-1)).toEqual([
    ...['⊘ #1', 'gone', 'viewer', 'by ada', 'revoked', 'never'],
  ])
  const names = JSON.parse(await list('--json')).tokens.map((one: { name: string }) => one.name)
  expect(names).toEqual(['ada', 'ci', 'old'])
})

test('where there are none, that is said, with what to do next', async () => {
  const shell = await aShell()
  expect(await shell.run('token', 'list')).toMatchObject({
    code: 0,
    out: '',
    talk: 'No tokens. "runhook token create NAME --role viewer" makes one.\n',
  })
})

test('a token is revoked by its name or its number', async () => {
  const shell = await aShell()
  await shell.run('token', 'create', 'one', '--role', 'viewer')
  await shell.run('token', 'create', 'two', '--role', 'viewer')
  expect(await shell.run('token', 'revoke', 'two')).toMatchObject({
    code: 0,
    out: '#2 two is revoked: it opens nothing any more.\n',
  })
  expect((await shell.run('token', 'revoke', '#1')).code).toBe(0)
  expect((await tokensOf(shell.world).list()).map((one) => one.revokedAt !== null)).toEqual([
    true,
    true,
  ])
  expect(await shell.run('token', 'revoke', 'two')).toMatchObject({
    code: 3,
    talk: 'error: There is no valid token "two". "runhook token list" shows them all.\n',
  })
})

test('whoever types the value of a token is told so, and nobody else is', async () => {
  const shell = await aShell()
  const value = (await shell.run('token', 'create', 'ci', '--role', 'viewer')).out.trim()
  const { code, screen } = await shell.run('token', 'revoke', value)
  expect([code, screen]).toEqual([
    2,
    'error: That is the value of a token; say its name or its number. It is in the history of your shell now: revoke that token.\n',
  ])
})

test('without a verb of its own its help is shown as a mistake', async () => {
  const shell = await aShell()
  const { code, out, talk } = await shell.run('token')
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(talk).toContain('Usage: runhook token [options] [command]')
  expect((await shell.run('token', 'remove', 'x')).talk).toBe(
    "error: unknown command 'remove'\n(Did you mean revoke?)\nSee: runhook token --help\n",
  )
})
