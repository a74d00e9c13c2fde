/** The loaded hooks file and what it says of the server. See delivery.ts for the words. */

import type { HostName } from './delivery.ts'
import type { Hook, Secret } from './hook.ts'
import type { OidcSettings } from './oidc.ts'

/** How long what is stored is kept. */
export interface Keep {
  readonly bodiesMs: number
  readonly outputMs: number
  /** Of all outputs together. */
  readonly outputBytes: number
  readonly historyMs: number
  readonly refusalsMs: number
}

/** Where people look at what happened. */
export interface DashboardSettings {
  /** An address of its own, for it and the API; null = where deliveries come to. */
  readonly listen: { readonly host: string; readonly port: number } | null
  /** As people reach it, without a trailing slash; null = unknown. */
  readonly publicUrl: string | null
}

/** Users that a proxy in front of the dashboard has signed in. */
export interface ProxyLogin {
  /** In lower case. It names the user; believed only of `trustedProxies`. */
  readonly header: string
  /** Of a user who comes for the first time, unless `roles` has his name. */
  readonly role: 'viewer' | 'operator' | 'admin'
  readonly roles: ReadonlyMap<string, ProxyLogin['role']>
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
  /** Null = no dashboard. */
  readonly dashboard: DashboardSettings | null
  readonly proxyLogin: ProxyLogin | null
  /** Null = nobody signs in by OpenID Connect. */
  readonly oidc: OidcSettings | null
  /** A PostgreSQL server, as a URL with its password; null = SQLite in the data folder. */
  readonly database: string | null
  readonly worker: WorkerSettings
}

/** What this process is to a fleet, should it carry out runs. */
export interface WorkerSettings {
  /** No two that live share one. */
  readonly name: string
  readonly labels: readonly string[]
  /** After so long without a sign of life its runs are taken to be over. */
  readonly leaseMs: number
  /**
   * Hooks that it ever runs, each by its name with the hashes (`Hook.commandHash`) that it may have. Null =
   * whatever stands in its own hooks file.
   */
  readonly allow: ReadonlyMap<string, readonly string[] | 'any'> | null
  /**
   * What receivers seal runs with and workers hold them against, so that a row which somebody else wrote into
   * the database starts nothing; null = unsealed.
   */
  readonly sealKeys: readonly Secret[] | null
}

/**
 * What the process that loads a hooks file is to do: everything; only carry out runs, without the secrets
 * that deliveries are proven by; or only receive, without what commands are given.
 */
export type Role = 'all' | 'worker' | 'receiver'

/** A loaded hooks file. Replaced whole on reload, never changed. */
export interface Config {
  readonly file: string
  /** Of one that is not `all` hooks lack what that role does not need: it must not be used for another. */
  readonly role: Role
  readonly server: ServerSettings
  readonly hosts: ReadonlyMap<HostName, readonly Secret[]>
  readonly hooks: ReadonlyMap<string, Hook>
  /** Where each hook begins in the file, from 1, by its name. */
  readonly lines: ReadonlyMap<string, number>
  /** Text of each hook as written, by its `config` hash: secrets stand there as `${NAME}`. */
  readonly texts: ReadonlyMap<string, string>
  /** Values that no output, log or history may show: see hooks/hidden.ts. */
  readonly hidden: readonly string[]
}
