/**
 * Which paths answer, and for whom. Built once per loaded config; a request is looked up in a Map by its
 * exact path, so nothing that merely resembles a path is ever served.
 */

import { genericHost } from '../hosts/generic.ts'
import type { Host } from '../hosts/host.ts'
import { gitHosts, hostOf } from '../hosts/hosts.ts'
import type { Config } from '../model/config.ts'
import type { Condition, Hook, Secret } from '../model/hook.ts'
import type { User } from '../model/url.ts'
import { type Networks, networksOf } from '../network/allowed.ts'

/** Networks, and how they are written for a person who is refused for them. */
export interface AllowedFrom extends Networks {
  readonly written: string
}

export interface Endpoint {
  readonly path: string
  readonly methods: readonly string[]
  readonly host: Host
  /** `POST /github`: one webhook for many repositories, judged against every hook of that host. */
  readonly shared: boolean
  readonly hooks: readonly Hook[]
  readonly secrets: readonly Secret[]
  readonly tokens: readonly Secret[]
  readonly users: readonly User[]
  readonly login: boolean
  /** Where requests must come from; null = anywhere. At a shared path each hook is asked, see judge.ts. */
  readonly from: AllowedFrom | null
  readonly open: boolean
  /** The host's own proof stands in `Authorization`, where callers also bring a token. */
  readonly provenByAuthorization: boolean
  /** Headers that some command or condition asks for by name, beside those that are always kept. */
  readonly headers: ReadonlySet<string>
}

export type Endpoints = ReadonlyMap<string, Endpoint>

/** A worker's config lacks the secrets by which deliveries are proven: nothing answers there. */
export function endpointsOf(config: Config): Endpoints {
  if (config.role === 'worker') return new Map()
  const hooks = [...config.hooks.values()]
  const own = hooks.map(ownEndpoint)
  const shared = gitHosts.flatMap((host) => sharedEndpoint(host, config, hooks))
  return new Map([...shared, ...own].map((endpoint) => [endpoint.path, endpoint]))
}

function ownEndpoint(hook: Hook): Endpoint {
  return {
    path: hook.path,
    methods: hook.methods,
    host: hook.signature === null ? hostOf(hook.host) : genericHost(hook.signature),
    shared: false,
    hooks: [hook],
    secrets: hook.secrets,
    tokens: hook.tokens,
    users: hook.access.users,
    login: hook.access.login,
    from: hook.access.from && allowedFrom(hook.access.from),
    open: hook.open,
    provenByAuthorization: hook.host === 'azure' || hook.signature?.header === 'authorization',
    headers: headersAskedFor([hook]),
  }
}

/** How many are told: a reason is one line. */
const TOLD = 5

export function allowedFrom(networks: readonly string[]): AllowedFrom {
  const more = networks.length > TOLD ? [`${networks.length - TOLD} more`] : []
  const written = [...networks.slice(0, TOLD), ...more].join(', ')
  return { ...networksOf(networks), written }
}

/** For the operator alone: whoever is refused learns no network. Who it was stands beside it, and is cut after a day. */
export function outsideOf({ written }: AllowedFrom): string {
  return `the address is outside "allow-from" (${written})`
}

function sharedEndpoint(host: Host, config: Config, all: readonly Hook[]): Endpoint[] {
  const secrets = config.hosts.get(host.name) ?? []
  if (secrets.length === 0) return []
  const hooks = all.filter((hook) => hook.host === host.name && hook.repositories.length > 0)
  return [
    {
      path: `/${host.name}`,
      methods: ['POST'],
      host,
      shared: true,
      hooks,
      secrets,
      tokens: [],
      users: [],
      login: false,
      from: null,
      open: false,
      provenByAuthorization: host.name === 'azure',
      headers: headersAskedFor(hooks),
    },
  ]
}

const ASKED = /^\{\{\s*header\.([A-Za-z0-9-]+)\s*\}\}$/

function headersAskedFor(hooks: readonly Hook[]): ReadonlySet<string> {
  const items = hooks.flatMap((hook) =>
    hook.steps.flatMap((step) => (step.kind === 'command' ? step.argv : [])),
  )
  const filledIn = items.flatMap((item) => ASKED.exec(item)?.[1]?.toLowerCase() ?? [])
  const asked = new Set([...filledIn, ...hooks.flatMap((hook) => hook.match.flatMap(headerOf))])
  for (const { signature } of hooks) asked.delete(signature?.header ?? '') // a proof is never kept
  return asked
}

function headerOf({ path: [source, name] }: Condition): string[] {
  return source === 'header' && name ? [name] : []
}
