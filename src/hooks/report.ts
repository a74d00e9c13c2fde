/**
 * Where a hooks file's mistakes are gathered while it is read. Knows the place in the text of every path,
 * and says one thing about one place: what is beneath a value that was refused is not judged any more.
 */

import { isDeepStrictEqual } from 'node:util'
import type { Node } from 'jsonc-parser'
import { formatPath, type Path, type Problem } from './problems.ts'
import { type Fault, keyOf, nodeAt, placeOf } from './source.ts'

interface Options {
  readonly hint?: string | null
  /** Points at the key instead of the value. */
  readonly at?: 'key'
}

export interface Report {
  readonly problems: readonly Problem[]
  /** Paths whose values were refused. */
  readonly refused: readonly Path[]
  error(path: Path, message: string, options?: Options): void
  warn(path: Path, message: string, options?: Options): void
  /** An error after which the value cannot be used, so nothing more is said about it. */
  refuse(path: Path, message: string, options?: Options): void
  /** The text of a value as written, before variables were filled in; null when it is no text. */
  written(path: Path): string | null
  /** Whether a key is in the file, be it well or badly spelt or filled in. */
  given(path: Path): boolean
  /** Notes that a key is there under a wrong name, so that nobody asks for it again. */
  meant(path: Path): void
}

export function createReport(text: string, root: Node, faults: readonly Fault[] = []): Report {
  const problems: Problem[] = faults.map((fault) => faultProblem(text, fault))
  const refused: Path[] = faults.map((fault) => fault.path)
  const meant = new Set<string>()

  function add(severity: Problem['severity'], path: Path, message: string, options: Options = {}) {
    if (refused.some((outer) => isWithin(path, outer))) return
    const { offset, length } = spanOf(root, path, options.at)
    const place = { ...placeOf(text, offset), length }
    const problem = {
      severity,
      ...place,
      path: formatPath(path),
      message,
      hint: options.hint ?? null,
    }
    // What is wrong in the defaults would be found again for each hook.
    if (!problems.some((other) => isDeepStrictEqual(other, problem))) problems.push(problem)
  }

  return {
    problems,
    refused,
    error: (path, message, options) => add('error', path, message, options),
    warn: (path, message, options) => add('warning', path, message, options),
    refuse(path, message, options) {
      add('error', path, message, options)
      refused.push(path)
    },
    written(path) {
      const node = nodeAt(root, path)
      return node?.type === 'string' ? String(node.value) : null
    },
    given: (path) => nodeAt(root, path) !== null || meant.has(formatPath(path)),
    meant: (path) => meant.add(formatPath(path)),
  }
}

/** A mistake in the text itself. */
export function faultProblem(text: string, fault: Fault): Problem {
  const { offset, length, path, message, hint } = fault
  const place = { ...placeOf(text, offset), length }
  return { severity: 'error', ...place, path: formatPath(path), message, hint }
}

/** What is missing has no place of its own: then its nearest ancestor that is there. */
function spanOf(root: Node, path: Path, at: 'key' | undefined): { offset: number; length: number } {
  const node = nodeAt(root, path)
  if (node === null) return spanOf(root, path.slice(0, -1), 'key')
  const key = keyOf(node)
  if (key !== null && (at === 'key' || node.children !== undefined)) return key
  // The whole of a list or an object would underline too much.
  return node.children === undefined ? node : { offset: node.offset, length: 1 }
}

/** Whether a path leads into what another one leads to, or is the same. */
export function isWithin(path: Path, outer: Path): boolean {
  return outer.every((key, index) => path[index] === key)
}
