/**
 * What a user may do with a file, told from owners and modes: for the words of an error only, after it has
 * come to that. Access lists (ACLs) are not seen, so nothing is ever refused because of what stands here.
 */

import { accessSync, constants, readFileSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { accountsHere, belonging, userNamed } from '../hooks/users.ts'
import type { HookUser } from '../model/hook.ts'

const bits = { read: 4, write: 2, execute: 1 } as const
export type Deed = keyof typeof bits

/**
 * The first folder on the way, or the file itself, that stands in the way of this user, and whose it is; null
 * when nothing does. `user` null is this process's own.
 */
export function barrier(path: string, deed: Deed, user: HookUser | null): string | null {
  for (const folder of foldersTo(path)) {
    if (!may(folder, 'execute', user))
      return `${folder} may not be entered by ${nameOf(user)}: ${whose(folder)}`
  }
  if (may(path, deed, user)) return null
  if (deed === 'execute' && !isFolder(path) && isNobodys(path))
    return `${path} is not executable. Run: chmod +x ${path}`
  const words = { read: 'read', write: 'written', execute: isFolder(path) ? 'entered' : 'run' }
  return `${path} may not be ${words[deed]} by ${nameOf(user)}: ${whose(path)}`
}

/** `it belongs to root, mode 0700`. */
export function whose(path: string): string {
  const stats = stat(path)
  return stats === null ? 'it cannot be looked at' : belonging(stats)
}

/** From the root down, without the path itself. */
function foldersTo(path: string): string[] {
  const above = dirname(path)
  return above === path ? [] : [...foldersTo(above), above]
}

/** What is not there bars nobody. */
function may(path: string, deed: Deed, user: HookUser | null): boolean {
  const stats = stat(path)
  if (stats === null) return true
  if (user === null) return mayOurselves(path, bits[deed])
  if (user.uid === 0) return deed !== 'execute' || stats.isDirectory() || (stats.mode & 0o111) !== 0
  const shift = stats.uid === user.uid ? 6 : groupsOf(user).includes(stats.gid) ? 3 : 0
  return ((stats.mode >> shift) & bits[deed]) !== 0
}

function mayOurselves(path: string, mode: number): boolean {
  try {
    accessSync(path, mode & (constants.R_OK | constants.W_OK | constants.X_OK))
    return true
  } catch {
    return false
  }
}

/** See group(5). */
function groupsOf({ name, gid }: HookUser): number[] {
  const lines = read('/etc/group').split('\n')
  const fields = lines.map((line) => line.split(':'))
  const also = fields.filter(([, , , members = '']) => members.split(',').includes(name))
  return [gid, ...also.map(([, , id]) => Number(id))]
}

function nameOf(user: HookUser | null): string {
  const uid = process.geteuid?.()
  return user?.name ?? userNamed(String(uid), accountsHere())?.name ?? 'this user'
}

/** Nobody may run it. */
function isNobodys(path: string): boolean {
  return ((stat(path)?.mode ?? 0o111) & 0o111) === 0
}

function isFolder(path: string): boolean {
  return stat(path)?.isDirectory() === true
}

function stat(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch {
    return null
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
