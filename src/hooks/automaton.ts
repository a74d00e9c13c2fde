/**
 * A filter pattern as a small automaton. It reads a name once, keeping the set of places the pattern
 * may be at, so the work is at most (places x characters) whatever a hostile pattern says: text from
 * users never reaches V8's RegExp, which can be made to try exponentially many ways.
 */

type Test = (char: string) => boolean

/** One place in the pattern: what it takes to move on, whether it may stay, where it may go unread. */
interface Place {
  readonly test: Test
  readonly stays: boolean
  /** Distances to places that are reached without reading a character. */
  readonly exits: readonly number[]
}

export type Automaton = readonly Place[]

/** The automaton of a pattern without its leading `!`, or what is wrong with the pattern. */
export function build(pattern: string): Automaton | { problem: string } {
  const chars = Array.from(pattern)
  const places: Place[] = []
  let at = 0
  while (at < chars.length) {
    const part = readPart(chars, at)
    if ('problem' in part) return part
    places.push(...part.places)
    at = part.end
  }
  return places
}

/** Whether the whole of a name is matched. */
export function accepts(automaton: Automaton, name: string): boolean {
  const marked = new Uint32Array(automaton.length + 1)
  let active = reach(automaton, [0], marked, 1)
  let round = 1
  for (const char of name) {
    round += 1
    active = reach(automaton, step(automaton, active, char), marked, round)
    if (active.length === 0) return false
  }
  return active.includes(automaton.length)
}

function step(automaton: Automaton, active: readonly number[], char: string): number[] {
  const next: number[] = []
  for (const index of active) {
    const place = automaton[index]
    if (!place?.test(char)) continue
    next.push(index + 1)
    if (place.stays) next.push(index)
  }
  return next
}

/** Adds what is reached without reading. `marked` holds the round in which each place was last seen. */
function reach(automaton: Automaton, from: number[], marked: Uint32Array, round: number): number[] {
  const found: number[] = []
  const open = from
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (marked[index] === round) continue
    marked[index] = round
    found.push(index)
    for (const exit of automaton[index]?.exits ?? []) open.push(index + exit)
  }
  return found
}

// ---- reading a pattern -------------------------------------------------------------------------------

type Part = { readonly places: readonly Place[]; readonly end: number } | { problem: string }

const anything: Test = () => true
const nothing: Test = () => false
const notSlash: Test = (char) => char !== '/'

function readPart(chars: readonly string[], at: number): Part {
  const char = chars[at]
  if (char === '*') return readStars(chars, at)
  if (char === '?' || char === '+') return { problem: nothingToRepeat(char) }
  const atom = readAtom(chars, at)
  return 'problem' in atom ? atom : readRepeat(chars, atom)
}

/** `**` and a slash are any number of whole folders, none too: `docs/**` + `/a.md` matches `docs/a.md`. */
function readStars(chars: readonly string[], at: number): Part {
  const slash: Place = { test: (char) => char === '/', stays: false, exits: [] }
  if (chars[at + 1] !== '*') return { places: [star(notSlash)], end: at + 1 }
  const folders = chars[at + 2] === '/' && (at === 0 || chars[at - 1] === '/')
  if (!folders) return { places: [star(anything)], end: at + 2 }
  const fork: Place = { test: nothing, stays: false, exits: [1, 3] }
  return { places: [fork, star(anything), slash], end: at + 3 }
}

function star(test: Test): Place {
  return { test, stays: true, exits: [1] }
}

type Atom = { readonly test: Test; readonly end: number } | { problem: string }

function readAtom(chars: readonly string[], at: number): Atom {
  const char = chars[at]
  if (char === '[') return readBrackets(chars, at)
  if (char !== '\\') return { test: (other) => other === char, end: at + 1 }
  const escaped = chars[at + 1]
  if (escaped === undefined) return { problem: 'ends in a backslash that escapes nothing' }
  return { test: (other) => other === escaped, end: at + 2 }
}

function readRepeat(chars: readonly string[], atom: { test: Test; end: number }): Part {
  const { test, end } = atom
  const sign = chars[end]
  if (sign === '?') return { places: [{ test, stays: false, exits: [1] }], end: end + 1 }
  if (sign === '+') return { places: [{ test, stays: true, exits: [] }], end: end + 1 }
  return { places: [{ test, stays: false, exits: [] }], end }
}

function nothingToRepeat(sign: string): string {
  return `has "${sign}" with no character before it to repeat; write "\\${sign}" for the sign itself`
}

// ---- brackets ----------------------------------------------------------------------------------------

function readBrackets(chars: readonly string[], at: number): Atom {
  const close = chars.indexOf(']', at + 1)
  if (close === -1) return { problem: 'has "[" without "]"' }
  const inside = chars.slice(at + 1, close)
  if (inside.length === 0) return { problem: 'has nothing between "[" and "]"' }
  if (inside[0] === '!' || inside[0] === '^')
    return { problem: `has "[${inside[0]}": brackets list what may stand there, not what may not` }
  const listed = readListed(inside)
  if ('problem' in listed) return listed
  return { test: (char) => listed.has(char), end: close + 1 }
}

function readListed(inside: readonly string[]): Set<string> | { problem: string } {
  const listed = new Set<string>()
  for (let at = 0; at < inside.length; at += 1) {
    const from = inside[at] ?? ''
    if (inside[at + 1] !== '-' && from !== '-') {
      listed.add(from)
      continue
    }
    const to = from === '-' ? undefined : inside[at + 2]
    if (to === undefined || !isRange(from, to))
      return { problem: `has "[${inside.join('')}]": ranges are such as a-z, A-Z or 0-9` }
    for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code += 1)
      listed.add(String.fromCharCode(code))
    at += 2
  }
  return listed
}

function isRange(from: string, to: string): boolean {
  const kinds = [/^[a-z]$/, /^[A-Z]$/, /^[0-9]$/]
  return from <= to && kinds.some((kind) => kind.test(from) && kind.test(to))
}
