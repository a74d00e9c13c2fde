/** Folders as they are found on servers, for hooks that run as another user than the one who asks. */

import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { accountsHere, userNamed } from '../../src/hooks/users.ts'
import { aWorkTree } from '../git.ts'
import { testUnless } from '../needs.ts'
import { aDirectory, noTerms } from '../some.ts'
import { findings, inTree } from './hooks.ts'

const asRoot = testUnless(process.getuid?.() === 0 ? null : 'this is not root')
const PULL = 'git pull --ff-only'
const me = userNamed(String(process.getuid?.()), accountsHere())?.name

/** A hook of `nobody`, whose tree is there for all to see. */
function forNobody(site = aWorkTree()) {
  chmodSync(site.folder, 0o755)
  const user = userNamed('nobody', accountsHere())
  return { site, hook: { ...inTree(site, PULL), terms: { ...noTerms, user } } }
}

asRoot("a hook's own user is named, and in what mends it", async () => {
  const { site, hook } = forNobody()
  chownSync(site.tree, 33, 33)
  const text = (await findings(hook)).join('\n')
  expect(text).toContain(
    `! folder: nobody may not write in ${site.tree}\n  chown nobody ${site.tree}`,
  )
  expect(text).toContain(`belongs to another user than nobody: git will refuse it`)
  expect(text).toContain(`  chown -R nobody ${site.tree}\n  or: sudo -u nobody git config`)
  expect(text).toContain('\n  or set "user": "www-data" in the hook')
  for (const path of [site.tree, join(site.tree, '.git')]) chownSync(path, 65534, 65534)
  const all = (await findings(hook)).join('\n')
  expect(all).toContain('work tree of nobody, on main')
  expect(all).not.toContain('root')
})

asRoot('a service that the user of a hook may not signal is told with that user', async () => {
  const { site, hook } = forNobody()
  const pidfile = join(site.folder, 'pid')
  writeFileSync(pidfile, String(process.ppid))
  const steps = [{ kind: 'signal' as const, signal: 'SIGHUP' as const, pidfile }]
  const text = (await findings({ ...hook, steps })).join('\n')
  expect(text).toMatch(/✗ pid-file: nobody cannot signal it: .*\n {2}run the service as nobody/)
})

asRoot('a folder that its user may not enter is told with what lets it in', async () => {
  const { site, hook } = forNobody()
  chmodSync(site.tree, 0o700)
  const or = '  or name a "working-directory" that nobody may enter'
  const own = await findings(hook)
  expect(own).toEqual(expect.arrayContaining([`  chown -R nobody ${site.tree}`, or]))
  chmodSync(site.folder, 0o700)
  const above = await findings(hook)
  const open = `  setfacl -m u:nobody:x ${site.folder}   (or: chmod o+x ${site.folder})`
  expect(above).toEqual(expect.arrayContaining([open, or]))
  expect([...own, ...above].join('\n')).not.toContain('ls -ld')
})

test('a folder that is not there is cloned into where git works in it, else made', async () => {
  const folder = join(aDirectory(), 'site')
  const steps = (line: string) => [{ kind: 'shell' as const, line, shell: '/bin/sh' }]
  const on = async (line: string, host: 'github' | 'gitea', name = 'acme/site') => {
    const hook = { workingDirectory: folder, steps: steps(line) }
    return findings({ ...hook, repositories: [{ host, name }] })
  }
  const found = `✗ folder: working directory ${folder} does not exist`
  const make = `  install -d -o ${me} ${folder}`
  const clone = (address: string) => `  sudo -u ${me} git clone ${address} ${folder}`
  expect(await on('make', 'github')).toEqual([found, make])
  expect(await on(PULL, 'github')).toEqual([found, make, clone('git@github.com:acme/site.git')])
  expect(await on(PULL, 'gitea')).toEqual([found, make, clone('ADDRESS')])
  expect(await on(PULL, 'github', 'acme/*')).toEqual([found, make, clone('ADDRESS')])
  mkdirSync(folder)
  expect(await on(PULL, 'github')).toContain(clone('git@github.com:acme/site.git'))
  expect(await on(PULL, 'github')).not.toContain(make)
  writeFileSync(join(folder, 'index.html'), '')
  expect((await on(PULL, 'github')).join('\n')).toContain(
    `  mv ${folder} ${folder}.before   (git clones only into an empty folder)\n${make}\n`,
  )
})
