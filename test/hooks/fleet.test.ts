/**
 * The keys of a fleet: what a server is to the others, and where a hook runs.
 */

import { chmodSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { aFolder, type Beside, REF, SECRET, written } from './written.ts'

const DATABASE_URL = 'postgres://app:canary-pass%21word@localhost/runhook'
const environment = { SECRET, DATABASE_URL }
const database = `\${DATABASE_URL}`
const push = { repo: 'github:acme/site', secret: REF, run: 'git pull' }

const load = (server: unknown, hooks: unknown = { a: push }, beside: Beside = {}) =>
  written({ server, hooks }, { environment, ...beside })

const serverOf = async (server: Record<string, unknown>, beside: Beside = {}) => {
  const { config, shown } = await load({ database, ...server }, { a: push }, beside)
  if (config === null) throw new Error(shown)
  return config.server
}

const placementOf = async (hook: Record<string, unknown>) => {
  const { config, shown } = await load({ database }, { a: { ...push, ...hook } })
  if (config === null) throw new Error(shown)
  return config.hooks.get('a')?.placement
}

describe('a database', () => {
  test('is none unless the file names one, whatever the environment says', async () => {
    expect((await load({})).config?.server.database).toBeNull()
  })

  test('stands in a variable, a file or a credential', async () => {
    const files = { url: `${DATABASE_URL}\n` }
    const credentials = { ...environment, CREDENTIALS_DIRECTORY: aFolder(files) }
    expect((await serverOf({})).database).toBe(DATABASE_URL)
    expect((await serverOf({ database: { file: 'url' } }, { files })).database).toBe(DATABASE_URL)
    const held = { database: { credential: 'url' } }
    expect((await serverOf(held, { environment: credentials })).database).toBe(DATABASE_URL)
  })

  const write = 'write "postgres://user:password@host/runhook"'
  const unreadable =
    'is no URL that can be read; write / ? # @ : % in a password as %2F %3F %23 %40 %3A %25'
  const unnamed =
    'names no database; write it behind the host, as in "postgres://user:password@host/runhook"'
  const several =
    'names several hosts, and one is connected to; write the one that leads to the primary, also after a failover: a name, a virtual address or a proxy'

  test.each([
    ['', `is empty; ${write}, or leave "database" out: then SQLite is used`],
    [' postgres://a:pass@h/d', 'begins or ends with white space'],
    ['host=db password=canary', `is no URL; ${write}`],
    ['canary:pass@h/d', `is no URL; ${write}`],
    ['mysql://a:pass@h/d', `begins with "mysql:", and only PostgreSQL is known; ${write}`],
    ['postgres://a:p/a?s#s@h/d', unreadable],
    ['postgres://a:p#s@h/d', unreadable],
    ['postgres://a:100%@h/d', unreadable],
    ['postgres://a:pass@h', unnamed],
    ['postgres://a:pass@h,i/d', several],
    ['postgres://a:pass@h:5432,i:5432/d?target_session_attrs=read-write', several],
    ['postgres:///d?host=h,i&user=a', several],
    ['postgresql://a:pass@h:5432/', unnamed],
  ])('that is %j is refused, and not shown', async (url, problem) => {
    const { lines, problems } = await load({ database }, undefined, {
      environment: { SECRET, DATABASE_URL: url },
    })
    expect(lines).toEqual([
      `error server.database${/^(is|begins|names)/.test(`DATABASE_URL ${problem}`) ? ' ' : ': '}DATABASE_URL ${problem}`,
    ])
    expect(JSON.stringify(problems)).not.toMatch(/canary|pass@/)
  })

  test('may have a comma and an @ in its password', async () => {
    for (const url of [
      'postgres://a:p@ss,word@localhost/d',
      'postgres://a:p,q@localhost/d?application_name=a,b',
    ])
      expect(
        (await load({ database }, undefined, { environment: { SECRET, DATABASE_URL: url } })).lines,
      ).toEqual([])
  })

  test('that is a list, or no text, is refused', async () => {
    const one = `a secret; write "\${NAME}", { "file": "…" } or { "credential": "…" }`
    expect((await load({ database: [DATABASE_URL] })).lines).toEqual([
      `error server.database: a list is not ${one}`,
    ])
    expect((await load({ database: 5 })).lines).toEqual([
      `error server.database: a number is not ${one}`,
    ])
    expect((await load({ database: '$DATABASE_URL' })).lines).toEqual([
      `error server.database begins with "$" but is no variable; write "\${NAME}"`,
    ])
  })

  test('that is set nowhere says where to set it, and is never made fresh', async () => {
    const { problems, created } = await load({ database, seal: `\${SEAL}` }, undefined, {
      environment: { SECRET },
      createSecrets: true,
    })
    expect(problems.map(({ path, message, hint }) => `${path}: ${message}; ${hint}`)).toEqual([
      `server.database: DATABASE_URL is set neither in .env nor in the environment; add a line DATABASE_URL=… to .env, or write "\${DATABASE_URL:-default}"`,
      'server.seal: SEAL is set neither in .env nor in the environment; make one: echo "SEAL=$(openssl rand -hex 32)" >> .env',
    ])
    expect(created).toEqual([])
  })

  test('with a password that stands in the file is a warning, and its line is starred', async () => {
    const { lines, shown } = await load({ database: DATABASE_URL, nmae: 'x' })
    expect(lines).toContain(
      `warn server.database is in the file with its password; use "\${DATABASE_URL}"`,
    )
    expect(shown).not.toContain('canary')
    const composed = `postgres://app:\${SECRET}@localhost/runhook`
    expect((await load({ database: composed })).lines).toEqual([])
    expect((await load({ database: 'postgres:///runhook?host=/run/postgresql' })).lines).toEqual([])
  })

  test.each([
    ['db.example.com', '', true],
    ['10.0.0.7:5432', '?application_name=x', true],
    ['db.example.com', '?sslmode=verify-full', false],
    ['db.example.com', '?sslmode=disable', false],
    ['localhost', '', false],
    ['127.0.0.1:5433', '', false],
    ['%2Frun%2Fpostgresql', '', false],
    ['', '?host=/run/postgresql', false],
  ])('at %s%s is told to need TLS: %s', async (host, query, told) => {
    const DATABASE_URL = `postgres://${host === '' ? '' : 'a:pass@'}${host}/runhook${query}`
    const { problems } = await load({ database }, undefined, {
      environment: { SECRET, DATABASE_URL },
    })
    const name = host.replace(/:.*/, '')
    expect(problems.map(({ message }) => message)).toEqual(
      told ? [`leads to ${name} without TLS: passwords and payloads can be read on the way`] : [],
    )
  })

  test('is hidden everywhere: the whole of it, and its password in each form', async () => {
    const { config } = await load({ database, seal: REF })
    expect(config?.hidden).toEqual(
      expect.arrayContaining([DATABASE_URL, 'canary-pass%21word', 'canary-pass!word', SECRET]),
    )
    const inQuery = 'postgres://localhost/runhook?user=app&password=canary-in-query'
    const other = await load({ database }, undefined, {
      environment: { SECRET, DATABASE_URL: inQuery, PGPASSWORD: 'canary-of-the-library' },
    })
    expect(other.config?.hidden).toEqual(
      expect.arrayContaining(['canary-in-query', 'canary-of-the-library']),
    )
  })

  test.each([
    { database: DATABASE_URL },
    { server: { databse: DATABASE_URL } },
    { server: { db: DATABASE_URL } },
    { server: { url: DATABASE_URL } },
    { server: { name: DATABASE_URL } },
    { server: { database: { url: DATABASE_URL } } },
    { defaults: { database: DATABASE_URL } },
    { server: { database, labels: [DATABASE_URL] } },
    { server: { seal: 'canary-0123456789' } },
    { server: { database, sael: 'canary-0123456789' } },
  ])('or a seal at the wrong place is not printed: %j', async (wrong) => {
    const { shown, problems } = await written({ hooks: { a: push }, ...wrong }, { environment })
    expect(problems.length).toBeGreaterThan(0)
    expect(shown + JSON.stringify(problems)).not.toContain('canary')
  })

  test('of a file that is broken is not printed either', async () => {
    const text = `{ "server": { "database": "${DATABASE_URL}" "x": 1 }, "hooks": {} }`
    expect((await written(text, { environment })).shown).not.toContain('canary')
  })

  test.each([
    ['db', 'database'],
    ['DATABASE_URL', 'database'],
    ['postgres', 'database'],
    ['label', 'labels'],
    ['tags', 'labels'],
    ['heartbeat', 'lease'],
    ['allowlist', 'allow'],
    ['hmac', 'seal'],
  ])('under "%s" is asked whether "%s" is meant', async (key, meant) => {
    const { problems } = await load({ [key]: 'x' })
    expect(problems.map(({ hint }) => hint)).toContain(`did you mean "${meant}"?`)
  })
})

describe('a worker', () => {
  test('has a name, labels and a lease by default', async () => {
    expect((await serverOf({})).worker).toEqual({
      name: hostname(),
      labels: ['default'],
      leaseMs: 30_000,
      allow: null,
      sealKeys: null,
    })
  })

  test('has those that the file gives, and those of the command line before them', async () => {
    const server = { name: 'web-1', labels: ['web', 'eu', 'web'], lease: '1m', seal: [REF] }
    expect((await serverOf(server)).worker).toEqual({
      name: 'web-1',
      labels: ['web', 'eu'],
      leaseMs: 60_000,
      allow: null,
      sealKeys: [{ name: 'SECRET', value: SECRET }],
    })
    const overrides = { name: 'web-2', labels: ['us'] }
    expect((await serverOf(server, { overrides })).worker).toMatchObject(overrides)
    expect((await serverOf({ labels: 'web' })).worker.labels).toEqual(['web'])
  })

  const name = 'a name for a worker; write up to 63 letters, digits and . _ -, such as "web-1"'
  const label = 'a label; write up to 63 letters, digits and . _ -, such as "web"'

  test.each([
    [{ name: 'web 1' }, `server.name: "web 1" is not ${name}`],
    [{ name: '' }, `server.name: "" is not ${name}`],
    [{ name: '..' }, `server.name: ".." is not ${name}`],
    [{ name: 'x'.repeat(64) }, `server.name: "${'x'.repeat(57)}…" is not ${name}`],
    [{ labels: ['web', 'ö'] }, `server.labels[1]: "ö" is not ${label}`],
    [{ labels: [] }, 'server.labels is an empty list: no hook could run here; name at least one'],
    [
      { lease: '9s' },
      'server.lease: "9s" is too short; the shortest is 10s: a worker that is only slow would be given up',
    ],
    [
      { lease: '11m' },
      'server.lease: "11m" is too long; the longest is 10m: so long the runs of a dead worker stand still',
    ],
    [{ lease: '30 sec' }, 'server.lease: "30 sec" is not a duration; write "30s"'],
    [{ seal: 'short' }, 'server.seal: the secret has 5 bytes; at least 16 are needed'],
    [{ seal: [] }, 'server.seal is an empty list; name at least one'],
  ])('%j', async (server, line) => {
    const { lines } = await load({ database, ...server })
    expect(lines.filter((one) => one.startsWith('error'))).toEqual([`error ${line}`])
  })

  test('cannot have a name or a label of other characters on the command line', async () => {
    await expect(serverOf({}, { overrides: { name: 'web 1' } })).rejects.toMatchObject({
      code: 'usage',
      message: '--name takes up to 63 letters, digits and . _ -, not "web 1".',
    })
    await expect(serverOf({}, { overrides: { labels: ['web', ''] } })).rejects.toMatchObject({
      message: '--labels takes up to 63 letters, digits and . _ -, not "".',
    })
    await expect(serverOf({}, { overrides: { labels: [] } })).rejects.toMatchObject({
      message: '--labels names none.',
    })
  })

  test('is nothing without a database, and each key of it says so', async () => {
    const server = { name: 'w', labels: ['web'], lease: '30s', allow: ['a'], seal: REF }
    expect((await load(server)).lines).toEqual(
      Object.keys(server).map(
        (key) =>
          `error server.${key} needs "database" beside it: a server alone has no workers; add "database": "\${DATABASE_URL}"`,
      ),
    )
    const { lines } = await load({}, undefined, { role: 'worker' })
    expect(lines).toEqual([
      `error server lacks "database": a worker finds its runs there; add "database": "\${DATABASE_URL}"`,
    ])
    expect((await load({}, undefined, { role: 'receiver' })).lines).toEqual([
      `error server lacks "database": a server that only receives leaves runs there; add "database": "\${DATABASE_URL}"`,
    ])
    await expect(load({}, undefined, { overrides: { labels: ['web'] } })).rejects.toMatchObject({
      code: 'usage',
      message: '--labels is for a fleet, and the hooks file has no database.',
    })
  })
})

describe('what a worker allows', () => {
  const hash = 'a'.repeat(64)
  const allowOf = async (allow: unknown, beside?: Beside) =>
    (await serverOf({ allow }, beside)).worker.allow

  test('is a list of names, or hashes by name', async () => {
    expect(await allowOf(['a'])).toEqual(new Map([['a', 'any']]))
    expect(await allowOf({ a: 'any', b: [hash] })).toEqual(
      new Map<string, unknown>([
        ['a', 'any'],
        ['b', [hash]],
      ]),
    )
  })

  const words =
    '"any" or a list of hashes, each of 64 hex digits, as "runhook check --hashes" prints them'
  const list =
    'a list of hooks or an object of hooks and hashes; write ["blog"] or { "blog": "any" }'

  test.each([
    [{ a: 'all' }, `error server.allow.a: "all" is not ${words}`],
    [{ a: ['3f2a9c0d12ab'] }, `error server.allow.a[0]: "3f2a9c0d12ab" is not ${words}`],
    [
      { a: [] },
      'error server.allow.a is an empty list, which no text fits; write "any", or its hash',
    ],
    ['a', `error server.allow: "a" is not ${list}`],
    [
      ['A b'],
      'error server.allow[0]: "A b" is not a name of a hook; write lower-case letters, digits and "-"',
    ],
    [[[]], 'error server.allow[0] is no name of a hook; write ["blog"] or { "blog": "any" }'],
    [['aa'], 'warn server.allow[0] names "aa", and this file has no such hook'],
    [[], 'warn server.allow allows nothing: this worker runs no hook at all'],
  ])('%j', async (allow, ...lines) => {
    expect((await load({ database, allow })).lines).toEqual(lines)
  })

  test('says beforehand when a hook is not as it was allowed', async () => {
    const { config, lines } = await load({ database, allow: { a: [hash] } })
    const own = config?.hooks.get('a')?.commandHash
    expect(lines).toEqual([
      `warn hooks.a has a hash that "allow" does not list, so this worker does not run it: ${own}`,
    ])
    expect((await load({ database, allow: { a: [hash, own] } })).lines).toEqual([])
  })

  test('is what the hooks file and a file of the command line both allow', async () => {
    const other = 'b'.repeat(64)
    const file = join(aFolder({ allow: JSON.stringify({ a: [hash, other], c: 'any' }) }), 'allow')
    const beside = { overrides: { allow: file } }
    const both = (a: unknown) => new Map([['a', a]])
    expect(await allowOf({ a: 'any', b: 'any' }, beside)).toEqual(both([hash, other]))
    expect(await allowOf({ a: [other] }, beside)).toEqual(both([other]))
    expect(await allowOf({ a: ['c'.repeat(64)] }, beside)).toEqual(both([]))
    expect(await allowOf(undefined, beside)).toEqual(
      new Map<string, unknown>([
        ['a', [hash, other]],
        ['c', 'any'],
      ]),
    )
    const { files } = await load({ database }, undefined, beside)
    expect(files).toContain(file)
  })

  test('by a file that is missing, no JSON, or open to everybody is refused', async () => {
    const folder = aFolder({ text: 'blog', twice: '{ "a": "any", "a": "any" }', open: '["a"]' })
    chmodSync(join(folder, 'open'), 0o666)
    const message = async (name: string) => {
      const allow = join(folder, name)
      const error: unknown = await load({ database }, undefined, { overrides: { allow } }).catch(
        (thrown: unknown) => thrown,
      )
      return error instanceof Error ? error.message.replaceAll(folder, '/folder') : null
    }
    expect(await message('none')).toBe('--allow: /folder/none cannot be read: it does not exist.')
    const no = 'is no JSON of hooks and hashes, such as { "blog": "any" }.'
    expect(await message('text')).toBe(`--allow: /folder/text ${no}`)
    expect(await message('twice')).toBe(`--allow: /folder/twice ${no}`)
    expect(await message('open')).toBe('--allow: everybody on this machine may write /folder/open.')
  })
})

describe('a hook runs', () => {
  const plain = {
    label: 'default',
    every: false,
    catchUp: false,
    maxParallel: null,
    failFast: false,
  }

  test.each([
    [{}, {}],
    [{ 'runs-on': 'web' }, { label: 'web' }],
    [{ 'runs-on': { every: 'web' } }, { label: 'web', every: true }],
    [
      { 'runs-on': { every: 'web' }, 'catch-up': true, strategy: {} },
      { label: 'web', every: true, catchUp: true },
    ],
    [
      { 'runs-on': { every: 'web' }, strategy: { 'max-parallel': 2 } },
      { label: 'web', every: true, maxParallel: 2, failFast: true },
    ],
    [
      { 'runs-on': { every: 'web' }, strategy: { 'max-parallel': 2, 'fail-fast': false } },
      { label: 'web', every: true, maxParallel: 2 },
    ],
    [
      { 'runs-on': { every: 'web' }, strategy: { 'fail-fast': true } },
      { label: 'web', every: true, failFast: true },
    ],
  ])('as %j says', async (hook, placement) => {
    expect(await placementOf(hook)).toEqual({ ...plain, ...placement })
  })

  const label = 'a label; write up to 63 letters, digits and . _ -, such as "web"'
  const runsOn = 'a label or { "every": … }; write "web" or { "every": "web" }'
  const everyOnly = 'write "runs-on": { "every": "web" }'

  test.each([
    [{ 'runs-on': ['web'] }, `runs-on: a list is not ${runsOn}`, null],
    [{ 'runs-on': 'ubuntu latest' }, `runs-on: "ubuntu latest" is not ${label}`, null],
    [{ 'runs-on': {} }, 'runs-on: lacks "every"', null],
    [{ 'runs-on': { all: 'web' } }, 'runs-on.all: unknown key', 'did you mean "every"?'],
    [
      { 'catch-up': true },
      'catch-up: is for runs on every worker of a label: a run for any one of them waits until there is one',
      everyOnly,
    ],
    [
      { 'runs-on': 'web', strategy: { 'max-parallel': 1 } },
      'strategy: is for runs on every worker of a label: a run for any one of them is one run',
      everyOnly,
    ],
    [
      { 'runs-on': { every: 'web' }, strategy: { 'max-parallel': 0 } },
      'strategy.max-parallel: 0 is not a number of runs; write a whole number from 1 to 1000',
      null,
    ],
    [
      { 'runs-on': { every: 'web' }, respond: 'output' },
      'respond: "output" cannot stand beside "every": there is an output of each worker, and one answer',
      null,
    ],
    [
      { 'runs-on': { every: 'web' }, respond: 'stream' },
      'respond: "stream" cannot stand beside "every": there is an output of each worker, and one answer',
      null,
    ],
    [
      { 'runs-on': { every: 'web' }, matrix: {} },
      'matrix: unknown key',
      'did you mean "strategy"?',
    ],
    [{ runs_on: 'web' }, 'runs_on: unknown key', 'did you mean "runs-on"?'],
    [{ runsOn: 'web' }, 'runsOn: unknown key', 'did you mean "runs-on"?'],
    [{ worker: 'web' }, 'worker: unknown key', 'did you mean "runs-on"?'],
    [{ nodes: 'web' }, 'nodes: unknown key', 'did you mean "runs-on"?'],
    [{ tags: 'web' }, 'tags: unknown key', 'did you mean "runs-on"?'],
    [
      { 'runs-on': { every: 'web' }, catchup: true },
      'catchup: unknown key',
      'did you mean "catch-up"?',
    ],
  ])('%j is a mistake', async (hook, line, hint) => {
    const { problems } = await load({ database }, { a: { ...push, ...hook } })
    const found = problems.map(({ path, message }) => `${path}: ${message}`)
    expect(found).toEqual([`hooks.a.${line}`])
    expect(problems[0]?.hint).toBe(hint)
  })

  test('to answer a GET by default with its output, so not on every worker', async () => {
    const page = { url: '/df', on: 'get', token: REF, run: 'df -h', 'runs-on': { every: 'web' } }
    expect((await load({ database }, { a: page })).lines).toEqual([
      'error hooks.a.runs-on would answer GET with an output, and there is one of each worker; add "respond": "accepted"',
    ])
    const accepted = await load({ database }, { a: { ...page, respond: 'accepted' } })
    expect(accepted.lines).toEqual([])
  })

  test('here, where there is no database', async () => {
    const hook = {
      ...push,
      'runs-on': { every: 'web' },
      'catch-up': true,
      strategy: { 'max-parallel': 1 },
    }
    const { lines, shown } = await load({}, { a: hook })
    expect(lines).toEqual(
      ['runs-on', 'catch-up', 'strategy'].map(
        (key) =>
          `error hooks.a.${key} needs a fleet, and this server is alone: every hook runs right here`,
      ),
    )
    expect(shown).toContain(
      `add "database": "\${DATABASE_URL}" to "server", or take "runs-on" away`,
    )
  })
})
