/** Work trees as they are found on servers, with real git, and a real SSH server where there is one. */

import { chownSync, existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aListener } from '../cli/listener.ts'
import { aWorkTree } from '../git.ts'
import { needs, testUnless } from '../needs.ts'
import { aTrigger } from '../some.ts'
import { anSshServer } from '../sshd.ts'
import { findings, inTree } from './hooks.ts'

const { username: me, homedir: home } = userInfo()
const asRoot = testUnless(process.getuid?.() === 0 ? null : 'this is not root')
const PULL = 'git pull --ff-only'

test('a clean tree whose remote answers is all right, and nothing in it changes', async () => {
  const site = aWorkTree()
  const index = join(site.tree, '.git/index')
  const before = [readFileSync(index), statSync(index).mtimeMs]
  expect(await findings(inTree(site, PULL))).toEqual([
    `✓ folder: works in ${site.tree}`,
    '✓ programs: finds /bin/sh, git',
    `✓ work-tree: ${site.tree} is a clean work tree of ${me}, on main`,
    `✓ remote: ${site.bare} lets ${me} in`,
  ])
  expect([readFileSync(index), statSync(index).mtimeMs]).toEqual(before)
  expect(site.git('for-each-ref', '--format=%(refname)')).not.toContain('FETCH_HEAD')
})

test('a tree without its remote is told the address to add', async () => {
  const site = aWorkTree()
  site.git('remote', 'rename', 'origin', 'old')
  site.git('config', 'branch.main.remote', 'origin')
  const repositories = [{ host: 'gitlab' as const, name: 'acme/site' }]
  expect(await findings({ ...inTree(site, PULL), repositories })).toContain(
    '  git remote add origin git@gitlab.com:acme/site.git',
  )
})

test('a remote is asked only by who will ask it', async () => {
  const site = aWorkTree()
  site.git('remote', 'set-url', 'origin', '/nowhere/acme/site')
  expect((await findings(inTree(site, 'git describe'))).join('\n')).not.toContain('remote')
})

asRoot('a tree of another user is told, with both ways out', async () => {
  const site = aWorkTree()
  for (const path of [site.tree, join(site.tree, '.git')]) chownSync(path, 65534, 65534)
  expect(await findings(inTree(site, PULL))).toEqual(
    expect.arrayContaining([
      `✗ work-tree: ${site.tree} belongs to another user than ${me}: git will refuse it ("dubious ownership")`,
      `  chown -R ${me} ${site.tree}`,
      `  or: sudo -u ${me} git config --global --add safe.directory ${site.tree}`,
    ]),
  )
})

test('a folder that is no work tree is told', async () => {
  const site = aWorkTree()
  const hook = { ...inTree(site, PULL), workingDirectory: site.folder }
  expect(await findings(hook)).toContain(`✗ work-tree: ${site.folder} is no git work tree`)
})

test('changes made by hand are told where they would be in the way', async () => {
  const site = aWorkTree()
  site.write('README.md', 'mine\n')
  expect(await findings(inTree(site, PULL))).toEqual(
    expect.arrayContaining([
      `! work-tree: files in ${site.tree} were changed by hand (README.md): an update of them will fail`,
      `  git -C ${site.tree} stash`,
    ]),
  )
  const reset = await findings(inTree(site, 'git fetch', 'git reset --hard @{upstream}'))
  expect(reset.join('\n')).not.toMatch(/[!✗]/)
})

test('nothing that a work tree brings with it is started', async () => {
  const site = aWorkTree()
  const started = join(site.folder, 'started')
  const evil = join(site.folder, 'evil')
  writeFileSync(evil, `#!/bin/sh\necho "$0 $*" >>${started}\nexit 1\n`, { mode: 0o755 })
  writeFileSync(join(site.tree, '.git/info/attributes'), '*.md filter=x\n')
  for (const key of ['filter.x.clean', 'filter.x.process', 'core.fsmonitor', 'core.sshCommand'])
    site.git('config', key, evil)
  site.git('config', 'remote.origin.uploadpack', evil)
  utimesSync(join(site.tree, 'README.md'), 1, 1)
  const text = (await findings(inTree(site, PULL))).join('\n')
  expect(text).toContain(`✓ remote: ${site.bare} lets ${me} in`)
  expect(text).toContain('a clean work tree')
  site.git('config', 'protocol.ext.allow', 'always')
  site.git('remote', 'set-url', 'origin', `ext::${evil}`)
  expect((await findings(inTree(site, PULL))).join('\n')).toContain('✗ remote:')
  expect(existsSync(started)).toBe(false)
})

