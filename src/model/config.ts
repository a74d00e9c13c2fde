/** The loaded hooks file and what it says of the server. See delivery.ts for the words. */

import type { HostName } from './delivery.ts'
import type { Hook, Secret } from './hook.ts'

/** How long what is stored is kept. */
export interface Keep {
  readonly bodiesMs: number
  readonly outputMs: number
  /** Of all outputs together. */
  readonly outputBytes: number
  readonly historyMs: number
  readonly refusalsMs: number
}

export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly data: string
  /** As people reach it, without a trailing slash; null = unknown. */
  readonly publicUrl: string | null
  readonly maxParallel: number
  /** Runs that may wait; a delivery that asks for more is turned away whole. */
  readonly maxWaiting: number
  readonly drainMs: number
  readonly keep: Keep
  /** Networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
}

/** A loaded hooks file. Replaced whole on reload, never changed. */
export interface Config {
  readonly file: string
  readonly server: ServerSettings
  readonly hosts: ReadonlyMap<HostName, readonly Secret[]>
  readonly hooks: ReadonlyMap<string, Hook>
  /** Text of each hook as written, by its `config` hash: secrets stand there as `${NAME}`. */
  readonly texts: ReadonlyMap<string, string>
  /** Values that no output, log or history may show: see hooks/hidden.ts. */
  readonly hidden: readonly string[]
}
