/**
 * The deploy of docs/queue.md, which fails in its second step, takes itself back and explains itself: the
 * hooks file and the transcript that stand there, with a real repository, a real server and the real
 * command line. What cannot be the same twice is made so: commits, durations, folders.
 */

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook, type Running } from './running.ts'
import { aDirectory, SECRET, until } from './some.ts'

const page = readFileSync(new URL('../docs/queue.md', import.meta.url), 'utf8')

/** The first block of a kind on the page. */
function block(kind: string): string {
  const [, text] = new RegExp(`^\`\`\`${kind}\n(.*?)^\`\`\``, 'ms').exec(page) ?? []
  if (text === undefined) throw new Error(`docs/queue.md has no block of ${kind}`)
  return text
}

test('what docs/queue.md shows of a failed deploy is what happens', async () => {
  const directory = aDirectory()
  const { developer, push } = repositories(directory)
  const folder = join(directory, 'runhook')
  mkdirSync(folder)
  const hooks = block('jsonc').replace('/srv/site', join(directory, 'site'))
  writeFileSync(join(folder, 'hooks.json'), hooks, { mode: 0o600 })
  writeFileSync(join(folder, '.env'), `SITE_SECRET=${SECRET}\n`, { mode: 0o600 })
  const server = await aRunhook({ directory: folder })

  await deliver(server, ...push('Sell books', 'exit 0'), 1)
  const broken = 'echo "adding a price to each order"; echo "no such table: orders" >&2; exit 1'
  await deliver(server, ...push('Sell them for money', broken), 2)

  const transcript = ['runs', 'logs 2'].map(async (words) => {
    const { stdout, stderr } = await server.cli(...words.split(' '))
    return `$ runhook ${words}\n${stdout}${stderr}`
  })
  expect(same((await Promise.all(transcript)).join(''))).toBe(same(block('console')))
  const deployed = git(join(directory, 'site'), 'log', '-1', '--format=%s')
  expect(deployed).toBe('Sell books')
  expect(git(developer, 'log', '-1', '--format=%s')).toBe('Sell them for money')
})

test('after two pushes that fail the one that worked is back, and not the first of the two', async () => {
  const directory = aDirectory()
  const { push } = repositories(directory)
  const site = join(directory, 'site')
  const server = await aRunhook({
    directory: join(directory, 'runhook'),
    hooks: {
      site: {
        repo: 'github:you/site',
        secret: SECRET,
        'working-directory': site,
        run: ['git pull --quiet --ff-only', './migrate'],
        'on-failure': 'git reset --hard "$HOOK_LAST_SUCCESS"',
      },
    },
  })
  await deliver(server, ...push('Works', 'exit 0'), 1)
  await deliver(server, ...push('Breaks', 'exit 1'), 2)
  await deliver(server, ...push('Breaks too', 'exit 2'), 3)
  expect(git(site, 'log', '-1', '--format=%s')).toBe('Works')
})

/** Sends what GitHub would, and waits for the end of the run. */
async function deliver(server: Running, before: string, after: string, run: number): Promise<void> {
  const body = aPushBody({
    before,
    after,
    head_commit: { id: after, message: 'x' },
    repository: { full_name: 'you/site', default_branch: 'main' },
  })
  const answer = await server.post('/hooks/site', { body, headers: asGitHub(body) })
  expect(answer.text).toContain(`run #${run}`)
  await until(async () => {
    const { stdout } = await server.cli('logs', String(run), '--json')
    return JSON.parse(stdout).run.finishedAt !== null
  }, `the end of run ${run}`)
}

/** A bare repository, the developer's clone, and `site`, the clone that is deployed. */
function repositories(directory: string) {
  const [origin, developer, site] = ['origin.git', 'developer', 'site'].map((name) =>
    join(directory, name),
  ) as [string, string, string]
  git(directory, 'init', '-q', '--bare', '-b', 'main', origin)
  git(directory, 'clone', '-q', origin, developer)
  git(developer, 'checkout', '-q', '-b', 'main')
  git(developer, 'config', 'user.email', 'ada@example.org')
  git(developer, 'config', 'user.name', 'Ada')
  /** A commit whose migration is this; the commits before and after. */
  const push = (message: string, migrate: string): [string, string] => {
    const before = head()
    script('migrate', migrate)
    script('restart', 'echo "restarted: $(git log -1 --format=%s)"')
    git(developer, 'add', '.')
    git(developer, 'commit', '-q', '--allow-empty', '-m', message)
    git(developer, 'push', '-q', '-u', 'origin', 'main')
    return [before, head()]
  }
  const head = () => git(developer, 'rev-parse', 'HEAD')
  const script = (name: string, lines: string) => {
    writeFileSync(join(developer, name), `#!/bin/sh\n${lines}\n`)
    chmodSync(join(developer, name), 0o755)
  }
  git(developer, 'commit', '-q', '--allow-empty', '-m', 'Begin')
  git(developer, 'push', '-q', '-u', 'origin', 'main')
  git(directory, 'clone', '-q', origin, site)
  return { developer, push }
}

function git(directory: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: directory, encoding: 'utf8', stdio: 'pipe' }).trim()
}

/** Commits by the order in which they first appear, all durations alike. */
function same(text: string): string {
  const commits: string[] = []
  return text
    .replace(/\b[0-9a-f]{7}\b/g, (sha) => {
      if (!commits.includes(sha)) commits.push(sha)
      return `commit${commits.indexOf(sha)}`
    })
    .replace(/\b\d+(\.\d)?s\b/g, '0.0s')
    .replace(/just now|0\.0s ago/g, 'just now')
    .replace(/ {2,}/g, '  ')
}
