/** What `check` and `doctor` tell of a fleet's hooks file; and that its database's URL is in nothing they print. */

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { untilNextStart } from '../../src/cli/next-start.ts'
import { loadConfig } from '../../src/hooks/load.ts'
import { OwnFolder } from '../../src/record/own-folder.ts'
import { SECRET } from '../some.ts'
import { aShell } from './shell.ts'

const URLS = {
  good: 'postgres://app:canary-of-it@127.0.0.1:1/runhook',
  bad: 'mysql://app:canary-of-it@127.0.0.1:1/runhook',
}

function aFleet(url = URLS.good, more: Record<string, unknown> = {}) {
  const shell = aShell({ columns: null })
  const site = { repo: 'github:acme/site', secret: `\${SITE_SECRET}`, run: './deploy' }
  const every = { 'runs-on': { every: 'web' } }
  const hooks = {
    site,
    eu: { ...site, 'runs-on': 'eu' },
    all: { ...site, ...every, 'catch-up': true },
    roll: { ...site, ...every, strategy: { 'max-parallel': 1 } },
    fast: { ...site, ...every, strategy: { 'fail-fast': true } },
  }
  shell.put('hooks.json', {
    server: { port: 0, database: `\${DATABASE_URL}`, seal: `\${SEAL}`, ...more },
    hooks,
  })
  shell.put(
    '.env',
    `SITE_SECRET=${SECRET}\nDATABASE_URL=${url}\nSEAL=canary-0123456789-0123456789\n`,
  )
  return shell
}

test('where hooks run stands in the table of a fleet, and in no other', async () => {
  const { out } = await aFleet().run('check')
  const lines = out.split('\n').map((line) => line.trimEnd())
  expect(lines[1]).toMatch(/ TIMEOUT {2}RUNS ON$/)
  expect(lines.slice(2, 7).map((line) => line.replace(/^.* 10m +/, ''))).toEqual([
    'default',
    'eu',
    'every web, catching up',
    'every web, 1 at a time until one fails',
    'every web, until one fails',
  ])
  const alone = aShell({ columns: null })
  alone.put('hooks.json', { hooks: {} })
  expect((await alone.run('check')).out).not.toContain('RUNS ON')
})

test('--hashes prints an "allow" for all of them', async () => {
  const shell = aFleet()
  const { out, talk, code } = await shell.run('check', '--hashes')
  expect({ code, talk }).toEqual({ code: 0, talk: '' })
  const allow = JSON.parse(out)
  expect(Object.keys(allow)).toEqual(['site', 'eu', 'all', 'roll', 'fast'])
  for (const hashes of Object.values(allow))
    expect(hashes).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
  const { hooks } = JSON.parse((await shell.run('check', '--json')).out)
  expect(hooks[0]).toMatchObject({
    commandHash: allow.site[0],
    placement: { label: 'default', every: false },
  })
  const again = aFleet(URLS.good, { allow })
  expect(await again.run('check')).toMatchObject({
    code: 0,
    screen: expect.not.stringContaining('warn'),
  })
  const broken = aFleet(URLS.bad)
  expect(await broken.run('check', '--hashes')).toMatchObject({ code: 1, out: '' })
})

test('--role judges the file as a worker, or a receiver, does', async () => {
  const shell = aFleet()
  shell.put('.env', `DATABASE_URL=${URLS.good}\nSEAL=canary-0123456789-0123456789\n`)
  expect(await shell.run('check')).toMatchObject({
    code: 1,
    out: expect.stringContaining('only a worker needs none: ask with --role worker there'),
  })
  expect((await shell.run('check', '--role', 'worker')).code).toBe(0)
  expect((await shell.run('check', '--role', 'receiver')).out).toContain(
    'SITE_SECRET is set neither in .env nor in the environment',
  )
  expect((await shell.run('check', '--role', 'receiver')).out).not.toContain('--role worker')
  expect(await shell.run('check', '--role', 'boss')).toMatchObject({
    screen: expect.stringContaining('all, worker, receiver'),
  })
})

test('doctor looks for a worker where one is to be, and for no port', async () => {
  const shell = aFleet()
  const asked = () => shell.run('doctor', '--role', 'worker')
  expect((await asked()).out).toContain(
    '! no worker runs with this data directory\n    runhook worker\n',
  )
  const folder = new OwnFolder(join(shell.folder, '.runhook'))
  const { out } = await asked()
  folder.close()
  expect(out).toContain(`✓ a worker runs with this data directory (process ${process.pid})`)
  expect(out).not.toMatch(/port|does not answer/)
})

test.each([
  ['check'],
  ['check', '--json'],
  ['check', '--deep', '--json'],
  ['check', '--hashes'],
  ['doctor'],
  ['doctor', '--json'],
])('the URL of the database is in nothing that %s %s prints', async (...words) => {
  for (const url of Object.values(URLS)) {
    const { screen } = await aFleet(url).run(...words)
    expect(screen).not.toBe('')
    expect(screen).not.toContain('canary')
  }
})

test('check --deep and doctor say that the database is not there', async () => {
  const found =
    'The database cannot be used: connect ECONNREFUSED 127.0.0.1:1 (runhook at 127.0.0.1:1)'
  for (const words of [['check', '--deep'], ['doctor']]) {
    const { out, code } = await aFleet().run(...words)
    expect(out).toContain(`✗ ${found}\n    Check "database" of "server" in the hooks file`)
    expect(code).toBe(1)
  }
})

test('a reload says which of them count from the next start, and not what they are', async () => {
  const settingsOf = async (more: Record<string, unknown>, url?: string) => {
    const shell = aFleet(url, more)
    const { config } = await loadConfig(join(shell.folder, 'hooks.json'), { environment: {} })
    if (config === null) throw new Error('it was not loaded')
    return { ...config.server, data: '' }
  }
  const before = await settingsOf({})
  const seal = 'canary-other-0123456789-0123'
  const changed = { name: 'w', labels: ['web'], lease: '1m', seal, allow: ['site'] }
  const after = await settingsOf(changed, `${URLS.good}2`)
  expect(untilNextStart(before, after)).toBe(
    '; server.database, server.name, server.labels, server.lease, server.seal count from the next start',
  )
  expect(untilNextStart(before, await settingsOf({ allow: ['site'] }))).toBe('')
})
