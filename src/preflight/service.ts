/** As whom the server runs, and becoming that user: the same question asked by root has another answer. */

import { lstatSync, readFileSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { basename, join } from 'node:path'
import { LOCK_FILE } from '../record/inspect.ts'
import { userOf } from '../run/proc.ts'

/** The process that holds the data directory; null when none does, or the system does not tell. */
export function serverPid(data: string): number | null {
  try {
    const { ino } = statSync(join(data, LOCK_FILE))
    // `1: POSIX  ADVISORY  WRITE 812 08:01:131 1073741826 1073742335`, see proc(5) on locks
    const locks = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .map((line) => line.split(/\s+/))
    const held = locks.find((words) => words[3] === 'WRITE' && words[5]?.endsWith(`:${ino}`))
    const pid = Number(held?.[4])
    return Number.isInteger(pid) && pid > 0 ? pid : null
  } catch {
    return null
  }
}

/** As whom the server runs, as far as that is known, and by what. */
export interface Service {
  readonly uid: number
  /** `the data directory`, or the name of the hooks file where there is no such directory yet. */
  readonly by: string
}

/**
 * Whom the running server, else the data directory, else the hooks file belongs to; null when there is none
 * of them. A link in the place of the directory tells only of its owner, who may have chosen where it leads.
 */
export function serviceOf(data: string, file: string): Service | null {
  const link = lstatSync(data, { throwIfNoEntry: false })
  const chosen = link?.isSymbolicLink() === true && link.uid !== 0
  const pid = chosen ? null : serverPid(data)
  const running = pid === null ? null : userOf(pid)
  const own = chosen ? undefined : statSync(data, { throwIfNoEntry: false })
  const uid = running ?? own?.uid
  if (uid !== undefined) return { uid, by: 'the data directory' }
  const owner = statSync(file, { throwIfNoEntry: false })?.uid
  return owner === undefined ? null : { uid: owner, by: basename(file) }
}

export interface Account {
  readonly uid: number
  readonly gid: number
  readonly name: string
}

/** Null where the system knows no such user. Only for root, who becomes that user for a moment. */
export function accountOf(uid: number): Account | null {
  const before = process.geteuid?.() ?? 0
  try {
    process.seteuid?.(uid)
    const { username, gid } = userInfo()
    return { uid, gid, name: username }
  } catch {
    return null
  } finally {
    process.seteuid?.(before)
  }
}

/** For people: the name, or the number where the machine's own list has none. */
export function nameOf(uid: number): string {
  try {
    const users = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
    return users.find(([, , id]) => id === String(uid))?.[0] ?? String(uid)
  } catch {
    return String(uid)
  }
}

/** Documented since Node 0.9, and missing in its types: https://nodejs.org/api/process.html#processinitgroupsuser-extragroup */
type WithGroups = NodeJS.Process & { initgroups?(user: string, extraGroup: number): void }

/** For good: groups first, since only root may choose them. Throws what the system throws. */
export function become({ uid, gid, name }: Account): void {
  const self: WithGroups = process
  self.initgroups?.(name, gid)
  process.setgid?.(gid)
  process.setuid?.(uid)
  delete process.env.TMPDIR // root's own, perhaps
}
