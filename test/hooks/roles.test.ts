/**
 * One hooks file for a whole fleet: what a worker, and a server that only receives, have no use for is neither
 * read nor asked for there.
 */

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { endpointsOf } from '../../src/receive/endpoints.ts'
import { aFolder, hookOf, linesOf, REF, SECRET, written } from './written.ts'

const DATABASE_URL = 'postgres://app@localhost/runhook'
const API_KEY = 'canary-of-the-command'

const file = {
  server: { database: `\${DATABASE_URL}` },
  hosts: { github: { secret: `\${GITHUB_SECRET}` } },
  defaults: { env: { SHARED: `\${SHARED}` }, 'working-directory': '/nowhere/at/all' },
  hooks: {
    site: { repo: 'github:acme/site', run: 'git pull', env: { KEY: { file: 'key' } } },
    own: { repo: 'github:acme/own', secret: [`\${OWN}`, { file: 'own' }], run: 'true' },
    page: {
      url: '/page',
      on: 'get',
      users: { ada: `\${ADA}` },
      token: { credential: 'page' },
      'allow-from': `\${NETWORK}`,
      match: { 'header.x-env': `\${MATCH}` },
      run: 'true',
    },
    open: { url: '/open', auth: 'none', run: 'true' },
    asked: { url: '/asked', token: `\${OWN}`, user: 'nobody-here', nice: -5, run: 'true' },
  },
}

const receiving = {
  GITHUB_SECRET: SECRET,
  OWN: `own-${SECRET}`,
  ADA: 'correct horse battery staple',
  NETWORK: '10.0.0.0/8',
  MATCH: 'x',
}

test('a server that does both needs all of it', async () => {
  const { lines } = await written(file, { environment: { DATABASE_URL } })
  const missing = lines.filter((line) => /is set neither|cannot be read|is not set/.test(line))
  expect(missing).toHaveLength(10)
})

describe('a worker', () => {
  const hooks = { ...file.hooks, asked: { ...file.hooks.asked, user: 'root', nice: 1 } }
  const worker = (environment: Record<string, string> = { SHARED: 'x' }) =>
    written(
      { ...file, hooks },
      {
        role: 'worker',
        environment: { DATABASE_URL, ...environment },
        files: { key: `${API_KEY}\n` },
      },
    )

  test('needs none of what deliveries are proven by', async () => {
    const { config, lines, files, folder } = await worker()
    expect(lines).toEqual([
      'warn defaults.working-directory: /nowhere/at/all does not exist on this machine',
    ])
    expect(config?.role).toBe('worker')
    expect(config?.hosts.size).toBe(0)
    for (const hook of config?.hooks.values() ?? [])
      expect(hook).toMatchObject({
        secrets: [],
        tokens: [],
        open: false,
        access: { users: [], login: false, from: [] },
      })
    expect(files).not.toContain(join(folder, 'own'))
  })

  test('does not read them either where they lie', async () => {
    const { config } = await worker({ SHARED: 'x', ...receiving })
    expect(config).not.toBeNull()
    expect(JSON.stringify([...(config?.hooks.values() ?? []), config?.hidden])).not.toMatch(
      /canary-0123|battery/,
    )
  })

  test('has the secrets of commands, and hides them', async () => {
    const { config } = await worker({ SHARED: 'shared-value' })
    expect({ ...config?.hooks.get('site')?.env }).toEqual({ SHARED: 'shared-value', KEY: API_KEY })
    expect(config?.hidden).toEqual(expect.arrayContaining([API_KEY, 'shared-value']))
    expect((await worker({})).lines).toContain(
      'error defaults.env.SHARED: SHARED is set neither in .env nor in the environment',
    )
  })

  test('answers at no address, for it could not tell who calls', async () => {
    const { config } = await worker()
    if (config === null) throw new Error('it was not loaded')
    expect(endpointsOf(config).size).toBe(0)
    expect(endpointsOf({ ...config, role: 'receiver' }).size).toBe(5)
  })
})

describe('a server that only receives', () => {
  test('needs nothing of what commands are given', async () => {
    const credentials = aFolder({ page: SECRET })
    const { config, lines, files, folder } = await written(file, {
      role: 'receiver',
      environment: { DATABASE_URL, ...receiving, CREDENTIALS_DIRECTORY: credentials },
      files: { own: SECRET, key: API_KEY },
    })
    expect(lines.filter((line) => !line.includes('hooks.open.auth'))).toEqual([])
    expect(config?.role).toBe('receiver')
    expect({ ...config?.hooks.get('site')?.env }).toEqual({ SHARED: '', KEY: '' })
    expect(config?.hooks.get('asked')?.terms).toMatchObject({ user: null, nice: null })
    expect(config?.hooks.get('own')?.secrets).toHaveLength(2)
    expect(files).not.toContain(join(folder, 'key'))
    expect(JSON.stringify(config?.hidden)).not.toContain(API_KEY)
  })

  test('still finds what is wrong with them', async () => {
    const hook = { repo: 'github:acme/site', secret: REF, run: 'true' }
    const { lines } = await written(
      {
        server: { database: DATABASE_URL },
        hooks: { a: { ...hook, env: { ENV: 'x', A: '{{ branch }}' }, limits: { memory: '1KiB' } } },
      },
      { role: 'receiver' },
    )
    expect(lines).toEqual([
      'error hooks.a.env.ENV makes a shell run other code than "run" says',
      'error hooks.a.env.A has "{{", and nothing is filled into "env"',
      'error hooks.a.limits.memory leaves too little for any command to start; write "512MiB", say',
    ])
  })
})

describe('a value of env', () => {
  const hook = { repo: 'github:acme/site', secret: REF, run: 'true' }

  test('may stand in a file or a credential, and is watched', async () => {
    const credentials = aFolder({ key: 'from systemd' })
    const env = { A: { file: 'a' }, B: { credential: 'key' }, C: 'plain' }
    const beside = {
      environment: { SECRET, CREDENTIALS_DIRECTORY: credentials },
      files: { a: 'from a file\r\n', shared: 'shared\n' },
    }
    const defaults = { env: { C: 'no', D: { file: 'shared' } } }
    const loaded = await hookOf({ ...hook, env }, { ...beside, defaults })
    expect({ ...loaded.env }).toEqual({
      A: 'from a file',
      B: 'from systemd',
      C: 'plain',
      D: 'shared',
    })
    const { files, config, folder } = await written(
      { defaults, hooks: { a: { ...hook, env } } },
      beside,
    )
    expect(files).toEqual(expect.arrayContaining([join(folder, 'a'), join(folder, 'shared')]))
    expect(config?.hidden).toEqual(
      expect.arrayContaining(['from a file', 'from systemd', 'shared']),
    )
  })

  test('that is not there, or cannot be one, is told', async () => {
    const env = {
      A: { file: 'none' },
      B: { file: 'nul' },
      C: {},
      D: { file: 'empty' },
      E: { fil: 'x' },
    }
    expect(await linesOf({ ...hook, env }, { files: { nul: 'a\0b', empty: '' } })).toEqual(
      [
        'error hooks.a.env.E.fil: unknown key',
        'error hooks.a.env.C needs either "file" or "credential"',
        'error hooks.a.env.A: /folder/none cannot be read: it does not exist',
        'error hooks.a.env.B: the file nul holds a NUL character, which no command can take',
        'warn hooks.a.env.D: the file empty is empty',
      ].sort((a, b) => order(a) - order(b)),
    )
  })

  const order = (line: string) =>
    'ABCDEw'.indexOf(/^warn/.test(line) ? 'w' : (/env\.(.)/.exec(line)?.[1] ?? ''))
})
