/**
 * Holds a hooks file against its schema and puts every mistake into words of ours: valibot hides what
 * is wrong inside of a union, and its own texts are for programmers. Unknown keys: see keys.ts.
 */

import * as v from 'valibot'
import { parseDuration } from './duration.ts'
import { checkKeys } from './keys.ts'
import { mayHoldSecret } from './mask.ts'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'
import { repositoryAdvice } from './repository.ts'
import { type HooksFile, hooksFile } from './schema.ts'
import { sizeProblem } from './size.ts'

/**
 * The file without what was refused: all that is left has its right shape. `value` is changed. Hooks with
 * impossible names stand there under others, so that they are judged too: `misnamed` gets both.
 */
export function checkShape(
  value: unknown,
  report: Report,
  misnamed: Map<string, string> = new Map(),
): HooksFile {
  checkKeys(hooksFile, value, report)
  for (const misfit of misfits(v.safeParse(hooksFile, value).issues ?? [], []))
    judge(misfit, value, report, misnamed)
  for (const path of report.refused) remove(value, path)
  for (const [name, written] of misnamed) rename(value, written, name)
  return withoutMisfits(value)
}

interface Misfit {
  readonly path: Path
  readonly issue: v.BaseIssue<unknown>
}

/** The deepest issues: of a union, those of the one option that the value was meant for. */
function* misfits(issues: readonly v.BaseIssue<unknown>[], above: Path): Generator<Misfit> {
  for (const issue of issues) {
    const path = [...above, ...(issue.path ?? []).map(keyOf)]
    const inner = (issue.issues ?? []).filter(isMeant)
    if (inner.length > 0) yield* misfits(inner, path)
    else yield { path, issue }
  }
}

function keyOf(item: v.IssuePathItem): string | number {
  return typeof item.key === 'number' ? item.key : String(item.key)
}

/** valibot reads lists as objects too: an option for objects has nothing to say about a list. */
function isMeant(issue: v.BaseIssue<unknown>): boolean {
  const first = issue.path?.[0]
  if (first === undefined) return issue.issues?.some(isMeant) ?? false
  return (first.type === 'array') === Array.isArray(first.input)
}

function judge(
  { path, issue }: Misfit,
  value: unknown,
  report: Report,
  misnamed: Map<string, string>,
): void {
  const last = issue.path?.at(-1)
  if (last?.origin !== 'key') {
    report.refuse(path, wording(path, issue, report))
  } else if (issue.received === 'undefined') {
    // A misspelt key was told already, with what was meant.
    if (!report.given(path)) report.refuse(path.slice(0, -1), `lacks "${last.key}"`)
  } else {
    report.error(path, `${JSON.stringify(last.key)} is not ${issue.message}`, { at: 'key' })
    if (path[0] === 'hooks' && path.length === 2)
      misnamed.set(`misnamed-${misnamed.size + 1}`, String(last.key))
    else remove(value, path)
  }
}

function wording(path: Path, issue: v.BaseIssue<unknown>, report: Report): string {
  const text = report.written(path)
  const found = mayHoldSecret(path, text)
    ? kindOf(issue.input)
    : (shown(text) ?? shownValue(issue.input))
  const better = text === null ? null : betterAdvice(issue.message, text)
  return `${found} ${better ?? `is not ${issue.message}`}`
}

/** What somebody who wrote this text probably meant, where that can be told. */
function betterAdvice(message: string, text: string): string | null {
  if (message.startsWith('a duration;')) {
    const duration = parseDuration(text)
    return 'problem' in duration ? duration.problem : null
  }
  if (message.startsWith('a size;')) return sizeProblem(text)
  const advice = message.startsWith('a repository;') ? repositoryAdvice(text) : null
  return advice === null ? null : `is not a repository; write "${advice}"`
}

/** A text as it stands in the file, with variables not filled in: they may hold a secret. */
function shown(text: string | null): string | null {
  if (text === null) return null
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text)
}

function shownValue(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : kindOf(value)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'string' ? 'this text' : `a ${typeof value}`
}

// ---- what is left ------------------------------------------------------------------------------------

/**
 * Takes out as little as makes the rest right, for mistakes beside a wrong value should be told too: just
 * the values were taken out before, here goes whatever is not right without them.
 */
function withoutMisfits(value: unknown): HooksFile {
  while (!v.is(hooksFile, value)) {
    const wrong = [...misfits(v.safeParse(hooksFile, value).issues ?? [], [])]
    // The file as a whole: a list, say.
    if (wrong.some(({ path }) => path.length < 2)) return {}
    for (const { path } of wrong) remove(value, path.slice(0, -1))
  }
  return value
}

function rename(file: unknown, from: string, to: string): void {
  const hooks: unknown = Reflect.get(Object(file), 'hooks')
  if (typeof hooks !== 'object' || hooks === null || !Object.hasOwn(hooks, from)) return
  Reflect.set(hooks, to, Reflect.get(hooks, from))
  Reflect.deleteProperty(hooks, from)
}

function remove(value: unknown, path: Path): void {
  const [key, ...rest] = path
  if (typeof value !== 'object' || value === null || key === undefined) return
  // The lines of `run` are judged one by one, so a wrong one is only put aside.
  if (Array.isArray(value) && rest.length === 0) Reflect.set(value, key, 'true')
  else if (rest.length === 0) Reflect.deleteProperty(value, key)
  else remove(Reflect.get(value, key), rest)
}
