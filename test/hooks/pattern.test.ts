/**
 * Each row of GitHub's cheat sheet, what its rows leave open, and patterns made to take for ever.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePattern, filter, matchesRepository } from '../../src/hooks/pattern.ts'
import { reference } from './reference.ts'

/** Pattern or patterns, names that match, names that do not. */
type Row = readonly [patterns: readonly string[], yes: readonly string[], no: readonly string[]]

const branchesAndTags: readonly Row[] = [
  [['feature/*'], ['feature/my-branch', 'feature/your-branch'], ['feature/a/b', 'feature', 'x']],
  [
    ['feature/**'],
    ['feature/beta-a/my-branch', 'feature/your-branch', 'feature/mona/the/octocat'],
    ['feature', 'my/feature/x'],
  ],
  [['main'], ['main'], ['main2', 'mai', 'Main', 'x/main']],
  [['releases/mona-the-octocat'], ['releases/mona-the-octocat'], ['releases/mona']],
  [['*'], ['main', 'releases'], ['releases/1', 'a/b']],
  [['**'], ['all/the/branches', 'every/tag', 'main'], []],
  [['*feature'], ['mona-feature', 'feature', 'ver-10-feature'], ['feature-x', 'a/feature']],
  [['v2*'], ['v2', 'v2.0', 'v2.9'], ['v1', 'xv2', 'v2/x']],
  [['v[12].[0-9]+.[0-9]+'], ['v1.10.1', 'v2.0.0'], ['v3.0.0', 'v1.0', 'v1.10.1-rc.1', 'v1x0x0']],
]

const paths: readonly Row[] = [
  [['*'], ['README.md', 'server.rb'], ['docs/README.md']],
  [['*.jsx?'], ['page.js', 'page.jsx'], ['page.jsxx', 'a/page.js', 'page.ts']],
  [['**'], ['all/the/files.md'], []],
  [['*.js'], ['app.js', 'index.js'], ['js/app.js', 'app.jsx']],
  [['**.js'], ['index.js', 'js/index.js', 'src/js/app.js'], ['index.ts']],
  [['docs/*'], ['docs/README.md', 'docs/file.txt'], ['docs/a/b.md', 'docs']],
  [['docs/**'], ['docs/README.md', 'docs/mona/octocat.txt'], ['a/docs/README.md']],
  [
    ['docs/**/*.md'],
    ['docs/README.md', 'docs/mona/hello-world.md', 'docs/a/markdown/file.md'],
    ['docsREADME.md', 'docs/a.txt'],
  ],
  [
    ['**/docs/**'],
    ['docs/hello.md', 'dir/docs/my-file.txt', 'space/docs/plan/space.doc'],
    ['mydocs/hello.md', 'docs'],
  ],
  [['**/README.md'], ['README.md', 'js/README.md'], ['MYREADME.md', 'README.md/x']],
  [['**/*src/**'], ['a/src/app.js', 'my-src/code/js/app.js'], ['srcs/app.js']],
  [['**/*-post.md'], ['my-post.md', 'path/their-post.md'], ['post.md']],
  [
    ['**/migrate-*.sql'],
    ['migrate-10909.sql', 'db/migrate-v1.0.sql', 'db/sept/migrate-v1.sql'],
    ['db/migrate-a/b.sql'],
  ],
  [['*.md', '!README.md'], ['hello.md'], ['README.md', 'docs/hello.md']],
  [['*.md', '!README.md', 'README*'], ['hello.md', 'README.md', 'README.doc'], ['docs/x.md']],
]

describe("GitHub's cheat sheet", () => {
  test.each(branchesAndTags)('branches and tags: %j', expectRow)
  test.each(paths)('paths: %j', expectRow)

  function expectRow(patterns: readonly string[], yes: readonly string[], no: readonly string[]) {
    expect(yes.filter((name) => !filter(patterns, name).matched)).toEqual([])
    expect(no.filter((name) => filter(patterns, name).matched)).toEqual([])
  }
})

describe('a list of patterns', () => {
  test('the last pattern that matches decides, and is named', () => {
    const patterns = ['releases/**', '!releases/**-alpha', 'releases/9-alpha']
    expect(filter(patterns, 'releases/8')).toEqual({ matched: true, by: 'releases/**' })
    expect(filter(patterns, 'releases/8-alpha')).toEqual({
      matched: false,
      by: '!releases/**-alpha',
    })
    expect(filter(patterns, 'releases/9-alpha')).toEqual({ matched: true, by: 'releases/9-alpha' })
    expect(filter(patterns, 'main')).toEqual({ matched: false, by: null })
  })

  test('a pattern that takes back, put first, takes back nothing', () => {
    expect(filter(['!main', '**'], 'main')).toEqual({ matched: true, by: '**' })
  })
})

