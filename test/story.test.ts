/**
 * The story, read this first: somebody pushes, the host sends a signed delivery, the server pulls and
 * reloads gunicorn, the page shows the new text, and all of it can be read afterwards. Every part is
 * real: git, gunicorn, HTTP, processes, the database.
 */

import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { needs } from './needs.ts'
import { asGitHub } from './receive/receiver.ts'
import { aRunhook } from './running.ts'
import { aDirectory, SECRET, until } from './some.ts'

const storyTest = needs('gunicorn')

storyTest(
  'a signed push pulls, reloads gunicorn, and the page shows the new text',
  { timeout: 60_000 },
  async () => {
    const directory = aDirectory()
    const { developer, server } = repositories(directory)
    const page = await gunicorn(directory, server)
    expect(await page()).toBe('the old text')

    const runhook = await aRunhook({
      directory: join(directory, 'runhook'),
      hooks: {
        'deploy-site': {
          repo: 'github:acme/site',
          on: { push: { branches: ['main'] } },
          secret: SECRET,
          'working-directory': server,
          run: ['git pull --ff-only', { signal: 'HUP', pidfile: join(directory, 'gunicorn.pid') }],
        },
      },
    })

    const before = git(developer, 'rev-parse', 'HEAD')
    writeFileSync(join(developer, 'app.py'), application('the new text'))
    git(developer, 'commit', '-qam', 'Say something new')
    git(developer, 'push', '-q')
    const after = git(developer, 'rev-parse', 'HEAD')

    const body = pushDelivery(before, after)
    const answer = await runhook.post('/hooks/deploy-site', { body, headers: asGitHub(body) })
    expect(answer).toMatchObject({
      status: 202,
      text: 'accepted: delivery 1\n  deploy-site  → run #1\n',
    })

    await until(async () => (await page()) === 'the new text', 'the new page')
    await until(async () => (await runhook.cli('runs')).stdout.includes('success'), 'the end')

    const runs = await runhook.cli('runs')
    expect(runs.stdout).toMatch(/✓ #1 +deploy-site +success +push main +[0-9a-f]{7} /)
    expect(runs.stdout).toContain(after.slice(0, 7))
    const [run] = JSON.parse((await runhook.cli('runs', '--json')).stdout).runs
    expect(run).toMatchObject({ status: 'success', sha: after, sender: 'ada', exitCode: 0 })

    const logs = await runhook.cli('logs', '1')
    expect(logs.stdout).toContain('git pull --ff-only')
    expect(logs.stdout).toContain('Fast-forward')
    const pid = readFileSync(join(directory, 'gunicorn.pid'), 'utf8').trim()
    expect(logs.stdout).toContain(`HUP to process ${pid}`)

    const again = await runhook.post('/hooks/deploy-site', {
      body,
      headers: asGitHub(body, { 'x-github-delivery': 'another id' }),
    })
    expect(again.text).toContain('✗ replay  replay suspected')

    const other = pushDelivery(after, after, 'refs/heads/topic')
    const ignored = await runhook.post('/hooks/deploy-site', {
      body: other,
      headers: asGitHub(other),
    })
    expect(ignored.text).toContain('✗ branches  topic is not in [main]')

    expect(await runhook.stop()).toBe(0)
  },
)

/** A bare repository, the developer's clone, and the clone that is the server's work tree. */
function repositories(directory: string): { developer: string; server: string } {
  const [origin, developer, server] = ['origin.git', 'developer', 'server'].map((name) =>
    join(directory, name),
  ) as [string, string, string]
  git(directory, 'init', '-q', '--bare', '-b', 'main', origin)
  git(directory, 'clone', '-q', origin, developer)
  git(developer, 'checkout', '-q', '-b', 'main')
  git(developer, 'config', 'user.email', 'ada@example.org')
  git(developer, 'config', 'user.name', 'Ada')
  writeFileSync(join(developer, 'app.py'), application('the old text'))
  git(developer, 'add', '.')
  git(developer, 'commit', '-qm', 'Begin')
  git(developer, 'push', '-q', '-u', 'origin', 'main')
  git(directory, 'clone', '-q', origin, server)
  return { developer, server }
}

function git(directory: string, ...args: string[]): string {
  const options = { cwd: directory, encoding: 'utf8', stdio: 'pipe' } as const
  return execFileSync('git', args, options).trim()
}

function application(text: string): string {
  return [
    'def app(environ, start_response):',
    '    start_response("200 OK", [("Content-Type", "text/plain")])',
    `    return [b"${text}"]`,
    '',
  ].join('\n')
}

/** Starts the real gunicorn in the server's work tree; returns a function that reads its page. */
async function gunicorn(directory: string, server: string): Promise<() => Promise<string>> {
  const port = await freePort()
  const cache = join(directory, 'pycache') // so that a reload in the same second reads the new source
  mkdirSync(cache)
  const pidfile = join(directory, 'gunicorn.pid')
  const args = ['--bind', `127.0.0.1:${port}`, '--pid', pidfile, '--chdir', server, 'app:app']
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONPYCACHEPREFIX: cache }
  const child = spawn('gunicorn', args, { env, stdio: 'ignore' })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const page = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => null)
    return answer ? answer.text() : ''
  }
  await until(page, 'gunicorn')
  return page
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function pushDelivery(before: string, after: string, ref = 'refs/heads/main'): string {
  return JSON.stringify({
    ref,
    before,
    after,
    created: false,
    deleted: false,
    forced: false,
    commits: [{ id: after, message: 'Say something new', modified: ['app.py'] }],
    head_commit: { id: after, message: 'Say something new' },
    repository: { full_name: 'acme/site', default_branch: 'main' },
    sender: { login: 'ada' },
  })
}
