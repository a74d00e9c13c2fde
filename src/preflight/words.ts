/**
 * A shell line to the words of its simple commands, as far as they can be known without running it: see
 * "2 Shell Command Language" of POSIX. Careful rather than clever: where a line does what cannot be
 * followed (a compound command, a here-document) it ends there, and nothing is said of the rest.
 */

export interface Word {
  /** As it stands there, quotes included. */
  readonly raw: string
  /** What the command is given; null where only running it would tell. */
  readonly text: string | null
}

export type Token = Word | { readonly operator: string }

/** Longest first. */
const operators = ['&&', '||', '|&', ';;', ';', '&', '|', '(', ')', '\n']
const redirection = /^(\d*|&)(<<<|>>|>&|<&|>\||<>|&>>|&>|>|<)[ \t]*/

export function tokensOf(line: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < line.length) {
    const rest = line.slice(at)
    const blank = /^([ \t]|\\\n)+|^#[^\n]*/.exec(rest)?.[0]
    const redirected = redirection.exec(rest)?.[0]
    const operator = operators.find((one) => rest.startsWith(one))
    if (blank) at += blank.length
    else if (/^\d*<<(?!<)|^[<>]\(/.test(rest)) break
    else if (redirected) {
      const target = wordAt(line, at + redirected.length)
      if (target === null) break
      at = target.end
    } else if (operator) {
      tokens.push({ operator })
      at += operator.length
    } else {
      const word = wordAt(line, at)
      if (word === null) break
      tokens.push({ raw: line.slice(at, word.end), text: word.text })
      at = word.end
    }
  }
  return tokens
}

interface Scanned {
  readonly text: string | null
  readonly end: number
}

/** Null when it does not end, or holds what cannot be followed. */
function wordAt(line: string, start: number): Scanned | null {
  let text = ''
  let known = true
  let at = start
  for (;;) {
    const character = line[at]
    if (character === undefined || /[\s;&|()<>]/.test(character)) break
    const part = partAt(line, at)
    if (part === null) return null
    text += part.text ?? ''
    known &&= part.text !== null
    at = part.end
  }
  return at === start ? null : { text: known ? text : null, end: at }
}

function partAt(line: string, at: number): Scanned | null {
  const character = line[at] ?? ''
  if (character === '\\') return { text: line[at + 1] ?? '', end: at + 2 }
  if (character === "'") return singleQuoted(line, at)
  if (character === '"') return doubleQuoted(line, at)
  if (character === '$' || character === '`') return expansion(line, at)
  // Patterns, home directories and lists in braces become other words.
  return { text: /[*?[~{]/.test(character) ? null : character, end: at + 1 }
}

function singleQuoted(line: string, at: number): Scanned | null {
  const end = line.indexOf("'", at + 1)
  return end < 0 ? null : { text: line.slice(at + 1, end), end: end + 1 }
}

function doubleQuoted(line: string, start: number): Scanned | null {
  let text = ''
  let known = true
  let at = start + 1
  while (line[at] !== '"') {
    const character = line[at]
    if (character === undefined) return null
    const escaped = character === '\\' && /["\\$`\n]/.test(line[at + 1] ?? '')
    const plain = escaped
      ? { text: line[at + 1] ?? '', end: at + 2 }
      : { text: character, end: at + 1 }
    const part = /[$`]/.test(character) ? expansion(line, at) : plain
    if (part === null) return null
    text += part.text ?? ''
    known &&= part.text !== null
    at = part.end
  }
  return { text: known ? text : null, end: at + 1 }
}

/** `$NAME`, `${NAME}`, `$(command)` and `` `command` ``; a `$` before anything else is itself. */
function expansion(line: string, at: number): Scanned | null {
  if (line[at] === '`') {
    const end = line.indexOf('`', at + 1)
    return end < 0 ? null : { text: null, end: end + 1 }
  }
  const next = line[at + 1] ?? ''
  if (next === '(' || next === '{') {
    const end = closing(line, at + 1, next, next === '(' ? ')' : '}')
    return end === null ? null : { text: null, end }
  }
  const [name] = /^([A-Za-z_]\w*|[0-9@*#?$!-])/.exec(line.slice(at + 1)) ?? []
  if (name !== undefined) return { text: null, end: at + 1 + name.length }
  return /["']/.test(next) ? null : { text: '$', end: at + 1 }
}

/** Where what begins at `at` ends; quotes may hold brackets that do not count. */
function closing(line: string, at: number, open: string, close: string): number | null {
  let depth = 0
  let here = at
  while (here < line.length) {
    const character = line[here]
    const quoted =
      character === "'"
        ? singleQuoted(line, here)
        : character === '"'
          ? doubleQuoted(line, here)
          : undefined
    if (quoted === null) return null
    if (character === open) depth += 1
    if (character === close) depth -= 1
    here = quoted?.end ?? here + (character === '\\' ? 2 : 1)
    if (depth === 0) return here
  }
  return null
}
