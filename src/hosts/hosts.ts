/** The table of hosts. A new host is one file beside this one, its name in model/delivery.ts, and one row here. */

import type { HostName } from '../model/delivery.ts'
import { azure } from './azure.ts'
import { bitbucket } from './bitbucket.ts'
import { bitbucketDc } from './bitbucket-dc.ts'
import { forgejo } from './forgejo.ts'
import { gitea } from './gitea.ts'
import { gitee } from './gitee.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import { gogs } from './gogs.ts'
import type { Host } from './host.ts'
import { sourcehut } from './sourcehut.ts'
import { webhook } from './webhook.ts'

const hosts: Readonly<Record<HostName, Host>> = {
  github,
  gitlab,
  bitbucket,
  'bitbucket-dc': bitbucketDc,
  gitea,
  forgejo,
  gogs,
  azure,
  gitee,
  sourcehut,
  webhook,
}

export function hostOf(name: HostName): Host {
  return hosts[name]
}

/**
 * Hosts that have a shared path of their own (`POST /github`) for organisation-wide webhooks. Not
 * sourcehut: what it signs proves no more than that the sender knew the address.
 */
export const gitHosts: readonly Host[] = Object.values(hosts).filter(
  ({ name }) => name !== 'webhook' && name !== 'sourcehut',
)
