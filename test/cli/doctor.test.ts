/** `runhook doctor` and `check --deep`: as one sees them, and as another user than the one who calls them. */

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { aWorkTree } from '../git.ts'
import { testUnless } from '../needs.ts'
import { aRunhook, runhook } from '../running.ts'
import { aDirectory, SECRET } from '../some.ts'
import { aListener } from './listener.ts'
import { aShell } from './shell.ts'

const asRoot = testUnless(process.getuid?.() === 0 ? null : 'this is not root')
const me = userInfo().username

/** A hook that pulls a tree whose remote answers, and one that only prints. */
function aSite(more: Record<string, unknown> = {}) {
  const shell = aShell()
  const site = aWorkTree(shell.folder)
  const hooks = {
    site: {
      repo: 'github:acme/site',
      secret: `\${SITE_SECRET}`,
      'working-directory': site.tree,
      env: { HOME: site.folder, GIT_CONFIG_NOSYSTEM: '1' },
      run: 'git pull --ff-only',
    },
    df: { url: '/df', on: 'get', auth: 'none', 'allow-from': '::1', command: ['df', '-h'] },
    ...more,
  }
  shell.put('hooks.json', { server: { port: 0 }, hooks })
  shell.put('.env', `SITE_SECRET=${SECRET}\n`)
  return { shell, site, hooks }
}

test('everything is told line by line, and all is well', async () => {
  const { shell, site } = aSite()
  const { code, out, talk } = await shell.run('doctor')
  expect({ code, talk }).toEqual({ code: 0, talk: '1 warning\n' })
  const shown = out
    .replaceAll(shell.folder, '/srv')
    .replace(/Node [\d.]+, runhook [\d.]+, git [\d.]+/, 'Node N, runhook N, git N')
    .replace(/\d+ [GM]B/, '9 GB')
    .replace(/control groups in .*/, 'control groups in /its/own')
  const asked =
    me === 'root'
      ? "✓ asked as root, whom hooks.json belongs to: the hooks' shells and git run as root too\n"
      : ''
  expect(shown).toBe(`${asked}✓ hooks.json is valid: 2 hooks
✓ Node N, runhook N, git N
✓ what a run starts is ended by control groups in /its/own
✓ data directory /srv/.runhook will be made at the first start, 9 GB free
! no server runs with this data directory; port 0 on 127.0.0.1 is free
    runhook serve
site
  ✓ works in /srv/tree
  ✓ finds /bin/sh, git
  ✓ /srv/tree is a clean work tree of ${me}, on main
  ✓ /srv/acme/site.git lets ${me} in
df
  ✓ works in /srv
  ✓ finds df
`)
  expect(site.git('status', '--porcelain')).toBe('')
})

test('only what was named is looked at; what fails is told with its remedy, and ends with 1', async () => {
  const { shell } = aSite({
    broken: { url: '/x', auth: 'none', 'allow-from': '::1', run: 'no-such-tool' },
  })
  const { code, out, talk } = await shell.run('doctor', 'broken')
  expect({ code, talk }).toEqual({ code: 1, talk: '1 problem, 1 warning\n' })
  expect(out).toMatch(/broken\n {2}✓ .*\n {2}✗ no-such-tool is not on .*\n {6}install no-such-tool/)
  expect(out).not.toContain('df')
  expect(await shell.run('doctor', 'nope')).toMatchObject({ code: 3, out: '' })
})

test('how limits are held is told where a hook has some', async () => {
  const limits = { memory: '1GiB' }
  const { shell } = aSite({ tight: { url: '/x', auth: 'none', run: 'true', limits } })
  const said = /^✓ limits of memory and processes are (held by control groups|set by prlimit, .*)$/m
  expect((await shell.run('doctor', 'df')).out).toMatch(said)
  expect((await aSite().shell.run('doctor', 'df')).out).not.toMatch(said)
})