describe('single characters', () => {
  test('a backslash takes the meaning from the character after it', () => {
    expect(filter(['a\\*'], 'a*').matched).toBe(true)
    expect(filter(['a\\*'], 'ab').matched).toBe(false)
    expect(filter(['\\!file'], '!file').matched).toBe(true)
    expect(filter(['v1\\+'], 'v1+').matched).toBe(true)
  })

  test('a dot, a parenthesis and a bar mean themselves', () => {
    expect(filter(['a.b'], 'axb').matched).toBe(false)
    expect(filter(['(a|b)'], 'a').matched).toBe(false)
    expect(filter(['(a|b)'], '(a|b)').matched).toBe(true)
  })

  test('characters are whole ones: a sign beyond 16 bits is repeated as one', () => {
    expect(filter(['🚀+'], '🚀🚀').matched).toBe(true)
    expect(filter(['x🚀?'], 'x').matched).toBe(true)
    expect(filter(['*'], 'grün/🚀').matched).toBe(false)
  })

  test('brackets are one character out of those listed', () => {
    expect(filter(['[CB]at'], 'Cat').matched).toBe(true)
    expect(filter(['[CB]at'], 'CBat').matched).toBe(false)
    expect(filter(['[0-9a-z]'], 'k').matched).toBe(true)
    expect(filter(['[0-9a-z]'], 'K').matched).toBe(false)
    expect(filter(['[._]x'], '.x').matched).toBe(true)
  })
})

describe('a pattern that is wrong says why', () => {
  test.each([
    ['', 'is empty'],
    ['!', 'takes nothing back'],
    ['v[12', 'has "[" without "]"'],
    ['v[]', 'has nothing between "[" and "]"'],
    ['[!a]', 'has "[!": brackets list what may stand there, not what may not'],
    ['[^a]', 'has "[^": brackets list what may stand there, not what may not'],
    ['[z-a]', 'has "[z-a]": ranges are such as a-z, A-Z or 0-9'],
    ['[A-z]', 'has "[A-z]": ranges are such as a-z, A-Z or 0-9'],
    ['[a-]', 'has "[a-]": ranges are such as a-z, A-Z or 0-9'],
    ['[-a]', 'has "[-a]": ranges are such as a-z, A-Z or 0-9'],
    ['?x', 'has "?" with no character before it to repeat; write "\\?" for the sign itself'],
    ['a*+', 'has "+" with no character before it to repeat; write "\\+" for the sign itself'],
    ['a??', 'has "?" with no character before it to repeat; write "\\?" for the sign itself'],
    ['a\\', 'ends in a backslash that escapes nothing'],
    ['a'.repeat(257), 'has 257 characters; a pattern may have 256'],
  ])('%j %s', (text, problem) => {
    expect(compilePattern(text)).toEqual({ problem })
  })

  test('and is refused where the loader let it through', () => {
    expect(() => filter(['v[12'], 'main')).toThrow('The pattern "v[12" has "[" without "]".')
  })
})

describe('any pattern and any name', () => {
  test('agree with a slow reference', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '/',
      '*',
      '**',
      '**/',
      'a?',
      'b+',
      '[ab]',
      '[ab]+',
      '\\*',
    )
    const pattern = fc.array(piece, { minLength: 1, maxLength: 7 }).map((pieces) => pieces.join(''))
    const name = fc.array(fc.constantFrom('a', 'b', '/', '*'), { maxLength: 8 })
    const property = fc.property(pattern, name, (text, chars) => {
      const compiled = compilePattern(text)
      if ('problem' in compiled) return
      expect(compiled.matches(chars.join('')), `${text} ~ ${chars.join('')}`).toBe(
        reference(text, chars.join('')),
      )
    })
    fc.assert(property, { numRuns: 5000 })
  })

  test('end soon: no more than (places x characters) steps, however hostile', () => {
    const hostile = [
      'a?'.repeat(100),
      '**'.repeat(60),
      '*a'.repeat(128),
      '**a'.repeat(85),
      '**/'.repeat(85),
      `${'a?'.repeat(60)}${'a'.repeat(60)}`,
      '[a]+'.repeat(64),
    ]
    const name = 'a'.repeat(10_000)
    for (const text of hostile) {
      const compiled = compilePattern(text)
      if ('problem' in compiled) throw new Error(compiled.problem)
      expect(compiled.size).toBeLessThanOrEqual(text.length)
      compiled.matches(name)
      compiled.matches(`${name}!`)
    }
    expect(filter(['**'.repeat(60)], name).matched).toBe(true)
    expect(filter(['a?'.repeat(100)], name).matched).toBe(false)
    expect(filter(['*a'.repeat(128)], `${name}!`).matched).toBe(false)
  })
})

describe('names of repositories', () => {
  test.each([
    ['acme/site', 'acme/site', true],
    ['acme/site', 'Acme/Site', true],
    ['ACME/*', 'acme/site', true],
    ['acme/*', 'acme/site/wiki', false],
    ['acme/*', 'acme-evil/site', false],
    ['*/site', 'acme/site', true],
    ['acme/site', 'acme/site2', false],
    ['acme/site.js', 'acme/sitexjs', false],
  ])('%s and %s: %s', (pattern, name, matched) => {
    expect(matchesRepository(pattern, name)).toBe(matched)
  })
})
