/**
 * Users of this machine by name or number, from /etc/passwd, and whether this process may become another
 * one. Users of a directory service are not in that file; `getent passwd NAME >> /etc/passwd` puts one there.
 */

import { readFileSync } from 'node:fs'
import type { HookUser } from '../model/hook.ts'

/** What is asked of the machine: real in the server, given in tests. */
export interface Accounts {
  /** The text of /etc/passwd, see passwd(5). */
  readonly passwd: string
  /** Of this process; null on a system without. */
  readonly uid: number | null
  /** The text of /proc/self/status, see proc(5). */
  readonly status: string
}

export function accountsHere(): Accounts {
  return {
    passwd: read('/etc/passwd'),
    uid: process.geteuid?.() ?? null,
    status: read('/proc/self/status'),
  }
}

export function userNamed(wanted: string, { passwd }: Accounts): HookUser | null {
  const entries = passwd.split('\n').map((line) => line.split(':'))
  const entry =
    entries.find(([name]) => name === wanted) ??
    (/^\d+$/.test(wanted) ? entries.find(([, , uid]) => uid === wanted) : undefined)
  if (entry === undefined || entry.length < 7) return null
  const [name = '', , uid, gid, , home = '', shell = ''] = entry
  return { name, uid: Number(uid), gid: Number(gid), home: home || '/', shell: shell || '/bin/sh' }
}

export function userNames({ passwd }: Accounts): string[] {
  return passwd
    .split('\n')
    .map((line) => line.split(':', 1)[0] ?? '')
    .filter(Boolean)
}

/** Numbers of capabilities(7): to own files, to end processes, to become a group and a user. */
const NEEDED = [0, 5, 6, 7]

/** Root may, and who was given the capabilities in a way that programs it starts keep them. */
export function mayBecomeOthers({ uid, status }: Accounts): boolean {
  if (uid === 0) return true
  const [, hex = '0'] = /^CapAmb:\s+([0-9a-f]+)$/m.exec(status) ?? []
  const ambient = BigInt(`0x${hex}`)
  return NEEDED.every((bit) => (ambient >> BigInt(bit)) % 2n === 1n)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** `it belongs to root, mode 0700`, of what stat(2) says. */
export function belonging({ uid, mode }: { uid: number; mode: number }): string {
  const owner = userNamed(String(uid), accountsHere())?.name ?? `user ${uid}`
  return `it belongs to ${owner}, mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`
}
