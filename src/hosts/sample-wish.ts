/**
 * What a sample delivery is to say, and the values that nobody asked for filled in. Commit ids are new
 * each time, so that two samples are never taken for one delivery sent twice.
 */

import { randomBytes, randomInt, randomUUID } from 'node:crypto'

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
}

export function fillWish(options: SampleOptions, now: number): Wish {
  const [owner = '', name = owner] = options.repository.split('/')
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
  }
}

/** The same name always gets the same number, as ids of repositories and people do. */
export function numberFor(name: string): number {
  let number = 7
  for (const character of name) number = (number * 31 + (character.codePointAt(0) ?? 0)) % 1e9
  return number
}

function randomSha(): string {
  return randomBytes(20).toString('hex')
}
