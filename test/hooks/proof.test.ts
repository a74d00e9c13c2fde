/**
 * Closed by default: what must protect a hook, and what is no protection.
 */

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/hooks/load.ts'
import { aFolder, hookOf, linesOf, REF, SECRET, written } from './written.ts'

const push = { repo: 'github:acme/site', run: 'git pull' }
const page = { url: '/df', on: 'get', command: ['df', '-h'] }
const manual = { on: 'manual', run: 'true' }

describe('a hook', () => {
  test.each([
    [
      'of a repository needs a secret',
      push,
      `error hooks.a needs a secret; add "secret": "\${A_SECRET}", or one for all of github in "hosts"`,
    ],
    [
      'of a repository is not protected by a token',
      { ...push, token: REF },
      `error hooks.a needs a secret; add "secret": "\${A_SECRET}", or one for all of github in "hosts"`,
      'warn hooks.a.token is not used: webhooks of github are signed with "secret"',
    ],
    [
      'of a repository is never open',
      { ...push, auth: 'none' },
      `error hooks.a needs a secret; add "secret": "\${A_SECRET}", or one for all of github in "hosts"`,
      'error hooks.a.auth is never allowed beside "repo": hosts sign their webhooks',
    ],
    [
      'of a repository with a secret is not open either',
      { ...push, secret: REF, auth: 'none' },
      'error hooks.a.auth is never allowed beside "repo": hosts sign their webhooks',
    ],
    [
      'of a plain URL says that it is open',
      page,
      `error hooks.a needs "token" or "secret"; add "token": "\${A_TOKEN}", or "auth": "none" if everybody may call it`,
    ],
    [
      'cannot be open and closed',
      { ...page, token: REF, secret: REF, auth: 'none' },
      'error hooks.a.auth cannot stand beside "secret" and "token": a hook is open or it is not',
    ],
    [
      'started by hand needs a proof',
      manual,
      `error hooks.a needs "secret" or "token" for "manual"; add "secret": "\${A_SECRET}"`,
    ],
    [
      'started by hand is never open',
      { ...manual, url: '/x', auth: 'none', 'allow-from': '::1' },
      `error hooks.a needs "secret" or "token" for "manual"; add "secret": "\${A_SECRET}"`,
    ],
    [
      'has no secret where the list is empty',
      { ...push, secret: [] },
      'error hooks.a.secret is an empty list; name at least one',
    ],
  ])('%s', async (_, hook, ...lines) => {
    expect(await linesOf(hook)).toEqual(lines)
  })

  test("takes its host's secret when it has none, and says so", async () => {
    const hosts = { github: { secret: REF } }
    expect(await hookOf(push, { hosts })).toMatchObject({
      secrets: [{ name: 'SECRET', value: SECRET }],
      hostSecrets: true,
    })
    const environment = { SECRET, OWN: `own-${SECRET}` }
    expect(await hookOf({ ...push, secret: `\${OWN}` }, { hosts, environment })).toMatchObject({
      secrets: [{ name: 'OWN', value: `own-${SECRET}` }],
      hostSecrets: false,
    })
    const bitbucket = await written({
      hosts,
      hooks: { a: { ...push, repo: 'bitbucket:acme/site' } },
    })
    expect(bitbucket.lines).toEqual([
      `error hooks.a needs a secret; add "secret": "\${A_SECRET}", or one for all of bitbucket in "hosts"`,
    ])
  })

  test('may have two secrets while one is being replaced', async () => {
    const environment = { NEW: `new-${SECRET}`, OLD: `old-${SECRET}` }
    const hook = await hookOf({ ...push, secret: [`\${NEW}`, `\${OLD}`] }, { environment })
    expect(hook.secrets).toEqual([
      { name: 'NEW', value: `new-${SECRET}` },
      { name: 'OLD', value: `old-${SECRET}` },
    ])
  })
})

