/**
 * The names of events: ours, which mean the same at every host, and which filters make sense with each.
 * A host's own names are taken as they are.
 */

import { suggest } from './suggest.ts'

/** How others call our events. `tag` is a push of a tag. */
const aliases = new Map([
  ['workflow_dispatch', 'manual'],
  ['repo:push', 'push'],
  ['repo:refs_changed', 'push'],
  ['git.push', 'push'],
  ['tag_push', 'tag'],
  ['merge_request', 'pull_request'],
  ['note', 'issue_comment'],
])

const branches = ['branches', 'branches-ignore'] as const
const tags = ['tags', 'tags-ignore'] as const
const paths = ['paths', 'paths-ignore'] as const

export type Filter =
  | (typeof branches)[number]
  | (typeof tags)[number]
  | (typeof paths)[number]
  | 'types'

const every: readonly Filter[] = [...branches, ...tags, ...paths, 'types']

const filtersOf = new Map<string, readonly Filter[]>([
  ['push', [...branches, ...tags, ...paths]],
  ['tag', tags],
  ['pull_request', [...branches, ...paths, 'types']],
  ['release', [...tags, 'types']],
  ['workflow_run', [...branches, 'types']],
  ['deployment', ['types']],
  ['create', [...branches, ...tags]],
  ['delete', [...branches, ...tags]],
  ['ping', []],
  ['any', every],
  ['manual', []],
  ['get', []],
  ['post', []],
])

/** Events of GitHub that are one slip away from another name and yet meant as they stand. */
const notSlips = ['star', 'meta', 'team', 'page_build', 'label', 'status', 'fork', 'public']

export function canonical(event: string): string {
  return aliases.get(event) ?? event
}

export function filtersFor(event: string): readonly Filter[] {
  return filtersOf.get(event) ?? every
}

/** Started by a request to the hook's own address, not by a Git host. */
export function isPlain(event: string): boolean {
  return event === 'get' || event === 'post'
}

/** The event that was probably meant instead of one that is not ours; null when it may be a host's own. */
export function likelyEvent(event: string): string | null {
  if (filtersOf.has(event) || notSlips.includes(event)) return null
  return suggest(event, [...filtersOf.keys()])
}
