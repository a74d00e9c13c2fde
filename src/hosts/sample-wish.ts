/**
 * What a sample delivery is to say, and the values that nobody asked for filled in. Commit ids are new
 * each time, so that two samples are never taken for one delivery sent twice.
 */

import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto'

export interface SampleOptions {
  /** `acme/site` */
  readonly repository: string
  /** Canonical (`push`, `tag`, `pull_request`) or the host's own name. Default: push, or tag with `tag`. */
  readonly event?: string | undefined
  readonly action?: string | undefined
  /** Of a pull request: the branch it wants to go into. */
  readonly branch?: string | undefined
  readonly tag?: string | undefined
  readonly paths?: readonly string[] | undefined
  readonly sha?: string | undefined
  readonly before?: string | undefined
  readonly sender?: string | undefined
  /** Sent as it is, in place of a body of ours. */
  readonly payload?: Uint8Array | undefined
}

export interface Wish {
  readonly event: string
  readonly action: string | null
  readonly repository: string
  readonly owner: string
  readonly name: string
  readonly branch: string
  readonly tag: string | null
  readonly paths: readonly string[]
  readonly sha: string
  readonly before: string
  readonly tree: string
  readonly sender: string
  readonly message: string
  readonly guid: string
  readonly hookId: number
  readonly number: number
  /** ISO 8601, whole seconds. */
  readonly time: string
  /** The same in milliseconds, not rounded. */
  readonly sentAt: number
}

/** A delivery before it is signed. */
export interface Composed {
  /** The host's own name of the event; null for a plain call. */
  readonly event: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly payload: Json
}

export type Json = Readonly<Record<string, unknown>>

export function fillWish(options: SampleOptions, now: number): Wish {
  const slash = options.repository.lastIndexOf('/')
  const name = options.repository.slice(slash + 1)
  const owner = slash < 0 ? name : options.repository.slice(0, slash)
  const event = options.event ?? (options.tag === undefined ? 'push' : 'tag')
  return {
    event,
    action: options.action ?? null,
    ...{ repository: options.repository, owner, name },
    branch: options.branch ?? 'main',
    tag: options.tag ?? (event === 'tag' || event === 'release' ? 'v1.0.0' : null),
    paths: options.paths ?? ['README.md'],
    sha: options.sha ?? randomSha(),
    before: options.before ?? randomSha(),
    tree: randomSha(),
    sender: options.sender ?? 'ada',
    message: 'A sample, sent by runhook',
    guid: randomUUID(),
    hookId: randomInt(100_000_000, 999_999_999),
    number: randomInt(1, 9999),
    time: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'),
    sentAt: now,
  }
}

/** What hosts without flags send for the end that is not there. */
export const NOTHING = '0'.repeat(40)

/** The ends of the ref that a wish is about: a tag is new; so is what was created, and of a deletion one is left. */
export function endsOf(wish: Wish): { ref: string; before: string; after: string; head: boolean } {
  const ref = wish.tag === null ? `refs/heads/${wish.branch}` : `refs/tags/${wish.tag}`
  const deleted = wish.event === 'delete'
  const created = !deleted && (wish.tag !== null || wish.event === 'create')
  const after = deleted ? NOTHING : wish.sha
  return { ref, before: created ? NOTHING : wish.before, after, head: !deleted }
}

/** Whether a wish is for something that happened to a ref, which some hosts tell by a push alone. */
export function isPush(wish: Wish): boolean {
  return ['push', 'tag', 'any', 'create', 'delete'].includes(wish.event)
}

/** The same name always gets the same number, as ids of repositories and people do. */
export function numberFor(name: string): number {
  let number = 7
  for (const character of name) number = (number * 31 + (character.codePointAt(0) ?? 0)) % 1e9
  return number
}

/** The same thing always bears the same id. */
export function uuidFor(thing: string): string {
  const hex = createHash('sha256').update(thing).digest('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  return `${parts.join('-')}-${hex.slice(20, 32)}`
}

function randomSha(): string {
  return randomBytes(20).toString('hex')
}
