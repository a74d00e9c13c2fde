/** What to click and to fill in at each host, in the host's own words. docs/hosts.md has more of each. */

import { hostOf } from '../hosts/hosts.ts'
import type { HostName } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'

export interface HostWords {
  /** The way to the form. */
  readonly where: string
  readonly url: string
  /** The field that the secret goes into; null = nothing of ours goes there. */
  readonly secret: string | null
  /** The choice of a content type; null = there is none. */
  readonly type: string | null
  readonly events: string
  /** It sends something by itself when the form is saved. */
  readonly ping?: true
}

const family: HostWords = {
  where: 'Settings → Webhooks → Add Webhook',
  url: 'Target URL',
  secret: 'Secret',
  type: 'POST content type',
  events: 'Trigger on',
}

const hosts: Readonly<Record<Exclude<HostName, 'webhook'>, HostWords>> = {
  github: {
    where: 'Settings → Webhooks → Add webhook',
    url: 'Payload URL',
    secret: 'Secret',
    type: 'Content type',
    events: 'Which events',
    ping: true,
  },
  gitlab: {
    where: 'Settings → Webhooks → Add new webhook',
    url: 'URL',
    secret: 'Secret token',
    type: null,
    events: 'Trigger',
  },
  bitbucket: {
    where: 'Repository settings → Webhooks → Add webhook',
    url: 'URL',
    secret: 'Secret',
    type: null,
    events: 'Triggers',
  },
  'bitbucket-dc': {
    where: 'Repository settings → Webhooks → Create webhook',
    url: 'URL',
    secret: 'Secret',
    type: null,
    events: 'Events',
  },
  gitea: family,
  forgejo: family,
  gogs: { ...family, url: 'Payload URL', type: 'Content Type' },
  azure: {
    where: 'Project settings → Service hooks → Create subscription → Web Hooks',
    url: 'URL',
    secret: 'Basic authentication, as user:password',
    type: null,
    events: 'Trigger on this type of event',
  },
  gitee: {
    where: 'Manage → WebHooks → Add webhook',
    url: 'URL',
    secret: 'Signing key',
    type: null,
    events: 'Events',
  },
  sourcehut: {
    where: 'the GraphQL API: docs/hosts.md has the call',
    url: 'url',
    secret: null,
    type: null,
    events: 'events',
  },
}

/** Null for a plain URL: there is no form anywhere. */
export function wordsFor(hook: Hook): (HostWords & { readonly title: string }) | null {
  if (hook.host === 'webhook' || hook.repositories.length === 0) return null
  return { ...hosts[hook.host], title: hostOf(hook.host).title }
}

/** `Just the push event`, `push, release`. */
export function eventsOf(hook: Hook): string {
  const events = hook.triggers.map(({ event }) => event).filter((event) => event !== 'manual')
  const named = [...new Set(events.map((event) => (event === 'tag' ? 'push' : event)))]
  if (hook.host === 'github' && named.join() === 'push') return 'Just the push event'
  return named.join(', ')
}