test('--json gives the same to programs', async () => {
  const { shell } = aSite({
    broken: { url: '/x', auth: 'none', 'allow-from': '::1', run: 'no-such-tool' },
  })
  const { code, out } = await shell.run('doctor', '--json')
  const told = JSON.parse(out)
  expect(code).toBe(1)
  expect(told).toMatchObject({ ok: false, user: me })
  expect(told.findings.at(-1)).toMatchObject({ hook: 'broken', check: 'programs', level: 'error' })
  expect(out).not.toContain(SECRET)
})

test('a hooks file with mistakes, or none, is one of the findings', async () => {
  const { shell } = aSite({ wrong: { url: '/x', run: 'true', timeout: '10 min' } })
  const { code, out } = await shell.run('doctor')
  expect({ code, out }).toMatchObject({
    code: 1,
    out: expect.stringMatching(/✗ hooks.json has 2 mistakes\n {4}runhook check hooks.json\n/),
  })
  expect((await aShell().run('doctor')).out).toMatch(/^✗ There is no hooks file at /)
})

test('check --deep asks the same of each hook, and plain check does not', async () => {
  const { shell } = aSite({
    broken: { url: '/x', auth: 'none', 'allow-from': '::1', run: 'no-such-tool' },
  })
  expect(await shell.run('check')).toMatchObject({ code: 0 })
  const { code, out } = await shell.run('check', '--deep')
  expect(code).toBe(1)
  expect(out).toContain('✓ hooks.json is valid: 3 hooks\n')
  expect(out).toMatch(/\nbroken\n {2}✓ .*\n {2}✗ no-such-tool is not on the hook's PATH/)
  const told = JSON.parse((await shell.run('check', '--deep', '--json')).out)
  expect(told).toMatchObject({ valid: true, findings: expect.any(Array) })
  expect(await shell.run('check', '--deep', '--explain', '1')).toMatchObject({ code: 2 })
})

test('a port that is taken is told, with who may know by whom', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void other.close())
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : 0
  const { shell, hooks } = aSite()
  shell.put('hooks.json', { server: { port }, hooks })
  expect((await shell.run('doctor', 'df')).out).toContain(
    `✗ another program listens on port ${port} on 127.0.0.1\n    ss -ltnp 'sport = :${port}'\n`,
  )
})

test('a public address is asked for its health', async () => {
  const { shell, hooks } = aSite()
  const health = async (status: number, text: string) => {
    const { url } = await aListener({ status, text })
    shell.put('hooks.json', { server: { port: 0, 'public-url': url }, hooks })
    const { out } = await shell.run('doctor', 'df')
    return out.split('\n').find((line) => line.includes(url))
  }
  expect(await health(200, 'ok\n')).toMatch(/^✓ \S+ answers$/)
  expect(await health(502, 'Bad gateway')).toMatch(/^! \S+ answers 502, and not as runhook does/)
  const gone = createServer().listen(0, '127.0.0.1')
  const url = await new Promise<string>((resolve) => {
    gone.once('listening', () =>
      resolve(`http://127.0.0.1:${Reflect.get(Object(gone.address()), 'port')}`),
    )
  })
  await new Promise((resolve) => gone.close(resolve))
  shell.put('hooks.json', { server: { port: 0, 'public-url': url }, hooks })
  expect((await shell.run('doctor', 'df')).out).toContain(
    'cannot be reached from here (ECONNREFUSED)',
  )
})

test('a server that runs is found, with its process and the secrets in its environment', async () => {
  const { shell, hooks } = aSite()
  const { directory, child, output, port } = await aRunhook({
    directory: shell.folder,
    hooks,
    env: { SITE_SECRET: SECRET, COPY: SECRET },
  })
  const { stdout } = await runhook(directory, ['doctor', 'df'])
  expect(stdout).toContain(
    `✓ the server runs (process ${child.pid}) and answers on http://127.0.0.1:${port}\n`,
  )
  const exposed =
    "COPY, SITE_SECRET stand in the server's own environment, which every command of its user can read"
  expect(stdout).toContain(`! ${exposed}\n`)
  expect(output().split(exposed)).toHaveLength(2)
  expect(stdout + output()).not.toContain(SECRET)
})