describe('a secret', () => {
  const lines = (secret: unknown, environment = {}) =>
    linesOf({ ...push, secret }, { environment: { SECRET, ...environment } })

  test('that is empty or short is refused by the name of its setting', async () => {
    expect(await lines(`\${S}`, { S: '' })).toEqual([
      'error hooks.a.secret: S is empty; nothing would be closed by it',
    ])
    expect(await lines(`\${S:-}`)).toEqual([
      'error hooks.a.secret: S is empty; nothing would be closed by it',
    ])
    expect(await lines([REF, ''])).toEqual([
      'error hooks.a.secret[1]: the secret is empty; nothing would be closed by it',
    ])
    expect(await lines(`\${S}`, { S: '123456789012345' })).toEqual([
      'error hooks.a.secret: S has 15 bytes; at least 16 are needed',
    ])
    expect(await lines(`\${S}`, { S: '12345678901234567890123' })).toEqual([
      'warn hooks.a.secret: S has 23 bytes; 24 or more are hard to guess',
    ])
    expect(await lines(`\${S}`, { S: 'ä'.repeat(12) })).toEqual([])
  })

  test('that begins or ends with white space is probably not meant so', async () => {
    expect(await lines(`\${S}`, { S: `${SECRET} ` })).toEqual([
      'warn hooks.a.secret: S begins or ends with white space, which counts as part of it',
    ])
  })

  test('that is set nowhere says how to make it', async () => {
    const { shown } = await written({ hooks: { a: { ...push, secret: `\${S}` } } })
    expect(shown).toBe(`\
hooks.json:1:68 error  hooks.a.secret: S is set neither in .env nor in the environment
  1 │ {"hooks":{"a":{"repo":"github:acme/site","run":"git pull","secret":"\${S}"}}}
    │                                                                    ^^^^^^ make one: echo "S=$(openssl rand -hex 32)" >> .env
1 error`)
  })

  test('that stands in the file is a warning, and its value shown nowhere', async () => {
    const loaded = await written({ hooks: { 'my-app': { ...push, secret: SECRET } } })
    expect(loaded.lines).toEqual([
      `warn hooks.my-app.secret is in the file; use "\${MY_APP_SECRET}"`,
    ])
    expect(loaded.config?.hooks.get('my-app')?.secrets).toEqual([
      { name: 'secret 1', value: SECRET },
    ])
    const said = JSON.stringify([loaded.problems, loaded.shown, [...(loaded.config?.texts ?? [])]])
    expect(said).not.toContain(SECRET)
    expect(await linesOf({ ...page, token: SECRET })).toEqual([
      `warn hooks.a.token is in the file; use "\${A_TOKEN}"`,
    ])
  })

  test('that looks like a variable and is none is refused', async () => {
    expect(await lines('$SECRET')).toEqual([
      `error hooks.a.secret begins with "$" but is no variable; write "\${NAME}"`,
    ])
    expect(await lines(`\${SECRET`)).toEqual([
      `error hooks.a.secret: "\${SECRET" is not a variable; write "\${NAME}" or "\${NAME:-default}"`,
    ])
  })

  test('of another shape is refused without showing it', async () => {
    expect(await lines(1234567890123456)).toEqual([
      `error hooks.a.secret: a number is not a secret; write "\${NAME}", { "file": "…" } or { "credential": "…" }`,
    ])
    expect(await lines({})).toEqual(['error hooks.a.secret needs either "file" or "credential"'])
    expect(await lines({ file: 'a', credential: 'b' })).toEqual([
      'error hooks.a.secret needs either "file" or "credential"',
    ])
    expect(await lines({ file: 5 })).toEqual(['error hooks.a.secret.file: a number is not a path'])
  })
})

