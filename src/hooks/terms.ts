/**
 * On which terms a command runs: `user`, `umask`, `nice`, `limits`, `leftovers`. Each hook's own, else the
 * file's defaults. What this process could not do anyway is said when the file is read, not by each run.
 */

import type { HookUser, Limits, Terms } from '../model/hook.ts'
import type { FileDraft, HookDraft } from './draft.ts'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'
import type { HookWritten } from './schema-hook.ts'
import type { TermsWritten } from './schema-terms.ts'
import { parseSize, sizeProblem } from './size.ts'
import { suggest } from './suggest.ts'
import { type Accounts, accountsHere, mayBecomeOthers, userNamed, userNames } from './users.ts'

export function readTerms(
  { written, path, report }: HookDraft,
  { written: { defaults = {} }, role }: FileDraft,
  accounts: () => Accounts = accountsHere,
): Terms {
  const of = (key: keyof TermsWritten): Place =>
    written[key] === undefined
      ? { path: ['defaults', key], from: defaults }
      : { path: [...path, key], from: written }
  return {
    // Who only receives runs nothing: its machine need not have that user, nor its server such rights.
    user: role === 'receiver' ? null : readUser(of('user'), report, accounts),
    umask: readUmask(of('umask').from.umask),
    nice: role === 'receiver' ? null : readNice(of('nice'), report, accounts),
    limits: readLimits(written, defaults, path, report),
    leftovers: written.leftovers ?? 'kill',
  }
}

/** Also where no hook makes use of them. */
export function checkTerms(draft: FileDraft): void {
  const { report, role } = draft
  const { defaults = {} } = draft.written
  readLimits({}, defaults, [], report)
  if (role === 'receiver') return
  readUser({ path: ['defaults', 'user'], from: defaults }, report, accountsHere)
  readNice({ path: ['defaults', 'nice'], from: defaults }, report, accountsHere)
}

interface Place {
  readonly path: Path
  readonly from: TermsWritten
}

/** Null for the server's own: then nothing has to be done. */
function readUser({ path, from }: Place, report: Report, ask: () => Accounts): HookUser | null {
  if (from.user === undefined) return null
  const accounts = ask()
  const wanted = String(from.user)
  const user = userNamed(wanted, accounts)
  if (user === null) {
    const meant = suggest(wanted, userNames(accounts))
    const advice = meant === null ? null : `did you mean "${meant}"?`
    report.error(path, `names ${JSON.stringify(wanted)}, and no such user is in /etc/passwd`, {
      hint: advice ?? 'create it, say by: useradd --create-home NAME',
    })
    return null
  }
  if (user.uid === accounts.uid) return null
  if (!mayBecomeOthers(accounts)) {
    const self = userNamed(String(accounts.uid), accounts)?.name ?? `user ${accounts.uid}`
    report.error(path, `names ${user.name}, and runhook runs as ${self}, who may become no other`, {
      hint: 'run runhook as root, or leave "user" out and let a line of "run" begin with sudo -u',
    })
  }
  return user
}

function readUmask(text: string | undefined): number | null {
  return text === undefined ? null : Number.parseInt(text, 8)
}

function readNice({ path, from }: Place, report: Report, accounts: () => Accounts): number | null {
  const { nice } = from
  if (nice === undefined) return null
  if (nice < 0 && accounts().uid !== 0)
    report.error(path, `${nice} asks for more than others get, which only root may give`, {
      hint: 'run runhook as root, or write a number from 0 to 19',
    })
  return nice
}

/** Each limit by itself: a hook that sets one keeps the others of the defaults. */
function readLimits(
  own: Pick<HookWritten, 'limits'>,
  defaults: TermsWritten,
  path: Path,
  report: Report,
): Limits {
  const limits = { ...defaults.limits, ...own.limits }
  const at = (key: 'memory') =>
    own.limits?.[key] === undefined ? ['defaults', 'limits', key] : [...path, 'limits', key]
  const { memory, pids = null, 'open-files': openFiles = null } = limits
  return {
    memory: memory === undefined ? null : readMemory(memory, at('memory'), report),
    pids,
    openFiles,
  }
}

/** Below this not even a shell starts. */
const LEAST_MEMORY = 4 * 2 ** 20

function readMemory(text: string, path: Path, report: Report): number | null {
  const problem = sizeProblem(text)
  const bytes = parseSize(text)
  if (problem !== null) report.error(path, `${JSON.stringify(text)} ${problem}`)
  else if (bytes < LEAST_MEMORY)
    report.error(path, 'leaves too little for any command to start; write "512MiB", say')
  return bytes
}
