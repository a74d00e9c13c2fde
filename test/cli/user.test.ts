import { expect, test } from 'vitest'
import { isPassword } from '../../src/access/password.ts'
import { accountsOf } from '../show/world.ts'
import { aShellWithServer } from './shell.ts'

const PASSWORD = 'correct horse battery'
const aShell = (input = '') => aShellWithServer({ columns: null, input })

test('a user is made with a link, alone on standard output', async () => {
  const shell = await aShell()
  const { code, out, talk } = await shell.run('user', 'add', 'ada', '--role', 'operator')
  expect(code).toBe(0)
  expect(out).toMatch(/^http:\/\/127\.0\.0\.1:9000\/-\/link\/[\w-]{43}\n$/)
  expect(talk).toBe('ada is operator. The link works once, within 15 minutes.\n')
  const { out: another, talk: said } = await shell.run('user', 'link', 'ada')
  expect(another).not.toBe(out)
  expect(said).toBe('The link works once, within 15 minutes. Earlier ones for ada work no more.\n')
})

test('a password comes from standard input, its first line and nothing of it in any answer', async () => {
  const shell = await aShell(`${PASSWORD}\nsomething else`)
  await shell.run('user', 'add', 'ada', '--role', 'viewer')
  const { code, screen } = await shell.run('user', 'password', 'ada')
  expect([code, screen]).toEqual([0, 'ada has a new password, and is signed out everywhere.\n'])
  const { users } = accountsOf(shell.world)
  expect(await isPassword(PASSWORD, await users.passwordOf('ada'))).toBe(true)
})

test('a password that is too short is refused, and not repeated', async () => {
  const shell = await aShell('hunter2')
  await shell.run('user', 'add', 'ada', '--role', 'viewer')
  expect(await shell.run('user', 'password', 'ada')).toMatchObject({
    code: 2,
    screen: 'error: The password has 7 characters; take at least 12.\n',
  })
})

test('the list shows who may do what; the rest changes it', async () => {
  const shell = await aShell()
  expect((await shell.run('user', 'list')).talk).toBe(
    'No users. "runhook user add NAME --role admin" makes one.\n',
  )
  for (const name of ['bob', 'ada', 'carl'])
    await shell.run('user', 'add', name, '--role', 'viewer')
  expect((await shell.run('user', 'role', 'ada', 'admin')).out).toBe('ada is admin.\n')
  expect((await shell.run('user', 'disable', 'bob')).out).toBe(
    'bob is signed out and cannot come in any more.\n',
  )
  expect((await shell.run('user', 'remove', 'carl')).out).toBe(
    'carl is removed. What was done under the name stays on record.\n',
  )
  const lines = (await shell.run('user', 'list')).out.trimEnd().split('\n')
  const cells = lines.map((line) => line.split(/ {2,}/).slice(0, 3))
  expect(cells).toEqual([
    ['', 'NAME', 'ROLE'],
    ['✓ ada', 'admin', 'none'],
    ['⊘ bob', 'viewer (disabled)', 'none'],
  ])
  expect((await shell.run('user', 'enable', 'bob')).out).toBe('bob may come in.\n')
  const { users } = JSON.parse((await shell.run('user', 'list', '--json')).out)
  expect(users).toMatchObject([{ name: 'ada' }, { name: 'bob', disabledAt: null }])
})

test.each<[string[], number, string]>([
  [
    ['add', 'ada'],
    2,
    "error: required option '--role <role>' not specified\nSee: runhook user add --help\n",
  ],
  [
    ['add', 'a b', '--role', 'viewer'],
    2,
    'error: name is "a b"; allowed is up to 63 letters, digits, or . _ @ + -, with a letter or a digit first.\n',
  ],
  [
    ['role', 'nobody', 'root'],
    2,
    'error: role is "root"; allowed is one of viewer, operator, admin.\n',
  ],
  [
    ['link', 'nobody'],
    3,
    'error: There is no user "nobody". "runhook user list" shows them all; "runhook user add nobody --role viewer" makes one.\n',
  ],
])('user %j is refused with what to do', async (words, code, talk) => {
  const shell = await aShell()
  expect(await shell.run('user', ...words)).toMatchObject({ code, out: '', talk })
})

test('the audit log is a table of who did what', async () => {
  const shell = await aShell()
  expect((await shell.run('audit')).talk).toBe('Nothing is on record yet.\n')
  await shell.run('user', 'add', 'grace', '--role', 'viewer')
  await shell.run('user', 'link', 'nobody')
  await shell.run('user', 'remove', 'grace')
  const lines = (await shell.run('audit')).out.trimEnd().split('\n')
  expect(lines.map((line) => line.split(/ {2,}/).slice(1))).toEqual([
    ['WHEN', 'WHO', 'BY', 'FROM', 'WHAT', 'OF', 'OUTCOME'],
    ['ada', 'socket', 'here', 'user.remove', 'user grace', 'ok'],
    ['ada', 'socket', 'here', 'user.link', 'user nobody', 'not-found'],
    ['ada', 'socket', 'here', 'user.add', 'user grace (viewer)', 'ok'],
  ])
  const { rows } = JSON.parse((await shell.run('audit', '--limit', '1', '--json')).out)
  expect(rows).toMatchObject([{ who: 'ada', what: 'user.remove' }])
})