test('a branch that is not checked out, or follows nothing, cannot be pulled', async () => {
  const site = aWorkTree()
  site.git('branch', '--unset-upstream')
  expect(await findings(inTree(site, PULL))).toContain(
    `✗ branch: main in ${site.tree} follows no branch of a remote: "git pull" will fail`,
  )
  site.git('checkout', '--quiet', '--detach')
  expect(await findings(inTree(site, PULL))).toContain(
    `✗ branch: no branch is checked out in ${site.tree}: "git pull" will fail`,
  )
})

test('a tree on another branch than the hook is for is told', async () => {
  const site = aWorkTree()
  site.git('switch', '--quiet', '--create', 'develop')
  site.git('push', '--quiet', '--set-upstream', 'origin', 'develop')
  const on = (branches: string[]) => ({ ...inTree(site, PULL), triggers: [aTrigger({ branches })] })
  expect(await findings(on(['main']))).toEqual(
    expect.arrayContaining([
      `! branch: ${site.tree} is on develop, and pushes to main start this hook`,
      `  git -C ${site.tree} switch main`,
    ]),
  )
  expect((await findings(on(['main', 'dev*']))).join('\n')).not.toMatch(/branch:/)
})

test('a tree of another repository is told', async () => {
  const site = aWorkTree()
  const of = (name: string) => ({
    ...inTree(site, PULL),
    repositories: [{ host: 'github' as const, name }],
  })
  expect(await findings(of('acme/blog'))).toContain(
    `! repository: the hook is for acme/blog, and its work tree follows ${site.bare}`,
  )
  for (const name of ['acme/site', 'Acme/Site', 'acme/*'])
    expect((await findings(of(name))).join('\n')).not.toContain('repository:')
})

test('a remote that wants a password, is not there, or lacks the branch is told apart', async () => {
  const site = aWorkTree()
  const headers = { 'www-authenticate': 'Basic realm="x"' }
  const { url, received } = await aListener({ status: 401, text: '', headers })
  const remote = async (address: string) => {
    site.git('remote', 'set-url', 'origin', address)
    return (await findings(inTree(site, PULL))).filter((text) => /remote:/.test(text)).join()
  }
  expect(await remote(`${url}/acme/site.git`)).toMatch(/cannot be read: git asks for a user name/)
  expect(received.every(({ path }) => path.startsWith('/acme/site.git/'))).toBe(true)
  expect(await remote('https://git.invalid/acme/site')).toMatch(/: a host name could not be looked/)
  expect(await remote(`${site.folder}/acme/none`)).toMatch(/: there is no such repository/)
  expect(await remote('ssh://git@127.0.0.1:1/acme/site')).toMatch(
    /: the Git host cannot be reached/,
  )
  site.git('switch', '--quiet', '--create', 'new')
  site.git('branch', '--set-upstream-to=main')
  site.git('config', 'branch.new.remote', 'origin')
  expect(await remote(site.bare)).toBe(`! remote: ${site.bare} has no branch new`)
})

test('a password in the address of a remote is not printed', async () => {
  const site = aWorkTree()
  site.git('remote', 'set-url', 'origin', 'https://ada:hunter2@git.invalid/acme/site')
  expect((await findings(inTree(site, PULL))).join()).not.toContain('hunter2')
})

needs('/usr/sbin/sshd')(
  'an SSH server that is not known, or does not know us, is told',
  async () => {
    const [site, server] = [aWorkTree(), await anSshServer()]
    const url = server.url + site.bare
    site.git('remote', 'set-url', 'origin', url)
    const hook = inTree(site, PULL)
    const env = { ...hook.env, GIT_SSH_COMMAND: server.command }
    const asked = async () => (await findings({ ...hook, env })).slice(3)
    const port = new URL(server.url).port
    expect(await asked()).toEqual([
      `✗ remote: ${url} cannot be read: the SSH server's host key is not in ${home}/.ssh/known_hosts: connect once by hand as ${me} and compare the fingerprint`,
      `  sudo -u ${me} ssh -p ${port} 127.0.0.1   and compare the fingerprint it shows`,
    ])
    server.know()
    expect(await asked()).toEqual([
      expect.stringContaining(`the SSH server took no key that ${me} has`),
      `  sudo -u ${me} ssh-keygen -t ed25519 -N '' -f ${home}/.ssh/id_ed25519`,
    ])
    server.authorize()
    expect(await asked()).toEqual([`✓ remote: ${url} lets ${me} in`])
  },
)
