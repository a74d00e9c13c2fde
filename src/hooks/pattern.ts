/**
 * GitHub Actions' filter patterns for branches, tags and paths, read exactly as GitHub reads them:
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
 * And the simpler names of repositories, `acme/*`. Linear in the length of the name, see automaton.ts.
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
  const by = patterns.findLast((text) => known(text).matches(name))
  return by === undefined ? { matched: false, by: null } : { matched: !known(by).negative, by }
}

/** Names of repositories know no case at any host. The pattern is `owner/name`, each with `*` or not. */
export function matchesRepository(pattern: string, fullName: string): boolean {
  return known(pattern.toLowerCase()).matches(fullName.toLowerCase())
}

/** The pattern, or what is wrong with it as the end of a sentence that begins with the pattern. */
export function compilePattern(text: string): Pattern | { problem: string } {
  if (text.length > longestPattern)
    return { problem: `has ${text.length} characters; a pattern may have ${longestPattern}` }
  const negative = text.startsWith('!')
  const body = negative ? text.slice(1) : text
  if (body === '') return { problem: negative ? 'takes nothing back' : 'is empty' }
  const automaton = build(body)
  if ('problem' in automaton) return automaton
  return { negative, size: automaton.length, matches: (name) => accepts(automaton, name) }
}

/** The loader has refused patterns that do not compile; this cache only ever holds good ones. */
const compiled = new Map<string, Pattern>()
const most = 5000

function known(text: string): Pattern {
  const found = compiled.get(text)
  if (found !== undefined) return found
  const pattern = compilePattern(text)
  if ('problem' in pattern)
    throw new RunhookError('config', `The pattern ${JSON.stringify(text)} ${pattern.problem}.`)
  // Years of reloads must not fill the memory; what is still in use comes back at once.
  if (compiled.size >= most) compiled.clear()
  compiled.set(text, pattern)
  return pattern
}
