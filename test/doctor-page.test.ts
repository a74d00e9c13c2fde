/** docs/doctor.md shows what doctor says. Here it is said by the real program, and the page must agree. */

import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { aWorkTree } from './git.ts'
import { testUnless } from './needs.ts'
import { aRunhook } from './running.ts'
import { aDirectory, SECRET } from './some.ts'

/** As a server has it: one tree that root made, one with a virtual environment that was worked in. */
function aServersFolder() {
  const folder = aDirectory()
  const conf = join(folder, 'runhook')
  const [blog, api] = ['blog', 'api'].map((name) => {
    mkdirSync(join(folder, name))
    return aWorkTree(join(folder, name))
  })
  if (!blog || !api) throw new Error('two names give two trees')
  mkdirSync(join(blog.tree, '.venv/bin'), { recursive: true })
  writeFileSync(join(blog.tree, '.venv/bin/pelican'), '#!/bin/sh\n')
  chmodSync(join(blog.tree, '.venv/bin/pelican'), 0o755)
  blog.write('README.md', 'edited on the server\n')
  for (const path of [api.tree, join(api.tree, '.git')]) chownSync(path, 33, 33)
  const hook = (name: string, one: typeof blog, run: unknown[]) => ({
    repo: `github:acme/${name}`,
    on: { push: { branches: ['main'] }, manual: {} },
    secret: `\${SITE_SECRET}`,
    'working-directory': one.tree,
    env: { HOME: one.folder, GIT_CONFIG_NOSYSTEM: '1' },
    run,
  })
  mkdirSync(conf)
  writeFileSync(join(conf, '.env'), `SITE_SECRET=${SECRET}\n`, { mode: 0o600 })
  const pid = { signal: 'HUP', pidfile: join(folder, 'gunicorn.pid') }
  const hooks = {
    blog: hook('site', blog, ['git pull --ff-only', 'pelican content']),
    api: hook('site', api, ['git pull --ff-only', pid]),
  }
  return { folder, conf, hooks }
}

const asRoot = testUnless(process.getuid?.() === 0 ? null : 'only root gives a folder to others')

asRoot('the page shows what doctor, and a run that fails, say', async () => {
  const { folder, conf, hooks } = aServersFolder()
  const { cli, child, port } = await aRunhook({ directory: conf, hooks })
  const { username, homedir } = userInfo()
  const normal = (text: string) =>
    text
      .replaceAll(folder, '/srv')
      .replaceAll('/tree', '')
      .replace(/^! the server runs as root,.*\n.*\n/m, '') // as only this test does
      .replaceAll(homedir, '/home/deploy')
      .replace(new RegExp(`\\b${username}\\b`, 'g'), 'deploy')
      .replaceAll(String(child.pid), '812')
      .replaceAll(`:${port}`, ':9000')
      .replace(/Node [\d.]+, runhook [\d.]+, git [\d.]+/, 'Node 24.21.0, runhook 0.1.0, git 2.39.5')
      .replace(/\d+ [GM]B free/, '41 GB free')
      .replace(
        /control groups in .*/,
        'control groups in /sys/fs/cgroup/system.slice/runhook.service',
      )
      .replace(/in \d+\.\ds/, 'in 0.1s')
  const doctor = await cli('doctor')
  const run = await cli('trigger', 'blog', '--wait')
  const page = readFileSync(new URL('../docs/doctor.md', import.meta.url), 'utf8')
  expect(page).toContain(`$ runhook doctor\n${normal(doctor.stdout)}\`\`\`\n`)
  const last = normal(run.stderr).trimEnd().split('\n').at(-1)
  expect(page).toContain(`$ runhook logs blog\n${normal(run.stdout)}${last}\n\`\`\`\n`)
})
