/** What fails in hooks and not by hand, made to fail with the real programs. */

import { chmodSync, chownSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { accountsHere, userNamed } from '../../src/hooks/users.ts'
import type { Hook } from '../../src/model/hook.ts'
import { clueIn, hintFor } from '../../src/run/hint.ts'
import { aWorkTree, type Repositories } from '../git.ts'
import { needs, testUnless } from '../needs.ts'
import { noTerms } from '../some.ts'
import { anSshServer } from '../sshd.ts'
import { aBench, shell } from './runs.ts'

const { username: me, homedir: home } = userInfo()
const asRoot = testUnless(process.getuid?.() === 0 ? null : 'this is not root')

/** The reason of a run of one line, without the step and its code. */
async function whyFails(line: string, hook: Partial<Hook> = {}): Promise<string> {
  const { status, reason, text } = await aBench().run([shell(line)], { hook })
  expect({ status, text }).toMatchObject({ status: 'failure' })
  return reason?.replace(/^step 1 \(.*?\) failed with exit code \d+(: )?/s, '') ?? ''
}

const inTree = ({ tree, folder }: Repositories, env: Record<string, string> = {}) => ({
  workingDirectory: tree,
  env: { HOME: folder, GIT_CONFIG_NOSYSTEM: '1', ...env },
})

describe('git', () => {
  asRoot('refuses the work tree of somebody else', async () => {
    const site = aWorkTree()
    chownSync(site.tree, 65534, 65534)
    chownSync(join(site.tree, '.git'), 65534, 65534)
    expect(await whyFails('git pull', inTree(site))).toMatch(
      /^git works in a folder only for its owner, and \S+ is another's: .* Set "user" to the owner, or run: git config/,
    )
  })

  test('is not in a work tree', async () => {
    const site = aWorkTree()
    expect(await whyFails('git pull', { ...inTree(site), workingDirectory: site.folder })).toBe(
      `there is no git work tree where it ran, which begins in ${site.folder}: correct "working-directory", or clone into it once`,
    )
  })

  test.each([
    ['changed here', (one: Repositories) => one.write('README.md', 'mine\n'), 'local-changes'],
    [
      'a commit of its own',
      (one: Repositories) => {
        one.write('a', 'mine\n')
        one.commit('mine')
      },
      'diverged',
    ],
    ['no branch', (one: Repositories) => one.git('checkout', '--quiet', '--detach'), 'detached'],
    ['no upstream', (one: Repositories) => one.git('branch', '--unset-upstream'), 'no-upstream'],
    [
      'a lock',
      (one: Repositories) => writeFileSync(join(one.tree, '.git/index.lock'), ''),
      'git-lock',
    ],
  ] as const)('cannot pull into a work tree with %s', async (_, happen, clue) => {
    const site = aWorkTree()
    site.write('README.md', 'two\n')
    site.commit('two')
    site.git('push', '--quiet')
    site.git('reset', '--quiet', '--hard', 'HEAD~1')
    happen(site)
    const { text, reason } = await aBench().run([shell('git pull --ff-only')], {
      hook: inTree(site),
    })
    expect({ text, clue: clueIn(text) }).toEqual({ text, clue })
    expect(reason).toMatch(/failed with exit code \d+: \w/)
  })

  test('cannot be asked for a password', async () => {
    const { aListener } = await import('../cli/listener.ts')
    const { url } = await aListener({
      status: 401,
      text: '',
      headers: { 'www-authenticate': 'Basic realm="x"' },
    })
    const site = aWorkTree()
    site.git('remote', 'set-url', 'origin', `${url}/acme/site.git`)
    expect(await whyFails('git fetch', inTree(site))).toMatch(
      /^git asks for a user name or password/,
    )
  })

  test('does not find the host, or the repository', async () => {
    const site = aWorkTree()
    site.git('remote', 'set-url', 'origin', 'https://git.invalid/acme/site.git')
    expect(await whyFails('git fetch', inTree(site))).toMatch(/^a host name could not be looked up/)
    site.git('remote', 'set-url', 'origin', `${site.folder}/none.git`)
    expect(await whyFails('git fetch', inTree(site))).toMatch(/^there is no such repository/)
  })

  needs('/usr/sbin/sshd')('does not know the SSH server, then is not known to it', async () => {
    const [site, server] = [aWorkTree(), await anSshServer()]
    site.git('remote', 'set-url', 'origin', server.url + site.bare)
    const hook = inTree(site, { GIT_SSH_COMMAND: server.command })
    expect(await whyFails('git fetch', hook)).toBe(
      `the SSH server's host key is not in ${home}/.ssh/known_hosts: connect once by hand as ${me} and compare the fingerprint`,
    )
    server.know()
    expect(await whyFails('git fetch', hook)).toBe(
      `the SSH server took no key that ${me} has: put a deploy key without a passphrase into ${home}/.ssh, and its public half at the Git host; the agent of your own shell is not there in a hook`,
    )
    server.authorize()
    const end = await aBench().run([shell('git fetch')], { hook })
    expect(end).toMatchObject({ status: 'success', reason: null })
  })
})

describe('a shell', () => {
  const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

  test('does not find a program that a script of the line calls', async () => {
    expect(await whyFails("sh -c 'pip-of-the-venv install' || exit 1")).toBe(
      `a program was not found; PATH is ${PATH}. Your own shell may have more in it: write the whole path of the program, or set PATH in "env"`,
    )
    expect(await whyFails("bash -c 'pip-of-the-venv install' || exit 1")).toMatch(/^a program was/)
  })

  test('does not know what only bash knows', async () => {
    expect(await whyFails('source .venv/bin/activate')).toMatch(/^that is a command of bash/)
  })

  test.each([
    ['#!/opt/none/bin/python\n', 'bash -c ./run || exit 1', 'interpreter'],
    ['#!/usr/bin/env none-such\n', './run', 'interpreter'],
    ['#!/usr/bin/env sh\r\n', './run', 'carriage-return'],
  ] as const)('cannot run a script that begins with %j', async (first, line, clue) => {
    const bench = aBench()
    const file = join(bench.directory, 'run')
    writeFileSync(file, first)
    chmodSync(file, 0o755)
    const { text, status } = await bench.run([shell(line)])
    expect({ status, text, clue: clueIn(text) }).toEqual({ status: 'failure', text, clue })
  })

  test('misses HOME where a command takes it out', async () => {
    expect(await whyFails('unset HOME; set -u; cd "$HOME/site"')).toBe(
      `HOME was taken out of the environment: runhook gives HOME=${home}`,
    )
  })
})

describe('a program', () => {
  test('has no room on the disk', async () => {
    expect(await whyFails('cat /etc/passwd > /dev/full')).toMatch(/^a disk is full/)
  })

  needs('tput')('has no terminal to draw on', async () => {
    expect(await whyFails('tput setaf 1')).toMatch(/^there is no terminal in a hook/)
  })

  needs('sudo')('gets no password for sudo', async () => {
    const nobody = 'setpriv --reuid 65534 --regid 65534 --clear-groups'
    const line = process.getuid?.() === 0 ? `${nobody} sudo true` : 'sudo -k true'
    expect(await whyFails(line)).toMatch(/^sudo wants a password of .*NOPASSWD$/)
  })

  needs('sudo')('gets no rights by sudo in a service without new privileges', async () => {
    const line = 'setpriv --no-new-privs --reuid 65534 --regid 65534 --clear-groups sudo true'
    const own = 'setpriv --no-new-privs sudo true'
    expect(await whyFails(process.getuid?.() === 0 ? line : own)).toMatch(/NoNewPrivileges/)
  })

  asRoot('may not touch what another user left there', async () => {
    const nobody = 'setpriv --reuid 65534 --regid 65534 --clear-groups'
    expect(await whyFails(`${nobody} touch README.md`)).toMatch(/may not use a file or folder/)
  })
})

// ---- programs that this machine need not have: their texts as they print them ------------------------

const where = {
  user: 'deploy',
  home: '/home/deploy',
  workingDirectory: '/srv',
  env: { PATH: '/bin' },
}

test.each([
  [
    'ssh: connect to host git.example.com port 22: Connection refused\nfatal: Could not',
    'connection',
  ],
  ['remote: Repository not found.\nfatal: repository', 'no-repository'],
  ['ERROR: Repository not found.\nfatal: Could not read from remote repository.', 'no-repository'],
  ["fatal: Authentication failed for 'https://git.example.com/a/b.git/'", 'git-login'],
  [
    '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.',
    'host-key-changed',
  ],
  ['git@git.example.com: Permission denied (publickey,password).', 'ssh-key'],
  [
    'ssh: Could not resolve hostname git.example.com: Temporary failure in name resolution',
    'host-name',
  ],
  [
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    'docker-daemon',
  ],
  [
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
    'docker-permission',
  ],
  [
    'permission denied while trying to connect to the docker API at unix:///var/run/docker.sock',
    'docker-permission',
  ],
  [
    'Failed to connect to bus: $DBUS_SESSION_BUS_ADDRESS and $XDG_RUNTIME_DIR not defined (consider using --machine=<user>@.host --user to connect to bus of other user)',
    'user-bus',
  ],
  ['Failed to connect to bus: No medium found', 'user-bus'],
  ['Failed to restart nginx.service: Interactive authentication required.', 'polkit'],
  ['npm error Error: EACCES: permission denied, mkdir', 'permission'],
] as const)('%s', (output, clue) => {
  expect(clueIn(output)).toBe(clue)
  expect(hintFor(output, 1, where, false)).toMatch(/^[^\n]{20,}[^.]$/)
})

test('a hint repeats nothing of the output', () => {
  const output = "fatal: detected dubious ownership in repository at '/srv/$(evil)\u202e'"
  expect(hintFor(output, 128, where, true)).not.toMatch(/evil|\u202e/)
})

test('output that says nothing known has no hint', () => {
  expect(hintFor('1 test failed\n', 1, where, true)).toBe('')
  expect(hintFor('', null, where, true)).toBe('')
  expect(hintFor('', 127, where, false)).toBe('')
})

describe('limits', () => {
  const limited = (
    limits: Partial<Hook['terms']['limits']>,
    user: Hook['terms']['user'] = null,
  ) => ({
    terms: { ...noTerms, user, limits: { ...noTerms.limits, ...limits } },
  })
  const alone = (line: string, hook: Partial<Hook>) =>
    whyFails(line, { workingDirectory: '/', ...hook })

  needs('/usr/bin/python3')('of memory are named with their size', async () => {
    const line = "/usr/bin/python3 -c 'bytearray(10**10)'"
    expect(await alone(line, limited({ memory: 512 * 2 ** 20 }))).toBe(
      'it reached its limit of memory, 512 MiB: raise "memory" in "limits"',
    )
  })

  asRoot('of processes are named with their number', async () => {
    const user = userNamed('nobody', accountsHere())
    expect(await alone('(true); true', limited({ pids: 1 }, user))).toMatch(
      /^it reached its limit of 1 processes: raise "pids" in "limits"/,
    )
  })

  test.each([
    ['MemoryError', 'memory'],
    ["terminate called after throwing an instance of 'std::bad_alloc'", 'memory'],
    ['fatal: Out of memory, malloc failed', 'memory'],
    ['FATAL ERROR: JavaScript heap out of memory', null],
    ['bash: fork: retry: Resource temporarily unavailable', 'processes'],
    ['sh: 0: Cannot fork', 'processes'],
    ['Error: spawn /bin/sh EAGAIN', 'processes'],
    ["RuntimeError: can't start new thread", 'processes'],
  ])('are seen in %j', (said, clue) => {
    expect(clueIn(`${said}\n`)).toBe(clue)
    if (clue === null) return
    const where = { user: 'ada', home: '/home/ada', workingDirectory: '/', env: {} }
    expect(hintFor(said, 1, where, true)).not.toContain('its limit')
  })
})

test('what opens the terminal finds none', async () => {
  expect(await whyFails('read answer </dev/tty')).toMatch(/^there is no terminal in a hook, and/)
  expect(clueIn('the input device is not a TTY')).toBe('no-terminal')
})

test('a home that does not exist is named', async () => {
  const env = { HOME: '/nonexist', GIT_CONFIG_NOSYSTEM: '1' }
  expect(await whyFails('git config --global user.name ada', { env })).toMatch(
    /^HOME is \/nonexist, which does not exist; set "HOME" in "env"/,
  )
})