describe('a secret in a file', () => {
  const inFile = { hooks: { a: { ...push, secret: { file: 'secrets/site' } } } }

  function load(value: string | null, mode = 0o600) {
    const folder = aFolder({ 'hooks.json': JSON.stringify(inFile) })
    mkdirSync(join(folder, 'secrets'))
    const file = join(folder, 'secrets/site')
    if (value !== null) writeFileSync(file, value)
    if (value !== null) chmodSync(file, mode)
    return loadConfig(join(folder, 'hooks.json'), { environment: {} }).then((loaded) => ({
      ...loaded,
      messages: loaded.problems.map(({ message }) => message.replaceAll(folder, '/folder')),
      secrets: loaded.config?.hooks.get('a')?.secrets,
      file,
    }))
  }

  test('loses the one new line that editors add, and is watched', async () => {
    const { secrets, messages, files, file } = await load(`${SECRET}\n`)
    expect(secrets).toEqual([{ name: 'site', value: SECRET }])
    expect(messages).toEqual([])
    expect(files).toContain(file)
    expect((await load(`${SECRET}\r\n`)).secrets).toEqual([{ name: 'site', value: SECRET }])
  })

  test('keeps other white space, with a warning', async () => {
    const { secrets, messages } = await load(`${SECRET} \n\n`)
    expect(secrets?.[0]?.value).toBe(`${SECRET} \n`)
    expect(messages).toEqual([
      'the file site begins or ends with white space, which counts as part of it',
    ])
  })

  test('that everybody can read is a warning', async () => {
    const { messages } = await load(SECRET, 0o644)
    expect(messages).toEqual([
      'everybody on this machine can read /folder/secrets/site; chmod 600 it',
    ])
  })

  test('that is not there, is empty, or is a folder is an error', async () => {
    expect((await load(null)).messages).toEqual([
      '/folder/secrets/site cannot be read: it does not exist',
    ])
    expect((await load('\n')).messages).toEqual([
      'the file site is empty; nothing would be closed by it',
    ])
    const folder = await linesOf({ ...push, secret: { file: '.' } })
    expect(folder).toEqual(['error hooks.a.secret: /folder cannot be read: it is a folder'])
  })
})

describe('a systemd credential', () => {
  test('is read from where systemd put it', async () => {
    const folder = aFolder({ site: SECRET })
    const environment = { CREDENTIALS_DIRECTORY: folder }
    const hook = await hookOf({ ...push, secret: { credential: 'site' } }, { environment })
    expect(hook.secrets).toEqual([{ name: 'site', value: SECRET }])
  })

  test('has a plain name, and only where systemd gives any', async () => {
    expect(await linesOf({ ...push, secret: { credential: '../x' } })).toEqual([
      'error hooks.a.secret.credential: "../x" is not the name of a credential',
    ])
    const { shown } = await written({ hooks: { a: { ...push, secret: { credential: 'x' } } } })
    expect(shown).toContain(
      'hooks.a.secret: $CREDENTIALS_DIRECTORY is not set: systemd gives no credentials to this process',
    )
    expect(shown).toContain('add LoadCredential=x:/path/of/the/file to the unit')
  })
})

describe('a file that everybody can read', () => {
  const content = (secret: string) => JSON.stringify({ hooks: { a: { ...push, secret } } })

  async function messages(secret: string, open: string): Promise<string[]> {
    const folder = aFolder({ 'hooks.json': content(secret), '.env': `SECRET=${SECRET}\n` })
    chmodSync(join(folder, open), 0o644)
    const { problems } = await loadConfig(join(folder, 'hooks.json'), { environment: {} })
    return problems.map(({ message }) => message)
  }

  test('is a warning when it holds a secret, and none when it does not', async () => {
    const advice = 'can be read by everybody on this machine and holds a secret; chmod 600 it'
    expect(await messages(REF, 'hooks.json')).toEqual([])
    expect(await messages(REF, '.env')).toEqual([`.env ${advice}`])
    expect(await messages(SECRET, 'hooks.json')).toEqual([
      `is in the file; use "\${A_SECRET}"`,
      `hooks.json ${advice}`,
    ])
  })
})
