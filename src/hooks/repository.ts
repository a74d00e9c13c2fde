/**
 * How a repository is named in the hooks file: the host's prefix and the full name as that host's
 * deliveries give it, with `*` where any will do. And what somebody meant who wrote an address instead.
 */

import { type GitHostName, gitHostNames, isHostName } from '../model/delivery.ts'
import { listed } from './suggest.ts'

interface Naming {
  readonly syntax: string
  readonly example: string
}

const part = '[A-Za-z0-9._*-]+'
/** Names of projects and repositories at Azure may hold nearly anything, spaces too, but none of these. */
const never = String.raw`/\\:?"<>|;#$@{},+=[\]!%^~\u0000-\u001f`
const azurePart = `[^ ${never}][^${never}]*`

const ownerAndName: Naming = { syntax: `${part}/${part}`, example: 'owner/name' }

const namings: Readonly<Record<GitHostName, Naming>> = {
  github: ownerAndName,
  // Groups nest to any depth.
  gitlab: { syntax: `${part}(?:/${part})+`, example: 'group/name' },
  bitbucket: { ...ownerAndName, example: 'workspace/name' },
  // A person's own project is `~user`.
  'bitbucket-dc': { syntax: `~?${part}/${part}`, example: 'PROJECT/name' },
  gitea: ownerAndName,
  forgejo: ownerAndName,
  gogs: ownerAndName,
  azure: { syntax: `${azurePart}/${azurePart}`, example: 'project/repository' },
  gitee: ownerAndName,
  sourcehut: { syntax: `[~*]${part}/${part}`, example: '~user/name' },
}

/** Every good name, for the schema. */
export const repositorySyntax = new RegExp(
  `^(?:${gitHostNames.map((host) => `${host}:${namings[host].syntax}`).join('|')})$`,
)

export const repositoryWords = `a repository; write "github:owner/name"; hosts are ${listed(gitHostNames, 'and').replaceAll('"', '')}`

const pair = String.raw`([\w.-]+/[\w.-]+)`

/** Where an address leads, and names that people give to hosts. Tried in order. */
const addresses: readonly (readonly [RegExp, GitHostName])[] = [
  [new RegExp(String.raw`(?:^|[/@.])github[\w.]*[:/]+${pair}$`), 'github'],
  [/(?:^|[/@.])gitlab[\w.]*[:/]+([\w.-]+(?:\/[\w.-]+)+)$/, 'gitlab'],
  [/^bitbucket-(?:server|data-center):(~?[\w.-]+\/[\w.-]+)$/, 'bitbucket-dc'],
  [new RegExp(String.raw`(?:^|[/@.])bitbucket[\w.]*[:/]+${pair}$`), 'bitbucket'],
  [new RegExp(String.raw`(?:^|[/@])codeberg[\w.]*[:/]+${pair}$`), 'forgejo'],
  [new RegExp(String.raw`(?:^|[/@])gitee[\w.]*[:/]+${pair}$`), 'gitee'],
  [new RegExp(String.raw`(?:^|[/@])gitea\.com[:/]+${pair}$`), 'gitea'],
  [/(?:git\.sr\.ht|srht|sr\.ht)[:/]+(~[\w.-]+\/[\w.-]+)$/, 'sourcehut'],
  [/^azure-devops:([^/]+\/[^/]+)$/, 'azure'],
]

/** What to write instead of `text`, or null when nobody can tell. */
export function repositoryAdvice(written: string): string | null {
  const text = written.replace(/\/$/, '').replace(/\.git$/, '')
  const azure = azureName(text)
  if (azure !== null) return azure
  for (const [address, host] of addresses) {
    const name = address.exec(text)?.[1]
    if (name !== undefined && repositorySyntax.test(`${host}:${name}`)) return `${host}:${name}`
  }
  const prefix = text.slice(0, Math.max(0, text.indexOf(':')))
  if (isHostName(prefix) && prefix !== 'webhook') return `${prefix}:${namings[prefix].example}`
  return /^[\w.-]+\/[\w.-]+$/.test(text) ? `github:${text}` : null
}

/** `https://dev.azure.com/org/My%20project/_git/site`; a repository named like its project stands alone. */
function azureName(text: string): string | null {
  const [, path] =
    /^https:\/\/(?:[^/]*@)?(?:dev\.azure\.com\/[^/]+|[\w-]+\.visualstudio\.com)\/(.+?)\/?$/.exec(
      text,
    ) ?? []
  const [project, name] = path?.split(/\/?_git\//) ?? []
  if (name === undefined) return null
  const written = `azure:${unescaped(project || name)}/${unescaped(name)}`
  return repositorySyntax.test(written) ? written : null
}

function unescaped(text: string): string {
  return text.replaceAll('%20', ' ')
}
