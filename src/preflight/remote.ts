/** Whether the remote of a work tree lets the hook's user in: the one question that leaves this machine. */

import { matchesRepository } from '../hooks/pattern.ts'
import type { Hook } from '../model/hook.ts'
import { type Clue, clueIn, hintOf } from '../run/hint.ts'
import { checkClockBy } from './clock.ts'
import { addressOf } from './clone.ts'
import { error, type Finding, ok, warning } from './finding.ts'
import { type AskGit, lastLine } from './git.ts'
import type { Answer, Probe } from './probe.ts'

/** `branch` null: none is checked out. */
export async function checkRemote(
  hook: Hook,
  git: AskGit,
  remote: string,
  branch: string | null,
  probe: Probe,
): Promise<Finding[]> {
  const found = await git('remote', 'get-url', remote)
  if (found.exitCode !== 0) {
    const mend = `git remote add ${remote} ${addressOf(hook)}`
    return [error('remote', `the work tree has no remote "${remote}"`, mend)]
  }
  const url = withoutPassword(lastLine(found.output))
  const refs = branch === null ? ['HEAD'] : [`refs/heads/${branch}`]
  const answer = await git('ls-remote', '--exit-code', UPLOAD_PACK, remote, ...refs)
  const other = otherRepository(hook, url)
  if (answer.exitCode === 0)
    return [
      ...other,
      ok('remote', `${url} lets ${probe.userOf(hook).name} in`),
      ...(await checkClockBy(url)),
    ]
  return [...other, refused(hook, url, answer, branch, probe)]
}

/** In the place of a program that `remote.origin.uploadpack` may name. */
const UPLOAD_PACK = '--upload-pack=git-upload-pack'

/** `--exit-code`: 2 where the remote answers and has no such ref. */
const NO_SUCH_REF = 2

function refused(
  hook: Hook,
  url: string,
  answer: Answer,
  branch: string | null,
  probe: Probe,
): Finding {
  if (answer.timedOut)
    return error('remote', `${url} does not answer within 20 s`, connectLine(url))
  if (answer.exitCode === NO_SUCH_REF)
    return warning('remote', `${url} has no branch ${branch ?? 'at all'}`)
  const clue = clueIn(answer.output)
  if (clue === null)
    return error('remote', `${url} cannot be read: ${answer.output.split('\n')[0]}`)
  const why = hintOf(clue, probe.surroundingsOf(hook))
  return error('remote', `${url} cannot be read: ${why}`, ...mend(clue, url, probe.userOf(hook)))
}

/** Commands, as far as there are any. The address stands in the hooks' own work tree: it is the operator's. */
function mend(clue: Clue, url: string, user: Probe['user']): string[] {
  const as = `sudo -u ${user.name}`
  const { host, port } = placeOf(url)
  const at = port === null ? '' : `-p ${port} `
  switch (clue) {
    case 'ssh-key':
      return [`${as} ssh-keygen -t ed25519 -N '' -f ${user.home}/.ssh/id_ed25519`]
    case 'host-key':
      return [`${as} ssh ${at}${host}   and compare the fingerprint it shows`]
    case 'host-key-changed':
      return [`${as} ssh-keygen -R ${port === null ? host : `'[${host}]:${port}'`}`]
    case 'git-password':
    case 'git-login':
      return [`git remote set-url origin git@${host}:OWNER/NAME.git`]
    case 'connection':
      return [connectLine(url)]
    case 'host-name':
      return [`getent hosts ${host}`]
    default:
      return []
  }
}

function connectLine(url: string): string {
  const { host, port } = placeOf(url)
  return `nc -vz ${host} ${port ?? (url.startsWith('https:') ? 443 : 22)}`
}

/** `git@host:path`, or an address with a scheme. */
function placeOf(url: string): { host: string; port: string | null; path: string } {
  const address = URL.parse(url)
  if (address?.hostname)
    return { host: address.hostname, port: address.port || null, path: address.pathname }
  const [, host = '', path = url] = /^(?:[^@/]*@)?([\w.-]+):(.*)$/.exec(url) ?? []
  return { host, port: null, path }
}

function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/)[^@/]*:[^@/]*@/, '$1')
}

/** Azure's names are no part of its addresses as they stand in the hooks file. */
function otherRepository({ repositories, host }: Hook, url: string): Finding[] {
  if (repositories.length === 0 || host === 'azure') return []
  const parts = placeOf(url)
    .path.replace(/\/$/, '')
    .replace(/\.git$/, '')
    .split('/')
    .filter(Boolean)
  const same = repositories.some(({ name }) =>
    matchesRepository(name, parts.slice(-name.split('/').length).join('/')),
  )
  if (same) return []
  const wanted = repositories.map(({ name }) => name).join(', ')
  return [
    warning(
      'repository',
      `the hook is for ${wanted}, and its work tree follows ${url}`,
      'correct "repo" or "working-directory" in the hooks file',
    ),
  ]
}
