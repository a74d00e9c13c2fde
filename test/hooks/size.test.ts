import { describe, expect, test } from 'vitest'
import { formatSize, parseSize, sizeProblem } from '../../src/hooks/size.ts'

describe('a size', () => {
  test.each([
    ['0B', 0],
    ['1B', 1],
    ['100kB', 100_000],
    ['1KiB', 1024],
    ['512MB', 512_000_000],
    ['512MiB', 536_870_912],
    ['1GB', 1_000_000_000],
    ['2GiB', 2_147_483_648],
    ['1TB', 1_000_000_000_000],
    ['1TiB', 1_099_511_627_776],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
    expect(sizeProblem(text)).toBeNull()
    expect(parseSize(formatSize(bytes))).toBe(bytes)
  })

  test.each([
    ['512 MB', '"512MB"'],
    ['512mb', '"512MB"'],
    ['512 mib', '"512MiB"'],
    ['2g', '"2GiB"'],
    ['2G', '"2GiB"'],
    ['64KB', '"64kB"'],
    ['64k', '"64KiB"'],
    ['10bytes', '"10B"'],
    ['5 megabytes', '"512MiB", "1GiB" or "100MB"'],
    ['512', '"512MiB", "1GiB" or "100MB"'],
    ['', '"512MiB", "1GiB" or "100MB"'],
    ['1.5GB', '"512MiB", "1GiB" or "100MB"'],
    ['-1GB', '"512MiB", "1GiB" or "100MB"'],
  ])('"%s" is none, and what to write is %s', (text, better) => {
    expect(sizeProblem(text)).toBe(`is not a size; write ${better}`)
    expect(parseSize(text)).toBeNaN()
  })

  test('beyond what a number holds exactly is refused', () => {
    expect(parseSize('8191TiB')).toBe(8191 * 2 ** 40)
    expect(sizeProblem('8192TiB')).toBe('is too large; the largest is 8191TiB')
  })

  test('is written back in the shortest way', () => {
    expect(formatSize(536_870_912)).toBe('512MiB')
    expect(formatSize(1_500_000)).toBe('1500kB')
    expect(formatSize(1025)).toBe('1025B')
    expect(formatSize(0)).toBe('0B')
  })
})
