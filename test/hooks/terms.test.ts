/** On which terms a command runs: `user`, `umask`, `nice`, `limits`, `leftovers`. */

import { describe, expect, test } from 'vitest'
import { type Accounts, mayBecomeOthers, userNamed } from '../../src/hooks/users.ts'
import { testUnless } from '../needs.ts'
import { noTerms } from '../some.ts'
import { cases, hookOf, linesOf, REF } from './written.ts'

const manual = { on: 'manual', secret: REF, run: 'true' }
const asRoot = testUnless(process.getuid?.() === 0 ? null : 'this is not root')

describe('terms', () => {
  test('are those of the hook, else of the defaults, each limit by itself', async () => {
    const defaults = { umask: '0022', nice: 5, limits: { memory: '1GiB', pids: 100 } }
    const { terms } = await hookOf(
      { ...manual, nice: 0, limits: { pids: 7, 'open-files': 64 } },
      { defaults },
    )
    expect(terms).toEqual({
      ...noTerms,
      umask: 0o022,
      nice: 0,
      limits: { memory: 2 ** 30, pids: 7, openFiles: 64 },
    })
    expect((await hookOf({ ...manual, leftovers: 'keep' })).terms.leftovers).toBe('keep')
  })

  asRoot("a user is known by name or number, and the server's own needs nothing", async () => {
    const nobody = { name: 'nobody', uid: 65534, gid: 65534 }
    expect((await hookOf({ ...manual, user: 'nobody' })).terms.user).toMatchObject(nobody)
    expect((await hookOf({ ...manual, user: 65534 })).terms.user).toMatchObject(nobody)
    expect((await hookOf({ ...manual, user: 'root' })).terms.user).toBeNull()
    const { terms } = await hookOf({ ...manual, user: 'root' }, { defaults: { user: 'nobody' } })
    expect(terms.user).toBeNull()
  })

  cases([
    [
      'an unknown user, and who was meant',
      { ...manual, user: 'nobdy' },
      'error hooks.a.user names "nobdy", and no such user is in /etc/passwd',
    ],
    [
      'an unknown number',
      { ...manual, user: 54321 },
      'error hooks.a.user names "54321", and no such user is in /etc/passwd',
    ],
    [
      'a umask that is none',
      { ...manual, umask: '999' },
      'error hooks.a.umask: "999" is not a umask; write "0022", "0002" or "0077"',
    ],
    [
      'a umask as a number',
      { ...manual, umask: 22 },
      'error hooks.a.umask: 22 is not a umask; write "0022", "0002" or "0077"',
    ],
    [
      'a niceness out of bounds',
      { ...manual, nice: 20 },
      'error hooks.a.nice: 20 is not a niceness; write a whole number from -20 to 19',
    ],
    [
      'a size that is none',
      { ...manual, limits: { memory: '512 mb' } },
      'error hooks.a.limits.memory: "512 mb" is not a size; write "512MB"',
    ],
    [
      'too little memory',
      { ...manual, limits: { memory: '512B' } },
      'error hooks.a.limits.memory leaves too little for any command to start; write "512MiB", say',
    ],
    [
      'another word for a limit',
      { ...manual, limits: { nofile: 9 } },
      'error hooks.a.limits.nofile: unknown key',
    ],
    [
      'another word for the user',
      { ...manual, 'run-as': 'nobody' },
      'error hooks.a.run-as: unknown key',
    ],
    [
      'what to do with leftovers',
      { ...manual, leftovers: 'leave' },
      'error hooks.a.leftovers: "leave" is not "kill" or "keep"',
    ],
  ])

  test('a mistake in the defaults is told once, though every hook has it', async () => {
    expect(await linesOf(manual)).toEqual([])
  })
})

describe('users', () => {
  const accounts = (fields: Partial<Accounts>): Accounts => ({
    passwd:
      'root:x:0:0:root:/root:/bin/bash\nada:x:1000:1001:Ada:/home/ada:\n1000:x:7:7::/:/bin/sh\nbroken\n',
    uid: 1000,
    status: '',
    ...fields,
  })

  test('are read from /etc/passwd, names before numbers', () => {
    expect(userNamed('ada', accounts({}))).toEqual({
      name: 'ada',
      uid: 1000,
      gid: 1001,
      home: '/home/ada',
      shell: '/bin/sh',
    })
    expect(userNamed('1000', accounts({}))?.uid).toBe(7)
    expect(userNamed('0', accounts({}))?.name).toBe('root')
    expect(userNamed('broken', accounts({}))).toBeNull()
    expect(userNamed('', accounts({}))).toBeNull()
  })

  test('only root becomes others, or who was given the capabilities to pass on', () => {
    expect(mayBecomeOthers(accounts({ uid: 0 }))).toBe(true)
    expect(mayBecomeOthers(accounts({}))).toBe(false)
    expect(mayBecomeOthers(accounts({ status: 'CapEff:\t00000000000000e1\n' }))).toBe(false)
    expect(mayBecomeOthers(accounts({ status: 'CapAmb:\t00000000000000e1\n' }))).toBe(true)
    expect(mayBecomeOthers(accounts({ status: 'CapAmb:\t00000000000000c0\n' }))).toBe(false)
  })
})
