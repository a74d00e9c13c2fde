/** What the pages are given: the records they read, and the one door through which they change anything. */

import type { Context } from 'hono'
import type { Stay, Stays } from '../access/stays.ts'
import type { Visitor } from '../access/visitor.ts'
import type { Config } from '../model/config.ts'
import type { Hook } from '../model/hook.ts'
import type { Audit } from '../record/audit.ts'
import type { Store } from '../record/store.ts'
import type { Control } from '../show/control.ts'
import type { OutputLogLike } from '../show/watch.ts'
import type { FleetPart } from '../show/workers.ts'

export interface PagesParts {
  readonly store: Store
  readonly output: OutputLogLike
  readonly control: Control
  readonly fleet: FleetPart
  readonly audit: Pick<Audit, 'list'>
  /** The config in use now; asked at each request, because a reload replaces it. */
  readonly hooks: () => Config
  readonly hooksFile: () => HooksFile
  /** The text with a mark for each known secret in it. */
  readonly redact: (text: string) => string
  /** Calls `wake` whenever some run has moved, until what it returns is called. */
  readonly watchAll: (wake: () => void) => () => void
  /** Where this process itself listens, for test deliveries: `http://127.0.0.1:9000`. */
  readonly listensAt: () => string
  /** Keeps who is about to be shown the secret of what (`hook blog`). Nothing is shown when it rejects. */
  readonly keepSecretShown: (visitor: Visitor, object: string) => Promise<void>
  readonly stays: Stays
  /** Of the dashboard, as people reach it; null = unknown. */
  readonly publicUrl: string | null
  /** Aborts when the server stops: pages that are followed must not hold it up. */
  readonly closing: AbortSignal
  /** Told of failures that are ours and not the visitor's, for the log. */
  readonly report?: (thrown: unknown) => void
}

/** How the file on disk stands to the config in use. */
export interface HooksFile {
  /** Why it is not that config, else null. */
  readonly problem: string | null
  /** Its mistakes, line by line, without secrets; null = there is no such list. */
  readonly mistakes: string | null
  /** When the config in use was taken over. */
  readonly since: number
}

export interface PagesEnv {
  Variables: {
    visitor: Visitor
    hasFleet?: boolean
    /** For what he stays to see more of; left out of whoever cannot be sent away. */
    stay?: Omit<Stay, 'needed'>
  }
}

export type Ask = Context<PagesEnv>

/** Everything of the dashboard is beneath it: other paths are the users' hooks'. */
export const BASE = '/-'

/** The page of a hook. */
export function hookAt(name: string): string {
  return `${BASE}/hooks/${inPath(name)}`
}

/** Records may hold names that no hooks file could, halves of characters among them. */
export function inPath(name: string): string {
  return encodeURIComponent(name.toWellFormed())
}

export function hookNamed(parts: Pick<PagesParts, 'hooks'>, name: string): Hook | null {
  return parts.hooks().hooks.get(name) ?? null
}

/** Where a hook's page is; of one that is no longer in the file, its runs. */
export function hookAddress(parts: Pick<PagesParts, 'hooks'>, name: string): string {
  return hookNamed(parts, name) ? hookAt(name) : `${BASE}/runs?hook=${inPath(name)}`
}
