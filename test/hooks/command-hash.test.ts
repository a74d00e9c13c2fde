/**
 * The hash of what a hook executes: it changes with all that decides that, and with nothing else.
 */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonical } from '../../src/hooks/canonical.ts'
import { hook as schema } from '../../src/hooks/schema-hook.ts'
import { REF, SECRET, written } from './written.ts'

const base = { repo: 'github:acme/site', secret: REF, run: ['git pull', './restart'] }

async function hashOf(
  hook: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>> = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const file = {
    server: { database: 'postgres://localhost/runhook' },
    defaults,
    hooks: { a: { ...base, ...hook } },
  }
  const { config, shown } = await written(file, { environment: { SECRET, ...environment } })
  if (config === null) throw new Error(shown)
  return config.hooks.get('a')?.commandHash
}

const executes: Readonly<Record<string, unknown>> = {
  run: ['git pull', './restart', 'true'],
  command: ['git', 'pull'],
  'on-failure': 'true',
  'on-success': 'true',
  retry: { times: 1 },
  shell: '/bin/bash',
  'working-directory': '/tmp',
  env: { A: 'x' },
  user: 'root',
  umask: '0077',
  nice: 1,
  limits: { pids: 5 },
  leftovers: 'keep',
  timeout: '11m',
  respond: 'output',
  'allow-unusual-refs': true,
}

const starts: Readonly<Record<string, unknown>> = {
  repo: 'github:acme/other',
  url: '/elsewhere',
  on: { push: { branches: ['x'] } },
  match: { 'payload.a': 'b' },
  secret: [REF, REF],
  signature: null,
  token: REF,
  users: null,
  auth: null,
  'allow-from': '::1',
  replay: 'allow',
  'allow-forks': true,
  concurrency: 'group',
  'max-parallel': 2,
  'runs-on': 'web',
  'catch-up': null,
  strategy: null,
  keep: { runs: 5 },
  enabled: false,
  'status-codes': null,
  'response-headers': null,
  cache: null,
  'on-disconnect': null,
  badge: null,
}

test('every key of a hook is known to change it, or not to', () => {
  const known = [...Object.keys(executes), ...Object.keys(starts)]
  expect(Object.keys(schema.entries).sort()).toEqual(known.sort())
})

test('it changes with each key that decides what is executed', async () => {
  const plain = await hashOf({})
  const hashes = await Promise.all(
    Object.entries(executes).map(([key, value]) =>
      hashOf(key === 'command' ? { run: undefined, command: value } : { [key]: value }),
    ),
  )
  expect(new Set([plain, ...hashes]).size).toBe(hashes.length + 1)
  for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/)
})

test('it does not change with what starts the hook, and where', async () => {
  const plain = await hashOf({})
  for (const [key, value] of Object.entries(starts))
    if (value !== null) expect([key, await hashOf({ [key]: value })]).toEqual([key, plain])
  const everywhere = {
    'runs-on': { every: 'web' },
    'catch-up': true,
    strategy: { 'max-parallel': 1 },
  }
  expect(await hashOf(everywhere)).toBe(plain)
})

test('it changes with the inputs that a caller may give, and not with the rest of "on"', async () => {
  const on = (scope: unknown) => ({ on: { manual: { inputs: { scope } }, push: null } })
  const some = await hashOf(on({ options: ['all', 'some'] }))
  expect(some).not.toBe(await hashOf({}))
  expect(await hashOf(on({ options: ['all', 'other'] }))).not.toBe(some)
  const filtered = { ...on({ options: ['all', 'some'] }).on, push: { branches: ['x'] } }
  expect(await hashOf({ on: filtered })).toBe(some)
})

test("it covers the file's defaults, as far as the hook leaves them alone", async () => {
  const plain = await hashOf({})
  expect(await hashOf({}, { shell: '/bin/bash' })).toBe(await hashOf({ shell: '/bin/bash' }))
  expect(await hashOf({ timeout: '5m' }, { timeout: '1m' })).toBe(await hashOf({ timeout: '5m' }))
  const env = { A: '1', B: '2' }
  expect(await hashOf({ env: { B: '2' } }, { env: { A: '1', B: 'x' } })).toBe(await hashOf({ env }))
  const limits = { pids: 5, memory: '1GiB' }
  expect(await hashOf({ limits: { pids: 5 } }, { limits: { memory: '1GiB' } })).toBe(
    await hashOf({ limits }),
  )
  expect(await hashOf({}, { env: { PATH: '/evil' } })).not.toBe(plain)
})

test('it is the same on each machine: variables and places count as they are written', async () => {
  const hook = {
    env: { KEY: `\${KEY}`, B: { file: 'hooks.json' } },
    'working-directory': `\${HERE}`,
  }
  const here = await hashOf(hook, {}, { KEY: 'one', HERE: '/tmp' })
  expect(await hashOf(hook, {}, { KEY: 'two', HERE: '/usr' })).toBe(here)
  expect(
    await hashOf({ ...hook, env: { ...hook.env, KEY: 'one' } }, {}, { HERE: '/tmp' }),
  ).not.toBe(here)
})

test('it does not change with spaces, comments and the order of keys', async () => {
  const texts = [
    `{ "hooks": { "a": { "secret": "${REF}", "env": { "A": "1", "B": "2" }, "repo": "github:a/b", "run": "true" } } }`,
    `{ "hooks": { "a": { // why
      "run": "true", "repo": "github:a/b", "env": { "B": "2", "A": "1" }, "secret": "${REF}" } } }`,
  ]
  const [one, two] = await Promise.all(texts.map((text) => written(text)))
  expect(one?.config?.hooks.get('a')?.commandHash).toBe(two?.config?.hooks.get('a')?.commandHash)
  expect(one?.config?.hooks.get('a')?.config).not.toBe(two?.config?.hooks.get('a')?.config)
})

test('it is of one name only', async () => {
  const hooks = { a: base, b: { ...base } }
  const { config } = await written({ hooks })
  const [a, b] = [...(config?.hooks.values() ?? [])]
  expect(a?.commandHash).not.toBe(b?.commandHash)
})

test('the canonical text of a value can be read back, so no two values share one', () => {
  const property = fc.property(fc.jsonValue(), (value) => {
    const text = canonical(value)
    expect(canonical(JSON.parse(text))).toBe(text)
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
  })
  fc.assert(property, { numRuns: 1000 })
})

test('the canonical text does not depend on the order of keys', () => {
  const property = fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
    const turned = Object.fromEntries(Object.entries(value).reverse())
    expect(canonical(turned)).toBe(canonical(value))
  })
  fc.assert(property, { numRuns: 500 })
})

test('what is no JSON has no canonical text', () => {
  for (const value of [
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    new Map(),
    new Date(0),
    1n,
    () => 1,
  ])
    expect(() => canonical([value])).toThrow(TypeError)
  expect(canonical({ a: undefined, b: 1 })).toBe('{"b":1}')
})
