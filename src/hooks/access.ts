/**
 * Who may call a plain URL beside those with a secret or a token: people with a password or an account, and
 * from where. An address is no proof of anybody, so `allow-from` only ever takes away.
 */

import type { Access, User } from '../model/url.ts'
import { networkProblem } from '../network/allowed.ts'
import type { FileDraft, HookDraft } from './draft.ts'
import { formatPath, type Path } from './problems.ts'
import type { Report } from './report.ts'
import { readSecrets } from './secrets.ts'
import { asList } from './triggers.ts'

export async function readAccess(draft: HookDraft, file: FileDraft): Promise<Access> {
  const { written, path, report, given } = draft
  if (file.role === 'worker') return { users: [], login: false, from: [] }
  const from = written['allow-from']
  const networks = readNetworks([...path, 'allow-from'], from, report)
  if (from !== undefined && asList(from).length === 0)
    report.error([...path, 'allow-from'], 'is an empty list: nobody could call')
  const users = await readUsers(draft, file)
  checkUsers(draft)
  checkBrowsers(draft)
  if (isOpen(draft) && !given('allow-from'))
    report.warn([...path, 'auth'], 'lets everybody call it, from anywhere', {
      hint: 'name networks in "allow-from", such as "10.0.0.0/8", or ask for a "token"',
    })
  return {
    users,
    login: written.auth === 'login',
    from: given('allow-from') ? networks : null,
  }
}

/** Whether nothing else is wrong with that: see proof.ts. */
function isOpen({ written, given }: HookDraft): boolean {
  const closed = (['repo', 'secret', 'token', 'users'] as const).some((key) => given(key))
  return written.auth === 'none' && !closed
}

/** Those that can be understood. */
export function readNetworks(
  path: Path,
  written: string | readonly string[] | undefined,
  report: Report,
): string[] {
  return asList(written).filter((text, index) => {
    const problem = networkProblem(text)
    const at = Array.isArray(written) ? [...path, index] : path
    if (problem !== null) report.error(at, `${JSON.stringify(text)} ${problem}`)
    return problem === null
  })
}

async function readUsers({ written, path }: HookDraft, file: FileDraft): Promise<User[]> {
  const users = Object.entries(written.users ?? {}).map(async ([name, password]) => ({
    name,
    passwords: await readSecrets([...path, 'users', name], password, file.secrets),
  }))
  return Promise.all(users)
}

function checkUsers({ written, path, report, given }: HookDraft): void {
  const at = [...path, 'users']
  const isJudged = report.problems.some((problem) => problem.path.startsWith(formatPath(at)))
  if (written.auth === 'basic' && !given('users'))
    report.error([...path, 'auth'], `needs "users": { "ada": "\${ADA_PASSWORD}" }`, { at: 'key' })
  if (!isJudged && written.users !== undefined && Object.keys(written.users).length === 0)
    report.error(at, 'is empty; name at least one')
  if (given('users') && given('repo'))
    report.error([...path, 'users'], 'is never allowed beside "repo": hosts sign their webhooks', {
      at: 'key',
    })
}

/** Below /hooks/ one answer goes to all who prove nothing, and it asks for no password. */
function checkBrowsers({ written, path, report, given }: HookDraft): void {
  const key = given('users') ? 'users' : written.auth === 'login' ? 'auth' : null
  const { on } = written
  const get =
    on === 'get' ||
    (typeof on === 'object' && (Array.isArray(on) ? on.includes('get') : 'get' in on))
  if (key !== null && get && !given('url'))
    report.warn(
      [...path, key],
      'is asked for by no browser while the hook has no path of its own',
      {
        at: 'key',
        hint: `add "url": "/${String(path[1])}"`,
      },
    )
}
