import { describe, expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../src/hooks/duration.ts'

describe('parseDuration', () => {
  test.each([
    ['30s', 30_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['2d', 172_800_000],
    ['1d2h3m4s5ms', 93_784_005],
    ['0s', 0],
    ['90m', 5_400_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toEqual({ ms })
  })

  test.each([
    ['10 min', '"10m"'],
    ['10 m', '"10m"'],
    ['5 Seconds', '"5s"'],
    ['2hours', '"2h"'],
    ['1day', '"1d"'],
    ['20 msec', '"20ms"'],
    ['600', '"30s", "10m" or "1h30m"'],
    ['', '"30s", "10m" or "1h30m"'],
    ['30m1h', '"30s", "10m" or "1h30m"'],
    ['1m1m', '"30s", "10m" or "1h30m"'],
    ['1.5h', '"30s", "10m" or "1h30m"'],
    ['-5s', '"30s", "10m" or "1h30m"'],
    ['5s ', '"5s"'],
    ['soon', '"30s", "10m" or "1h30m"'],
  ])('"%s" is no duration, and what to write is %s', (text, better) => {
    expect(parseDuration(text)).toEqual({ problem: `is not a duration; write ${better}` })
  })

  test('what a timer cannot wait for is refused: setTimeout would fire at once', () => {
    expect(parseDuration('24d')).toEqual({ ms: 2_073_600_000 })
    expect(parseDuration('2147483647ms')).toEqual({ ms: 2 ** 31 - 1 })
    const problem = { problem: 'is too long; the longest is 24d' }
    expect(parseDuration('2147483648ms')).toEqual(problem)
    expect(parseDuration('25d')).toEqual(problem)
    expect(parseDuration(`${'9'.repeat(400)}d`)).toEqual(problem)
  })
})

test('formatDuration writes the shortest text that parses to the same', () => {
  expect([0, 500, 30_000, 600_000, 5_400_000, 93_784_005].map(formatDuration)).toEqual([
    '0s',
    '500ms',
    '30s',
    '10m',
    '1h30m',
    '1d2h3m4s5ms',
  ])
})
