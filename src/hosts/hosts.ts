/** The table of hosts. A new host is one file beside this one and one row here. */

import type { HostName } from '../model.ts'
import { bitbucket } from './bitbucket.ts'
import { github } from './github.ts'
import type { Host } from './host.ts'
import { webhook } from './webhook.ts'

const hosts: Readonly<Record<HostName, Host>> = { github, bitbucket, webhook }

export function hostOf(name: HostName): Host {
  return hosts[name]
}

/** Hosts that have a shared path of their own (`POST /github`) for organisation-wide webhooks. */
export const gitHosts: readonly Host[] = [github, bitbucket]