asRoot(
  'root asks as the user whom the data directory belongs to, and leaves nothing behind',
  async () => {
    const folder = aDirectory()
    chmodSync(folder, 0o755)
    const data = join(folder, 'data')
    mkdirSync(data, { mode: 0o700 })
    chownSync(data, 65534, 65534)
    const closed = join(folder, 'closed')
    mkdirSync(closed, { mode: 0o700 })
    writeFileSync(
      join(folder, 'hooks.json'),
      JSON.stringify({
        hooks: {
          a: { url: '/a', auth: 'none', run: 'id', 'working-directory': closed },
          b: { url: '/b', auth: 'none', run: 'git pull', 'working-directory': folder },
          c: { url: '/c', auth: 'none', run: 'id', 'working-directory': folder },
        },
      }),
    )
    const { stdout, code } = await runhook(folder, ['doctor', '--data', data])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^✓ asked as nobody, whom the data directory belongs to\n/)
    expect(stdout).toContain(
      `✗ working directory ${closed} may not be entered by nobody: it belongs to root, mode 0700\n`,
    )
    expect(stdout).toContain(
      `  ! nobody may not write in ${folder}\n      chown nobody ${folder}\n`,
    )
    expect(stdout).toContain(`c\n  ✓ works in ${folder}, where it may only read\n`)
    expect(readdirSync(data)).toEqual([])
  },
)

asRoot('before there is a data directory, root asks as the owner of the hooks file', async () => {
  const folder = aDirectory()
  const file = join(folder, 'hooks.json')
  const hook = { url: '/a', auth: 'none', run: 'id', shell: join(folder, 'shell') }
  chmodSync(folder, 0o755)
  writeFileSync(file, JSON.stringify({ hooks: { a: hook } }))
  writeFileSync(hook.shell, '#!/bin/sh\nid -un >>/dev/stderr\nid -un >>"$0.said"\n', {
    mode: 0o755,
  })
  writeFileSync(`${hook.shell}.said`, '', { mode: 0o666 })
  chmodSync(`${hook.shell}.said`, 0o666)
  chownSync(file, 65534, 65534)
  const asked = async (words: string[]) => (await runhook(folder, words)).stdout
  expect(await asked(['doctor'])).toMatch(/^✓ asked as nobody, whom hooks.json belongs to\n/)
  // A link of somebody's own tells nothing: it may lead to what root has.
  symlinkSync('/root', join(folder, '.runhook'))
  lchownSync(join(folder, '.runhook'), 65534, 65534)
  expect(await asked(['doctor'])).toMatch(/^✓ asked as nobody, whom hooks.json belongs to\n/)
  expect(await asked(['check', '--deep'])).toContain('asked as nobody')
  const said = readFileSync(`${hook.shell}.said`, 'utf8').split('\n').filter(Boolean)
  expect([...new Set(said)]).toEqual(['nobody'])
})

asRoot('another user than the service is told how to ask', async () => {
  const folder = aDirectory()
  mkdirSync(join(folder, '.runhook'), { mode: 0o700 })
  chmodSync(folder, 0o755)
  writeFileSync(
    join(folder, 'hooks.json'),
    '{ "hooks": { "a": { "url": "/a", "auth": "none", "run": "id" } } }',
  )
  // All is loaded before, for that user need not be able to read where these files are.
  const cli = join(import.meta.dirname, '../../dist/cli')
  const script = `
    const [{ runCommandLine }, { createTerminal }] = await Promise.all(
      ['command-line', 'terminal', 'doctor'].map((name) => import('${cli}/' + name + '.js')))
    process.setgroups([]); process.setgid(65534); process.setuid(65534)
    await runCommandLine(['doctor'], createTerminal('nobody'))`
  const asked = ['--input-type=module', '-e', script]
  const out = execFileSync(process.execPath, asked, {
    cwd: folder,
    encoding: 'utf8',
    stdio: 'pipe',
  })
  expect(out).toMatch(
    /^! asked as nobody, and the server runs as root: it may find something else\n {4}sudo -u root runhook doctor\n/,
  )
})
