import { expect, test } from 'vitest'
import { parseAge } from '../../src/hooks/duration.ts'
import { parseSize, sizeSyntax } from '../../src/hooks/size.ts'
import { suggest } from '../../src/hooks/suggest.ts'
import { hookOf, linesOf, REF, written } from './written.ts'

const DAY = 24 * 60 * 60 * 1000
const manual = { on: 'manual', token: REF, run: 'true' }
const keepOf = async (keep: unknown) =>
  (await written({ server: { keep }, hooks: { a: manual } })).lines

test.each([
  ['0B', 0],
  ['512B', 512],
  ['1kB', 1000],
  ['1KiB', 1024],
  ['1536MiB', 1.5 * 2 ** 30],
  ['500MB', 5e8],
  ['2TiB', 2 ** 41],
])('%s is %i bytes', (text, bytes) => {
  expect(sizeSyntax.test(text)).toBe(true)
  expect(parseSize(text)).toBe(bytes)
})

test.each(['', '0', '1.5GiB', '1 GiB', '-1', '1G', 'GiB', '1gib', '1e9', '1.GiB'])(
  '%j is no size',
  (text) => {
    expect(sizeSyntax.test(text)).toBe(false)
  },
)

test('things may be kept for longer than any timer waits', () => {
  expect(parseAge('180d')).toEqual({ ms: 180 * DAY })
  expect(parseAge('3650d')).toEqual({ ms: 3650 * DAY })
})

test('how long the server keeps what is a setting of each kind', async () => {
  const keep = {
    bodies: '2d',
    output: '36h',
    'output-size': '64MiB',
    history: '365d',
    refusals: '1d',
  }
  const { config, problems } = await written({ server: { keep }, hooks: { a: manual } })
  expect(problems).toEqual([])
  expect(config?.server.keep).toEqual({
    bodiesMs: 2 * DAY,
    outputMs: 1.5 * DAY,
    outputBytes: 64 * 2 ** 20,
    historyMs: 365 * DAY,
    refusalsMs: DAY,
  })
})

test('a hook may have its own number of runs and of days', async () => {
  const own = await hookOf({ ...manual, keep: { runs: 200, days: 90 } })
  expect(own.keep).toEqual({ runs: 200, ageMs: 90 * DAY })
  expect((await hookOf(manual)).keep).toEqual({ runs: null, ageMs: null })
})

test.each([
  [{ history: '30m' }, 'server.keep.history: "30m" is too short; the shortest is 1h'],
  [{ output: '9999d' }, 'server.keep.output: "9999d" is too long; the longest is 3650d'],
  [
    { 'output-size': '1 gig' },
    'server.keep.output-size: "1 gig" is not a size; write "512MiB", "1GiB" or "100MB"',
  ],
])('%j is refused', async (keep, line) => {
  expect(await keepOf(keep)).toEqual([`error ${line}`])
})

test.each([
  [{ runs: 0 }, 'runs: 0 is not a number of runs; write a whole number from 1 to 10000'],
  [{ days: '90d' }, 'days: "90d" is not a number of days; write a whole number from 1 to 3650'],
])('of a hook %j is refused', async (keep, line) => {
  expect(await linesOf({ ...manual, keep })).toEqual([`error hooks.a.keep.${line}`])
})

test.each([
  ['payloads', 'bodies'],
  ['logs', 'output'],
  ['max-size', 'output-size'],
  ['rejected', 'refusals'],
])('"%s" of keep is "%s"', (word, meant) => {
  const known = ['bodies', 'output', 'output-size', 'history', 'refusals']
  expect(suggest(word, known)).toBe(meant)
})

test('"retention" is "keep"', () => {
  expect(suggest('retention', ['timeout', 'keep', 'run'])).toBe('keep')
})
