/**
 * A whole hooks file: the server's settings, variables, secrets made fresh, files that cannot be read.
 */

import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/hooks/load.ts'
import { accountsHere, userNamed } from '../../src/hooks/users.ts'
import { testUnless } from '../needs.ts'
import { aKeep } from '../some.ts'
import { aFolder, hookOf, REF, SECRET, written } from './written.ts'

const manual = { on: 'manual', secret: REF, run: 'true' }
const push = { repo: 'github:acme/site', secret: REF, run: 'git pull' }
const page = { url: '/df', on: 'get', token: REF, command: ['df', '-h'] }

const alone = {
  name: hostname(),
  labels: ['default'],
  leaseMs: 30_000,
  allow: null,
  sealKeys: null,
}

describe('the config', () => {
  test("keeps each hook's text as written under the hash of it, secrets starred", async () => {
    const source = `{ "on": "manual", "run": "true", // why\n "secret": ["${REF}", "${SECRET}"] }`
    const { config } = await written(`{ "hooks": { "a": ${source} } }`)
    const hash = config?.hooks.get('a')?.config ?? ''
    expect([...(config?.texts ?? [])]).toEqual([
      [hash, source.replace(SECRET, '*'.repeat(SECRET.length))],
    ])
    const other = await written(`{ "hooks": { "a": ${source.replace('why', 'because')} } }`)
    expect(other.config?.hooks.get('a')?.config).not.toBe(hash)
  })

  test('says in which line each hook begins', async () => {
    const hook = (more: string) => `{${more} "on": "manual", "run": "true", "secret": "${REF}" }`
    const hooks = `"a": ${hook('')}, "b": ${hook('')},\r\n\n"c":\n ${hook('\n')}`
    const { config } = await written(`// why\n{ "hooks": {\n${hooks} } }`)
    expect(Object.fromEntries(config?.lines ?? [])).toEqual({ a: 3, b: 3, c: 6 })
  })

  test('has the settings of the server', async () => {
    const server = {
      host: '0.0.0.0',
      port: 8080,
      data: 'state',
      'public-url': 'https://deploy.example.com/hooks/',
      'max-parallel': 3,
      'max-waiting': 500,
      drain: '5s',
    }
    const { config, folder } = await written({ server, hooks: { a: manual } })
    expect(config?.server).toEqual({
      host: '0.0.0.0',
      port: 8080,
      data: join(folder, 'state'),
      publicUrl: 'https://deploy.example.com/hooks',
      dashboard: { listen: null, publicUrl: null }, // it cannot be beneath a path
      proxyLogin: null,
      oidc: null,
      maxParallel: 3,
      maxWaiting: 500,
      drainMs: 5000,
      keep: aKeep(),
      trustedProxies: [],
      database: null,
      worker: alone,
    })
  })

  test('has defaults for the server, which the command line goes before', async () => {
    const plain = await written({ hooks: { a: manual } })
    expect(plain.config?.server).toEqual({
      host: '127.0.0.1',
      port: 9000,
      data: join(plain.folder, '.runhook'),
      publicUrl: null,
      dashboard: { listen: null, publicUrl: null },
      proxyLogin: null,
      oidc: null,
      maxParallel: Math.max(4, 4 * availableParallelism()),
      maxWaiting: 10_000,
      drainMs: 60_000,
      keep: aKeep(),
      trustedProxies: [],
      database: null,
      worker: alone,
    })
    const overrides = { host: '::1', port: 0, data: '/elsewhere' }
    const server = { host: '0.0.0.0', port: 1, data: 'state' }
    const { config } = await written({ server, hooks: { a: manual } }, { overrides })
    expect(config?.server).toMatchObject(overrides)
  })

  test('keeps data where systemd says, unless the file says otherwise', async () => {
    const environment = { SECRET, STATE_DIRECTORY: '/var/lib/runhook:/var/lib/other' }
    const { config } = await written({ hooks: { a: manual } }, { environment })
    expect(config?.server.data).toBe('/var/lib/runhook')
    const own = await written({ server: { data: '/d' }, hooks: { a: manual } }, { environment })
    expect(own.config?.server.data).toBe('/d')
  })
})

describe('variables', () => {
  test('are filled in everywhere but in run and command, .env before the environment', async () => {
    const hook = await hookOf(
      {
        ...push,
        env: { A: `\${X}`, B: `\${Y:-fallback}`, C: `$\${X}`, D: '$X', E: `\${EMPTY:-instead}` },
        timeout: `\${TIMEOUT:-1m}`,
        run: `echo \${X} \${NOT_SET}`,
      },
      {
        environment: { SECRET, X: 'from the environment', TIMEOUT: '2m' },
        files: { '.env': 'X="from .env"\nEMPTY=\n' },
      },
    )
    expect({ ...hook.env }).toEqual({
      A: 'from .env',
      B: 'fallback',
      C: `\${X}`,
      D: '$X',
      E: 'instead',
    })
    expect(hook.timeoutMs).toBe(120_000)
    expect(hook.steps).toMatchObject([{ line: `echo \${X} \${NOT_SET}` }])
  })

  test('can give the port, which is a number', async () => {
    const server = { port: `\${PORT:-9000}` }
    const environment = { SECRET, PORT: '8081' }
    const { config } = await written({ server, hooks: { a: manual } }, { environment })
    expect(config?.server.port).toBe(8081)
  })
})

