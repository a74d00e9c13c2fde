/**
 * GitHub Actions' filter patterns for branches, tags and paths, read exactly as GitHub reads them:
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
 * And the simpler names of repositories, `acme/*`, and texts of a payload. Linear in the length of the
 * name, see automaton.ts.
 */

import { RunhookError } from '../errors.ts'
import { accepts, build } from './automaton.ts'

export interface Pattern {
  /** Written with a leading `!`: it takes back what patterns before it matched. */
  readonly negative: boolean
  /** Places in the automaton: no name costs more than this for each of its characters. */
  readonly size: number
  matches(name: string): boolean
}

/** What decided, for the verdict: the last pattern that matched, or null when none did. */
export interface Filtered {
  readonly matched: boolean
  readonly by: string | null
}

export const longestPattern = 256

/** Applies patterns in order; the last that matches decides. */
export function filter(patterns: readonly string[], name: string): Filtered {
  const by = patterns.findLast((text) => filterNamed(text).matches(name))
  return by === undefined
    ? { matched: false, by: null }
    : { matched: !filterNamed(by).negative, by }
}

/** Names of repositories know no case at any host. The pattern is `owner/name`, each with `*` or not. */
export function matchesRepository(pattern: string, fullName: string): boolean {
  return filterNamed(pattern.toLowerCase()).matches(fullName.toLowerCase())
}

/** Any text: `*` stands for any characters, slashes too, `\*` for itself, and all others for themselves. */
export function isLike(pattern: string, text: string): boolean {
  return likeNamed(pattern).matches(text)
}

/** The pattern, or what is wrong with it as the end of a sentence that begins with the pattern. */
export function compilePattern(text: string): Pattern | { problem: string } {
  if (text.length > longestPattern) return tooLong(text)
  const negative = text.startsWith('!')
  const body = negative ? text.slice(1) : text
  if (body === '') return { problem: negative ? 'takes nothing back' : 'is empty' }
  const automaton = build(body)
  if ('problem' in automaton) return automaton
  return { negative, size: automaton.length, matches: (name) => accepts(automaton, name) }
}

/** The same for a text of a payload; `!` and brackets mean nothing there. */
export function compileLike(text: string): Pattern | { problem: string } {
  if (text.length > longestPattern) return tooLong(text)
  const escaped = text.replace(/\\\*|\*|[^*]/gsu, (part) =>
    part === '*' ? '**' : part === '\\*' ? part : `\\${part}`,
  )
  const automaton = build(escaped)
  if ('problem' in automaton) return automaton
  const { length: size } = automaton
  return { negative: false, size, matches: (name) => accepts(automaton, name) }
}

function tooLong(text: string): { problem: string } {
  return { problem: `has ${text.length} characters; a pattern may have ${longestPattern}` }
}

/** Years of reloads must not fill the memory; what is still in use comes back at once. */
const most = 5000

const filterNamed = remembering(compilePattern)
const likeNamed = remembering(compileLike)

/** The loader has refused patterns that do not compile; what is remembered are only ever good ones. */
function remembering(compile: (text: string) => Pattern | { problem: string }) {
  const compiled = new Map<string, Pattern>()
  return (text: string): Pattern => {
    const found = compiled.get(text)
    if (found !== undefined) return found
    const pattern = compile(text)
    if ('problem' in pattern)
      throw new RunhookError('config', `The pattern ${JSON.stringify(text)} ${pattern.problem}.`)
    if (compiled.size >= most) compiled.clear()
    compiled.set(text, pattern)
    return pattern
  }
}
