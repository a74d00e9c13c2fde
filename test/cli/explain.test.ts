import { describe, expect, test } from 'vitest'
import { aStored } from '../show/world.ts'
import { putHooks } from './hooks-file.ts'
import { aShell, aShellWithServer } from './shell.ts'

const push = {
  ref: 'refs/heads/main',
  before: 'b'.repeat(40),
  after: 'a'.repeat(40),
  created: false,
  deleted: false,
  forced: false,
  commits: [{ id: 'a'.repeat(40), added: [], removed: [], modified: ['docs/a.md'] }],
  head_commit: { message: 'Fix the docs' },
  repository: { full_name: 'acme/site', default_branch: 'main' },
  sender: { login: 'ada' },
}

const headers = { 'content-type': 'application/json', 'x-github-event': 'push' }
const stored = (fields: Parameters<typeof aStored>[0] = {}) =>
  aStored({ headers, endpoint: '/hooks/site', body: Buffer.from(JSON.stringify(push)), ...fields })

describe('a delivery that came', () => {
  test('is judged by the file as it is on disk, and not as it was', async () => {
    const shell = await aShellWithServer()
    shell.world.deliveries.push(stored())
    putHooks(shell)
    expect(await shell.run('check', '--explain', '57')).toMatchObject({
      code: 1,
      out: `#57  push acme/site main aaaaaaa by ada
  site  ✓ signature secret 1 of 1  ✓ repo acme/site  ✓ event push  ✓ branches main
        ✗ paths  the changed file does not match [src/**]: docs/a.md
        wanted src/**
        found  docs/a.md
`,
      talk: '0 of 1 hook would run. Nothing was run.\n',
    })
    const on = { push: { branches: ['main'], paths: ['docs/**'] } }
    const site = { repo: 'github:acme/site', on, secret: `\${SITE_SECRET}`, run: 'true' }
    putHooks(shell, { site })
    expect(await shell.run('check', '--explain', '#57')).toMatchObject({
      code: 0,
      out: `#57  push acme/site main aaaaaaa by ada
  site  ✓ signature secret 1 of 1  ✓ repo acme/site  ✓ event push  ✓ branches main
        ✓ paths 1 of 1 changed file  → would run
`,
      talk: '1 of 1 hook would run. Nothing was run.\n',
    })
    expect(shell.world.asked).toEqual([])
  })

  test('may be held against any one hook', async () => {
    const shell = await aShellWithServer()
    shell.world.deliveries.push(stored())
    putHooks(shell)
    expect((await shell.run('check', '--explain', '57', '--hook', 'releases')).out).toBe(
      `#57  push acme/site main aaaaaaa by ada
  releases  ✓ signature secret 1 of 1  ✓ repo acme/site  ✓ event push
            ✗ tags  branch main, wants tags v[0-9]+.[0-9]+.[0-9]+
            wanted v[0-9]+.[0-9]+.[0-9]+
            found  main
`,
    )
    expect((await shell.run('check', '--explain', '57', '--hook', 'intranet')).out).toContain(
      "  intranet  ✗ host  GitHub's, and this hook is for Bitbucket\n",
    )
    expect(await shell.run('check', '--explain', '57', '--hook', 'stie')).toMatchObject({
      code: 3,
      talk: 'error: There is no hook "stie" in hooks.json. Did you mean "site"?\n',
    })
  })

  test('is held against all hooks of its host where its address is gone', async () => {
    const shell = await aShellWithServer({ columns: 200 })
    shell.world.deliveries.push(stored({ endpoint: '/hooks/renamed' }))
    putHooks(shell)
    const { out, talk } = await shell.run('check', '--explain', '57')
    expect(out).toMatch(/^#57.*\n {2}site {6}.*\n.*\n.*\n {2}releases {2}.*\n/)
    expect(talk).toBe('0 of 2 hooks would run. Nothing was run.\n')
  })

  test('of a plain URL keeps its method, its inputs and its verdict', async () => {
    const shell = await aShellWithServer()
    const call = {
      host: 'webhook',
      event: 'manual',
      guid: null,
      endpoint: '/hooks/clear-cache',
    } as const
    const body = Buffer.from('{"inputs":{"scope":"everything"}}')
    shell.world.deliveries.push(
      stored({ ...call, body }),
      stored({ id: 58, ...call, body: Buffer.from('{}') }),
    )
    putHooks(shell)
    expect((await shell.run('check', '--explain', '57')).out).toContain(
      '✗ inputs  input "scope" must be one of pages, all',
    )
    expect((await shell.run('check', '--explain', '58')).code).toBe(0)
  })

  test('that cannot be read says why', async () => {
    const shell = await aShellWithServer()
    shell.world.deliveries.push(stored({ body: Buffer.from('{') }))
    putHooks(shell)
    expect(await shell.run('check', '--explain', '57')).toMatchObject({
      code: 1,
      out: '#57  push\n  ✗ cannot be used: the body is not JSON\n',
    })
  })

  test('by hand, or that is not there, or described, is refused in words', async () => {
    const shell = await aShellWithServer()
    shell.world.deliveries.push(stored({ endpoint: 'cli' }))
    putHooks(shell)
    expect(await shell.run('check', '--explain', '57')).toMatchObject({
      code: 1,
      talk: 'error: Delivery #57 is a run that was started by hand: no rule was asked.\n',
    })
    expect((await shell.run('check', '--explain', '99')).code).toBe(3)
    expect(await shell.run('check', '--explain', '57', '--event', 'push')).toMatchObject({
      code: 2,
      talk: 'error: --event and --host describe a file; a delivery that came says both itself.\n',
    })
  })
})

describe('a payload in a file', () => {
  test("is taken for GitHub's push, and needs no server", async () => {
    const shell = aShell()
    putHooks(shell)
    shell.put('push.json', { ...push, commits: [{ modified: ['src/a.ts'] }] })
    expect(await shell.run('check', '--explain', 'push.json')).toMatchObject({
      code: 0,
      out: `push.json  push acme/site main aaaaaaa by ada
  site      ? signature  not judged: a file is not signed  ✓ repo acme/site  ✓ event push
            ✓ branches main  ✓ paths 1 of 1 changed file  → would run
  releases  ? signature  not judged: a file is not signed  ✓ repo acme/site  ✓ event push
            ✗ tags  branch main, wants tags v[0-9]+.[0-9]+.[0-9]+
            wanted v[0-9]+.[0-9]+.[0-9]+
            found  main
`,
      talk: '1 of 2 hooks would run. Nothing was run.\n',
    })
  })

  test('is of the host of the hook that is asked, or of the one that is said', async () => {
    const shell = aShell()
    putHooks(shell)
    const now = { type: 'branch', name: 'release/1', target: { hash: 'a'.repeat(40) } }
    const change = { new: now, old: null, commits: [] }
    const repository = { full_name: 'acme/intranet' }
    shell.put('bb.json', { push: { changes: [change] }, repository, actor: { nickname: 'ada' } })
    const byHook = await shell.run('check', '--explain', 'bb.json', '--hook', 'intranet')
    expect(byHook).toMatchObject({ code: 0, talk: '1 of 1 hook would run. Nothing was run.\n' })
    const byHost = await shell.run('check', '--explain', 'bb.json', '--host', 'bitbucket')
    expect(byHost.out).toBe(byHook.out)
    expect(await shell.run('check', '--explain', 'bb.json')).toMatchObject({
      code: 1,
      out: 'bb.json  push\n  ✗ cannot be used: a push delivery without "ref"\n',
    })
    expect(await shell.run('check', '--explain', 'bb.json', '--host', 'gitlab')).toMatchObject({
      code: 3,
      talk: 'error: No hook is for GitLab, as bb.json is. Name one with --hook, or a host with --host.\n',
    })
  })

  test('may be another event', async () => {
    const shell = aShell()
    const release = {
      repo: 'github:acme/site',
      on: 'release',
      secret: `\${SITE_SECRET}`,
      run: 'true',
    }
    putHooks(shell, { announce: release })
    const tag = { tag_name: 'v1', target_commitish: 'main', prerelease: false }
    shell.put('r.json', {
      action: 'published',
      release: tag,
      repository: { full_name: 'acme/site' },
    })
    const words = ['check', '--explain', 'r.json', '--event', 'release', '--hook', 'announce']
    expect(await shell.run(...words)).toMatchObject({ code: 0 })
  })

  test('may come from standard input, and may be told as JSON', async () => {
    const shell = aShell({ input: JSON.stringify(push) })
    putHooks(shell)
    const { code, screen } = await shell.run('check', '--explain', '-', '--hook', 'site', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(screen)).toMatchObject({
      file: 'hooks.json',
      subject: '-',
      host: 'github',
      path: null,
      event: 'push',
      problem: null,
      verdicts: [{ hook: 'site', matched: false }],
      wouldRun: [],
    })
  })

  test('that is not there is told, and ends with 3', async () => {
    const shell = aShell()
    putHooks(shell)
    expect(await shell.run('check', '--explain', 'nofile.json')).toMatchObject({
      code: 3,
      talk: 'error: There is no file nofile.json.\n',
    })
  })

  test.each([
    ['df', 'a call with its token'],
    ['open', 'whoever calls it'],
    ['clear-cache', 'a signed call'],
  ])('of a host is held against %s, which is for %s', async (hook, callers) => {
    const shell = aShell()
    putHooks(shell)
    shell.put('push.json', push)
    const words = ['check', '--explain', 'push.json', '--host', 'github', '--hook', hook]
    expect((await shell.run(...words)).out).toContain(`GitHub's, and this hook is for ${callers}\n`)
  })

  test('is asked of match conditions too', async () => {
    const shell = aShell()
    const match = { 'payload.sender.login': ['octocat', 'grace'] }
    const hook = { repo: 'github:acme/site', secret: `\${SITE_SECRET}`, run: 'true', match }
    putHooks(shell, { mine: hook })
    shell.put('push.json', push)
    expect((await shell.run('check', '--explain', 'push.json', '--hook', 'mine')).out).toContain(
      `  ✗ match  payload.sender.login is ada, wants one of octocat, grace
        wanted payload.sender.login: one of octocat, grace
        found  ada
`,
    )
  })
})

test('a file with mistakes is told as such, and nothing is judged', async () => {
  const shell = aShell()
  shell.put('hooks.json', '{"hooks": {"a": {}}}')
  shell.put('push.json', push)
  const { code, talk, out } = await shell.run('check', '--explain', 'push.json')
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(talk.split('\n').at(-2)).toBe('error: hooks.json has mistakes.')
})

test.each(['hook', 'event', 'host'])('--%s alone is a mistake', async (name) => {
  const shell = aShell()
  putHooks(shell)
  expect(await shell.run('check', `--${name}`, name === 'host' ? 'github' : 'push')).toMatchObject({
    code: 2,
    talk: `error: --${name} is for --explain, which says what to judge. Add --explain ID or --explain FILE, or leave --${name} out.\n`,
  })
})
