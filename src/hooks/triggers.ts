/**
 * From `on` to triggers: each event with its filters, checked for what could never match or would not
 * mean what it seems to.
 */

import type { Patterns, Trigger } from '../model/hook.ts'
import type { HookDraft } from './draft.ts'
import { canonical, type Filter, filtersFor, isPlain, likelyEvent } from './events.ts'
import { compilePattern } from './pattern.ts'
import type { Path } from './problems.ts'
import { isWithin, type Report } from './report.ts'
import type { FiltersWritten } from './schema-on.ts'
import { listed } from './suggest.ts'

export function readTriggers(draft: HookDraft): Trigger[] {
  const entries = entriesOf(draft)
  const at = [...draft.path, 'on']
  // Events that were refused for their filters are gone, and yet were named.
  const refused = draft.report.refused.some((path) => isWithin(path, at))
  if (entries.length === 0 && draft.written.on !== undefined && !refused)
    draft.report.error(at, 'names no event; write "push", say')
  for (const entry of entries) checkSource(entry, draft)
  return entries.map((entry) => readTrigger(entry, draft.report))
}

/** Plain texts and lists of one kind of value may both be written; we go on with lists. */
export function asList<Item>(written: Item | readonly Item[] | undefined): readonly Item[] {
  if (written === undefined) return []
  return isList(written) ? written : [written]
}

function isList<Item>(written: Item | readonly Item[]): written is readonly Item[] {
  return Array.isArray(written)
}

interface Entry {
  readonly event: string
  readonly path: Path
  readonly filters: FiltersWritten
}

function entriesOf({ written, path, given }: HookDraft): Entry[] {
  const at = [...path, 'on']
  const { on } = written
  if (on === undefined) {
    const event = given('on') ? null : given('repo') ? 'push' : given('url') ? 'post' : null
    return event === null ? [] : [{ event, path: at, filters: {} }]
  }
  if (typeof on === 'string') return [{ event: canonical(on), path: at, filters: {} }]
  if (Array.isArray(on))
    return on.map((name, index) => ({
      event: canonical(name),
      path: [...at, index],
      filters: {},
    }))
  return Object.entries(on).map(([name, filters]) => ({
    event: canonical(name),
    path: [...at, name],
    // The inputs of what is called are read in inputs-written.ts; it has no filters.
    filters: isCalled(canonical(name)) ? {} : ((filters ?? {}) as FiltersWritten),
  }))
}

function isCalled(event: string): boolean {
  return event === 'manual' || isPlain(event)
}

/** Whether anybody can send this event to this hook at all. */
function checkSource({ event, path }: Entry, { report, given }: HookDraft): void {
  const likely = likelyEvent(event)
  if (likely !== null)
    report.warn(path, `"${event}" is not an event runhook knows; it is taken for the host's own`, {
      at: 'key',
      hint: `did you mean "${likely}"?`,
    })
  const own = isCalled(event)
  if (isPlain(event) && given('repo') && !given('url'))
    report.error(path, `"${event}" is for plain URLs; add "url", or take "repo" away`, {
      at: 'key',
    })
  if (!own && !given('repo'))
    report.error(path, `"${event}" comes from a Git host; add "repo": "github:owner/name"`, {
      at: 'key',
    })
}

function readTrigger({ event, path, filters }: Entry, report: Report): Trigger {
  checkFilters(event, path, filters, report)
  const patterns = (filter: Exclude<Filter, 'types'>) =>
    readPatterns([...path, filter], filters[filter], report)
  return {
    event,
    branches: patterns('branches'),
    branchesIgnore: patterns('branches-ignore'),
    tags: patterns('tags'),
    tagsIgnore: patterns('tags-ignore'),
    paths: patterns('paths'),
    pathsIgnore: patterns('paths-ignore'),
    types: filters.types === undefined ? null : asList(filters.types),
  }
}

function checkFilters(event: string, path: Path, filters: FiltersWritten, report: Report): void {
  const known = filtersFor(event)
  for (const filter of Object.keys(filters))
    if (!known.some((other) => other === filter))
      report.error([...path, filter], `does not apply to "${event}"`, {
        at: 'key',
        hint: known.length === 0 ? 'it has no filters' : `it knows ${listed(known, 'and')}`,
      })
  for (const kind of ['branches', 'tags', 'paths'] as const)
    if (filters[kind] !== undefined && filters[`${kind}-ignore`] !== undefined)
      report.error([...path, `${kind}-ignore`], `cannot stand beside "${kind}"`, {
        at: 'key',
        hint: `put exceptions into "${kind}", as patterns that begin with "!"`,
      })
}

/** What other tools understand, and what no name of a branch, a tag or a file looks like. */
function warnOfOtherLanguages(path: Path, text: string, report: Report): void {
  const [, name] = /^!?refs\/(?:heads|tags)\/(.+)$/.exec(text) ?? []
  const shown = JSON.stringify(text)
  if (name !== undefined && path.some((key) => /^(branches|tags)/.test(String(key))))
    report.warn(path, `${shown} matches nothing: names come without "refs/…"; write "${name}"`)
  if (/^!?\^/.test(text))
    report.warn(path, `${shown} matches nothing: patterns are globs, not regular expressions`)
}

function readPatterns(
  path: Path,
  written: string | string[] | undefined,
  report: Report,
): Patterns {
  if (written === undefined) return null
  const patterns = asList(written)
  const compiled = patterns.map((text, index) => {
    const pattern = compilePattern(text)
    const place = Array.isArray(written) ? [...path, index] : path
    if ('problem' in pattern) report.refuse(place, `${JSON.stringify(text)} ${pattern.problem}`)
    else warnOfOtherLanguages(place, text, report)
    return pattern
  })
  if (patterns.length === 0) report.error(path, 'is an empty list: nothing would ever match')
  else if (compiled.every((pattern) => 'negative' in pattern && pattern.negative))
    report.error(
      path,
      'has only patterns that take back; begin with one that matches, such as "**"',
    )
  return patterns
}
