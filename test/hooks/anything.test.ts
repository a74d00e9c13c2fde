/**
 * Whatever stands in a hooks file, it is answered in our words: no exception, no raw text of a library,
 * no problem without a place, and no config that an error was reported for.
 */

import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/hooks/load.ts'
import { renderProblems, sentence } from '../../src/hooks/problems.ts'
import { aFolder, REF, SECRET } from './written.ts'

const good = {
  defaults: { timeout: '10m', env: { A: 'x' }, shell: '/bin/sh', 'working-directory': '.' },
  server: {
    host: '::1',
    port: 1,
    drain: '5s',
    'max-parallel': 1,
    'public-url': 'http://a.b',
    database: 'postgres://a:b@localhost/c',
    labels: ['web'],
    name: 'w',
    lease: '30s',
    allow: { a: 'any' },
    seal: [REF],
  },
  hosts: { github: { secret: REF }, bitbucket: { secret: [REF] } },
  hooks: {
    a: {
      repo: ['github:acme/site'],
      on: { push: { branches: ['main'], paths: ['**', '!docs/**'] }, release: null, manual: {} },
      secret: [REF, { file: 'hooks.json' }, { credential: 'x' }],
      run: ['git pull', { signal: 'HUP', pidfile: 'x' }],
      concurrency: { group: 'a', queue: 'max', 'cancel-in-progress': false },
    },
    b: {
      url: '/b',
      on: ['get'],
      token: REF,
      'runs-on': { every: 'web' },
      'catch-up': true,
      strategy: { 'max-parallel': 1, 'fail-fast': true },
      command: ['df', '{{ payload.x }}'],
      auth: 'none',
    },
    c: { on: { manual: { inputs: { x: { type: 'choice', options: ['a'], default: 'a' } } } } },
  },
}

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('', '${', `\${NONE}`, '$', '{{', '\0', '__proto__', [], {}, null, [[]], [{}], -1),
)

/** Every place in the file above that can be replaced, or be given one key more. */
function* places(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  yield path
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) yield* places(inner, [...path, key])
}

function replaced(value: unknown, path: readonly string[], odd: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return odd
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value) && key === 'length') return value // which not every value may be
  const copy = Array.isArray(value) ? [...value] : { ...value }
  return Object.assign(copy, { [key]: replaced(Reflect.get(value, key), rest, odd) })
}

test('any value at any place is told in our words', async () => {
  const file = `${aFolder({ 'hooks.json': '' })}/hooks.json`
  const place = fc.constantFrom(...places(good))
  const change = fc.record({ place, extra: fc.option(fc.string()), odd })
  const property = fc.asyncProperty(fc.array(change, { maxLength: 4 }), async (changes) => {
    const content = changes.reduce<unknown>((value, { place, extra, odd }) => {
      return replaced(value, extra === null ? place : [...place, extra], odd)
    }, good)
    const text = JSON.stringify(content)
    writeFileSync(file, text)
    const { config, problems } = await loadConfig(file, { environment: { SECRET } })
    const failed = problems.some(({ severity }) => severity === 'error')
    expect(config === null).toBe(failed)
    for (const problem of problems) {
      expect(sentence(problem)).not.toMatch(/Invalid |[Ee]xpected |received|undefined|\[object/)
      expect(problem.line).toBe(1)
      expect(problem.column).toBeGreaterThan(0)
      expect(problem.column).toBeLessThanOrEqual(text.length)
      expect(problem.length).toBeGreaterThan(0)
    }
    expect(renderProblems(file, text, problems, { color: false })).not.toContain(SECRET)
  })
  await fc.assert(property, { numRuns: 400 })
})

test('any text at all is answered without an exception', async () => {
  const file = `${aFolder({ 'hooks.json': '' })}/hooks.json`
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    ':',
    '"hooks"',
    '//',
    '/*',
    '\n',
    'a',
    '1',
  )
  const property = fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
    const text = pieces.join('')
    writeFileSync(file, text)
    const { problems } = await loadConfig(file, { environment: {} })
    renderProblems(file, text, problems, { color: false })
  })
  await fc.assert(property, { numRuns: 400 })
})

test('a file nested without end is refused in words', async () => {
  const folder = aFolder({ 'hooks.json': '['.repeat(200_000) })
  await expect(loadConfig(`${folder}/hooks.json`, { environment: {} })).rejects.toMatchObject({
    code: 'config',
    message: `${folder}/hooks.json is nested too deep to be a hooks file.`,
  })
})
