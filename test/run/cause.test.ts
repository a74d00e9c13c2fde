import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { accountsHere, userNamed } from '../../src/hooks/users.ts'
import { causeOf } from '../../src/run/cause.ts'
import type { CommandSpec } from '../../src/run/command.ts'
import { testUnless } from '../needs.ts'
import { aDirectory, noTerms } from '../some.ts'
import { aBench, shell } from './runs.ts'

const PATH = '/usr/local/bin:/usr/bin:/bin'

/** A home with a program that no PATH finds, and a folder to work in. */
function aPlace() {
  const home = aDirectory()
  const bin = join(home, '.nvm/versions/node/v24.1.0/bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'deploy-tool'), '#!/bin/sh\n', { mode: 0o755 })
  const spec = (line: string, more: Partial<CommandSpec> = {}): CommandSpec => ({
    argv: ['/bin/sh', '-e', '-c', line],
    workingDirectory: home,
    env: { PATH, HOME: home },
    ...more,
  })
  return { home, bin, spec }
}

test.each([
  [128, 'error: could not lock config file /nonexist/.gitconfig: No such file or directory'],
  [1, 'mkdir: cannot create directory ‘/nonexist’: Permission denied'],
  [2, '/bin/sh: 1: cannot create /nonexist/.cache: Directory nonexistent'],
  [243, "npm error [Error: EACCES: permission denied, mkdir '/nonexist/.npm']"],
])('a home that does not exist is the cause (%i, %s)', (code, said) => {
  const { spec } = aPlace()
  const more = { env: { PATH, HOME: '/nonexist' } }
  expect(causeOf(code, said, spec('true', more))).toBe(
    'HOME is /nonexist, which does not exist; set "HOME" in "env" to a folder that does, or leave it out',
  )
  const user = { name: 'ada', uid: 7, gid: 7, home: '/nonexist', shell: '/bin/sh' }
  expect(causeOf(code, said, spec('true', { ...more, terms: { ...noTerms, user } }))).toBe(
    'HOME is /nonexist, the home of ada, which does not exist; set "HOME" in "env" to a folder of ada',
  )
  expect(causeOf(code, said, spec('true'))).toBeNull()
  expect(causeOf(code, said.replaceAll('/nonexist', '/nonexistent'), spec('true', more))).toBeNull()
})

test.each([
  ['sh', 'sh: 1: deploy-tool: not found'],
  ['a script of sh', './deploy.sh: 3: deploy-tool: not found'],
  ['bash', 'bash: line 1: deploy-tool: command not found'],
  ['a script of bash', '/srv/deploy.sh: line 12: deploy-tool: command not found'],
  ['exec', 'sh: 1: exec: deploy-tool: not found'],
  ['env', "/usr/bin/env: 'deploy-tool': No such file or directory"],
  ['env of another language', 'env: ‘deploy-tool’: No such file or directory'],
])('a program that PATH lacks is found where it is, in the words of %s', (_, said) => {
  const { bin, spec } = aPlace()
  expect(causeOf(127, `hello\n${said}\n`, spec('./deploy.sh'))).toBe(
    `command not found: deploy-tool is not in PATH (${PATH}); it is in ${bin}: add that folder to PATH in "env"`,
  )
})

test('a program that is nowhere is named only where the hooks file names it', () => {
  const { spec } = aPlace()
  const said = 'sh: 1: no-such-tool: not found\n'
  expect(causeOf(127, said, spec('no-such-tool --now'))).toBe(
    `command not found: no-such-tool is in no directory of PATH (${PATH})`,
  )
  expect(causeOf(127, said, spec('./deploy.sh'))).toBeNull()
})

test('a script whose interpreter is missing is not called missing itself', () => {
  const { home, spec } = aPlace()
  const file = join(home, 'x.sh')
  writeFileSync(file, '#!/usr/bin/pyton\n', { mode: 0o755 })
  expect(causeOf(127, 'sh: 1: ./x.sh: not found\n', spec('./x.sh'))).toBe(
    `the first line of ${file} asks for /usr/bin/pyton, which does not exist. Install it, or correct that line`,
  )
  expect(causeOf(127, 'sh: 1: ./y.sh: not found\n', spec('./y.sh'))).toBe(
    `there is no ${join(home, 'y.sh')}`,
  )
})

const asRoot = testUnless(process.getuid?.() === 0 ? null : 'this is not root')

asRoot('what another user may not do is told with whose it is and who asked', () => {
  const { home, spec } = aPlace()
  const user = userNamed('nobody', accountsHere())
  const as = { terms: { ...noTerms, user } }
  chmodSync(home, 0o755)
  writeFileSync(join(home, 'key'), 'x', { mode: 0o600 })
  expect(causeOf(1, `cat: ${home}/key: Permission denied\n`, spec('cat key', as))).toBe(
    `${home}/key may not be read by nobody: it belongs to root, mode 0600`,
  )
  chmodSync(home, 0o700)
  expect(causeOf(1, 'cat: key: Permission denied\n', spec('cat key', as))).toBe(
    `${home} may not be entered by nobody: it belongs to root, mode 0700`,
  )
})

test('a file that is not executable is the reason of 126', () => {
  const { home, spec } = aPlace()
  writeFileSync(join(home, 'x.sh'), '#!/bin/sh\n', { mode: 0o644 })
  const cause = causeOf(126, 'sh: 1: ./x.sh: Permission denied\n', spec('./x.sh'))
  expect(cause).toBe(`${home}/x.sh is not executable. Run: chmod +x ${home}/x.sh`)
})

test("git's dubious ownership is told with the owner and what to do", () => {
  const { home, spec } = aPlace()
  const said = `fatal: detected dubious ownership in repository at '${home}'\nTo add an exception\n`
  expect(causeOf(128, said, spec('git pull'))).toMatch(
    /^git works in a folder only for its owner, and .* is another's: it belongs to \S+, mode 0700\. Set "user" to the owner, or run: git config --global --add safe\.directory /,
  )
})

test("nothing is made up: not of a success, a stranger's words, or a path that is not there", () => {
  const { spec } = aPlace()
  expect(causeOf(0, 'sh: 1: deploy-tool: not found\n', spec('x'))).toBeNull()
  expect(causeOf(1, 'sh: 1: deploy-tool: not found\n', spec('x'))).toBeNull()
  expect(causeOf(127, 'sh: 1: $(id); rm: not found\n', spec('x'))).toBeNull()
  expect(causeOf(1, 'open /no/such: Permission denied\n', spec('x'))).toBeNull()
  expect(causeOf(3, '', spec('x'))).toBeNull()
})

test('the cause stands in the reason of the run', async () => {
  const { run, directory } = aBench()
  const bin = join(directory, '.local/bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'deploy-tool'), '#!/bin/sh\n', { mode: 0o755 })
  const end = await run([shell('deploy-tool now')], { hook: { env: { HOME: directory } } })
  expect(end.reason).toContain(
    `step 1 (deploy-tool now) failed with exit code 127: command not found: deploy-tool is not in PATH (`,
  )
  expect(end.reason).toContain(`it is in ${bin}: add that folder to PATH in "env"`)
})