describe('secrets that are not there', () => {
  test('are made fresh when asked to, and kept in .env for the owner only', async () => {
    const hooks = { a: { ...manual, secret: [`\${A}`, `\${B}`] }, b: { ...page, token: `\${A}` } }
    const beside = { createSecrets: true, environment: {} }
    const { config, created, envFile, folder, problems } = await written({ hooks }, beside)
    expect(problems).toEqual([])
    expect(created).toEqual(['A', 'B'])
    expect(statSync(envFile).mode & 0o777).toBe(0o600)
    const [first, second] = config?.hooks.get('a')?.secrets ?? []
    expect(first).toEqual({ name: 'A', value: expect.stringMatching(/^[\w-]{43}$/) })
    expect(second?.value).not.toBe(first?.value)
    expect(config?.hooks.get('b')?.tokens).toEqual([first])
    const again = await loadConfig(join(folder, 'hooks.json'), beside)
    expect(again.created).toEqual([])
    expect(again.config?.hooks).toEqual(config?.hooks)
  })

  test('are added to what .env holds, and its mode only becomes stricter', async () => {
    const folder = aFolder({ 'hooks.json': JSON.stringify({ hooks: { a: manual } }) })
    const envFile = join(folder, '.env')
    writeFileSync(envFile, '# mine\nX=1')
    chmodSync(envFile, 0o640)
    const options = { createSecrets: true, environment: {} }
    const { config } = await loadConfig(join(folder, 'hooks.json'), options)
    const value = config?.hooks.get('a')?.secrets[0]?.value
    expect(readFileSync(envFile, 'utf8')).toBe(`# mine\nX=1\nSECRET=${value}\n`)
    expect(statSync(envFile).mode & 0o777).toBe(0o640)
  })

  test('are not made while anything else is wrong', async () => {
    const hooks = { a: { ...manual, timeout: 'soon' } }
    const loaded = await written({ hooks }, { createSecrets: true, environment: {} })
    expect(loaded.created).toEqual([])
    expect(statSync(loaded.envFile, { throwIfNoEntry: false })).toBe(undefined)
    expect(loaded.lines).toEqual([
      'error hooks.a.timeout: "soon" is not a duration; write "30s", "10m" or "1h30m"',
    ])
  })

  test('are not made for other places, nor from half a name', async () => {
    const hooks = { a: { ...manual, secret: `x-\${A}`, env: { B: `\${B}` } } }
    const { lines } = await written({ hooks }, { createSecrets: true, environment: {} })
    expect(lines).toEqual([
      'error hooks.a.secret: A is set neither in .env nor in the environment',
      'error hooks.a.env.B: B is set neither in .env nor in the environment',
    ])
  })
})

describe('a file that cannot be read', () => {
  test('says so in one sentence, and what to do', async () => {
    const folder = aFolder()
    const load = (name: string) => loadConfig(join(folder, name), { environment: {} })
    await expect(load('none.json')).rejects.toMatchObject({
      code: 'config',
      message: `There is no hooks file at ${folder}/none.json.`,
      hint: 'Write one, as hooks.example.json shows, or name another with --config FILE.',
    })
    await expect(load('.')).rejects.toMatchObject({
      code: 'config',
      message: `${folder} cannot be read: it is a folder.`,
      hint: 'Name the hooks file with --config FILE.',
    })
    writeFileSync(join(folder, 'latin1.json'), Buffer.from([0x22, 0xe4, 0x22]))
    await expect(load('latin1.json')).rejects.toMatchObject({
      message: `${folder}/latin1.json cannot be read: it is not UTF-8 text.`,
    })
    writeFileSync(join(folder, 'huge.json'), ' '.repeat(1024 * 1024 + 1))
    await expect(load('huge.json')).rejects.toMatchObject({
      message: `${folder}/huge.json cannot be read: it is larger than 1 MB.`,
    })
  })

  test('also when it is .env', async () => {
    const folder = aFolder({ 'hooks.json': '{ "hooks": {} }' })
    mkdirSync(join(folder, '.env'))
    await expect(loadConfig(join(folder, 'hooks.json'), { environment: {} })).rejects.toMatchObject(
      {
        code: 'config',
        message: `${folder}/.env cannot be read: it is a folder.`,
      },
    )
  })

  const other = testUnless(process.getuid?.() === 0 ? null : 'only root becomes another user')
  other('names who may not read .env, whose it is, and what to run', async () => {
    const folder = aFolder({ 'hooks.json': '{ "hooks": {} }', '.env': 'A=b\n' })
    chmodSync(folder, 0o755)
    chmodSync(join(folder, 'hooks.json'), 0o644)
    const user = userNamed('nobody', accountsHere())?.name ?? 'user 65534'
    const load = () => loadConfig(join(folder, 'hooks.json'), { environment: {} })
    process.seteuid?.(65534)
    try {
      await expect(load()).rejects.toMatchObject({
        code: 'config',
        message: `${folder}/.env cannot be read by ${user}: it belongs to root, mode 0600.`,
        hint: `It holds the values of "\${NAME}" in the hooks file. Run: chown ${user} ${folder}/.env`,
      })
    } finally {
      process.seteuid?.(0)
    }
    chmodSync(join(folder, 'hooks.json'), 0o600)
    process.seteuid?.(65534)
    try {
      await expect(load()).rejects.toMatchObject({
        message: `${folder}/hooks.json cannot be read: ${user} may not: it belongs to root, mode 0600.`,
      })
    } finally {
      process.seteuid?.(0)
    }
  })
})
