/**
 * The text of a hooks file as a tree that knows where everything stands: JSON with comments and trailing
 * commas. Finds what makes a file ambiguous or unsafe to read at all: bad syntax, a key that is there twice,
 * a key that JavaScript gives a meaning of its own.
 */

import {
  findNodeAtLocation,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser'
import type { Path } from './problems.ts'

export interface Fault {
  readonly offset: number
  readonly length: number
  readonly path: Path
  readonly message: string
  readonly hint: string | null
}

/** The tree of a text, as far as it can be read. Null when there is nothing in it. */
export function readTree(text: string): { root: Node | null; faults: Fault[] } {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true }) ?? null
  const faults = errors.map((error) => syntaxFault(text, error)).filter(firstOfLine(text))
  return { root, faults }
}

/** Keys that are there twice, or that JavaScript gives a meaning of its own. */
export function unsafeKeys(node: Node, path: Path = []): Fault[] {
  if (node.type === 'array')
    return (node.children ?? []).flatMap((item, index) => unsafeKeys(item, [...path, index]))
  const seen = new Set<string>()
  return members(node).flatMap(({ key, keyNode, value }) => {
    const here = [...path, key]
    const message = wrongKey(key, seen)
    seen.add(key)
    return message === null ? unsafeKeys(value, here) : [keyFault(keyNode, here, message)]
  })
}

/** Parsers follow brackets by recursion: too many would end in an exception of the engine. */
export function isTooDeep(text: string): boolean {
  let depth = 0
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1
    if (depth > 1000) return true
  }
  return false
}

export function nodeAt(root: Node, path: Path): Node | null {
  return findNodeAtLocation(root, [...path]) ?? null
}

/** The node of the key that leads to a value; null for list items and the root. */
export function keyOf(node: Node): Node | null {
  return node.parent?.type === 'property' ? (node.parent.children?.[0] ?? null) : null
}

/** Key and value nodes of an object, in order. */
export function members(node: Node): { key: string; keyNode: Node; value: Node }[] {
  if (node.type !== 'object') return []
  return (node.children ?? []).flatMap((property) => {
    const [keyNode, value] = property.children ?? []
    return keyNode && value ? [{ key: String(keyNode.value), keyNode, value }] : []
  })
}

/** Every text and number in the file with the path to it, keys not included. */
export function* scalars(node: Node, path: Path = []): Generator<{ node: Node; path: Path }> {
  if (node.type === 'string' || node.type === 'number') yield { node, path }
  for (const { key, value } of members(node)) yield* scalars(value, [...path, key])
  if (node.type !== 'array') return
  for (const [index, item] of (node.children ?? []).entries())
    yield* scalars(item, [...path, index])
}

/** Line and column from 1. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const start = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: offset - start + 1 }
}

/** The line of each place in a text, from 1, where many are asked for. */
export function linesIn(text: string): (offset: number) => number {
  const ends = [...text.matchAll(/\n/g)].map(({ index }) => index)
  return (offset) => {
    const before = ends.findIndex((end) => end >= offset)
    return (before < 0 ? ends.length : before) + 1
  }
}

// ---- syntax ------------------------------------------------------------------------------------------

const wording: Readonly<Record<string, readonly [message: string, hint: string | null]>> = {
  InvalidSymbol: ['this word is not JSON', 'put keys and texts into "double quotes"'],
  InvalidNumberFormat: ['this number is not complete', null],
  PropertyNameExpected: ['a key is expected here', 'such as "timeout": "10m"'],
  ValueExpected: ['a value is expected here', null],
  ColonExpected: ['a colon is expected here', 'between a key and its value'],
  CommaExpected: ['a comma is missing before this', 'write one after what stands before'],
  CloseBraceExpected: ['a closing "}" is missing', null],
  CloseBracketExpected: ['a closing "]" is missing', null],
  EndOfFileExpected: ['the file should end here', 'one object holds everything'],
  InvalidCommentToken: ['comments begin with // or stand between /* and */', null],
  UnexpectedEndOfComment: ['this comment does not end', 'close it with */'],
  UnexpectedEndOfString: ['this text does not end', 'close it with " on the same line'],
  UnexpectedEndOfNumber: ['this number is not complete', null],
  InvalidUnicode: ['after \\u come four digits 0-9, a-f', null],
  InvalidEscapeCharacter: ['this backslash escapes nothing', 'write \\\\ for a backslash itself'],
  InvalidCharacter: [
    'this character cannot stand in a text',
    'write \\t for a tab, \\n for a new line',
  ],
}

function syntaxFault(text: string, error: ParseError): Fault {
  const [message, hint] = wording[printParseErrorCode(error.error)] ?? ['this is not JSON', null]
  const offset = Math.min(error.offset, text.length)
  return { offset, length: Math.max(1, error.length), path: [], message, hint }
}

/** One slip makes the parser stumble several times; what follows on the same line is its echo. */
function firstOfLine(text: string): (fault: Fault) => boolean {
  const seen = new Set<number>()
  return ({ offset }) => {
    const { line } = placeOf(text, offset)
    const first = !seen.has(line)
    seen.add(line)
    return first
  }
}

// ---- keys --------------------------------------------------------------------------------------------

const reserved = ['__proto__', 'constructor', 'prototype']

function wrongKey(key: string, seen: ReadonlySet<string>): string | null {
  if (reserved.includes(key)) return 'is a name that cannot be used'
  return seen.has(key) ? 'is there twice; keep one' : null
}

function keyFault(node: Node, path: Path, message: string): Fault {
  return { offset: node.offset, length: node.length, path, message, hint: null }
}
