/**
 * Limits of memory and processes by control groups. For them a group that has others beneath it may hold no
 * process itself ("no internal processes", cgroup-v2.rst), so the server moves into a leaf of its own,
 * `main`; it does so only where nobody else is in its group, which is how a delegated one looks.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import { makeCgroup } from './cgroup.ts'

const WANTED = ['memory', 'pids']

/** Null once groups beneath `base` have them, else why not. May be asked again. */
export function enableControllers(base: string): string | null {
  const missing = missingControllers(base)
  if (missing !== null) return missing
  const enabled = words(base, 'cgroup.subtree_control')
  if (WANTED.every((name) => enabled.includes(name))) return null
  try {
    // Only the root of all groups has no type, and it alone may hold processes all the same.
    if (!existsSync(join(base, 'cgroup.type'))) enable(base)
    else return enableFromLeaf(base)
    return null
  } catch (thrown) {
    return `its controllers cannot be switched on: ${messageOf(thrown)}`
  }
}

/** Why they are not to be had at all; null when they may be. Only looks. */
export function missingControllers(base: string): string | null {
  const missing = WANTED.filter((name) => !words(base, 'cgroup.controllers').includes(name))
  return missing.length > 0
    ? `its control group has no ${missing.join(' and no ')} controller`
    : null
}

function enableFromLeaf(base: string): string | null {
  const pids = words(base, 'cgroup.procs').map(Number)
  const others = pids.filter((pid) => pid !== process.pid)
  if (others.length > 0)
    return `its control group ${base} also holds ${others.length} other processes`
  const leaf = join(base, 'main')
  makeCgroup(leaf)
  move(leaf)
  try {
    enable(base)
    return null
  } catch (thrown) {
    move(base)
    throw thrown
  }
}

function enable(base: string): void {
  const text = WANTED.map((name) => `+${name}`).join(' ')
  writeFileSync(join(base, 'cgroup.subtree_control'), text)
}

function move(to: string): void {
  writeFileSync(join(to, 'cgroup.procs'), String(process.pid))
}

function words(base: string, file: string): string[] {
  try {
    return readFileSync(join(base, file), 'utf8').split(/\s+/).filter(Boolean)
  } catch {
    return []
  }
}
