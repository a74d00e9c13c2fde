/**
 * Where this process may make control groups, if anywhere: beneath its own, in the one hierarchy of
 * version 2, as systemd allows with `Delegate=yes` and root may in many containers. Asked once, at the
 * start; why not is said in words, because then less is sure to be ended.
 */

import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { messageOf, systemCode } from '../errors.ts'
import { makeCgroup } from './cgroup.ts'

export type CgroupPlace = { readonly base: string } | { readonly reason: string }

/** Tries it out with a group of its own, which it removes. */
export function findCgroupPlace(token: string): CgroupPlace {
  const place = cgroupPlaceIn(read('/proc/self/mountinfo'), read('/proc/self/cgroup'))
  if ('reason' in place) return place
  return triedOut(place.base, token)
}

/** Where another process may make some, as far as looking tells; null = this one. */
export function cgroupPlaceOf(pid: number | null): CgroupPlace {
  const place = cgroupPlaceIn(read('/proc/self/mountinfo'), read(`/proc/${pid ?? 'self'}/cgroup`))
  if ('reason' in place) return place
  try {
    accessSync(join(place.base, 'cgroup.procs'), constants.W_OK)
    return place
  } catch (thrown) {
    return { reason: refusal(thrown, place.base) }
  }
}

/** Pure: from the text of /proc/self/mountinfo and /proc/self/cgroup, see proc(5) and cgroups(7). */
export function cgroupPlaceIn(mounts: string, own: string): CgroupPlace {
  const [, path] = /^0::(\/.*)$/m.exec(own) ?? []
  const mounted = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[fields.indexOf('-') + 1] === 'cgroup2')
    .map(([, , , root = '', at = '']) => ({ root: unescaped(root), at: unescaped(at) }))
  if (path === undefined || mounted.length === 0)
    return { reason: 'this system has no control groups of version 2' }
  const seen = mounted.find(({ root }) => isBeneath(path, root))
  if (seen === undefined || path.startsWith('/..'))
    return { reason: `its own control group ${path} cannot be seen from here` }
  const { root, at } = seen
  return { base: resolve(join(at, root === '/' ? path : path.slice(root.length))) }
}

function triedOut(base: string, token: string): CgroupPlace {
  try {
    // Whoever moves a process must be allowed to write here too, as what both groups have in common.
    accessSync(join(base, 'cgroup.procs'), constants.W_OK)
    const probe = join(base, `runhook-${token}-probe`)
    const cgroup = makeCgroup(probe)
    const complete = existsSync(join(probe, 'cgroup.kill'))
    cgroup?.remove()
    return complete ? { base } : { reason: 'Linux 5.14 or later is needed for cgroup.kill' }
  } catch (thrown) {
    return { reason: refusal(thrown, base) }
  }
}

function refusal(thrown: unknown, base: string): string {
  switch (systemCode(thrown)) {
    case 'EACCES':
    case 'EPERM':
      return `its control group ${base} is not its own; set Delegate=yes in the systemd unit`
    case 'EROFS':
      return `${base} is read-only, as containers have it`
    default:
      return `${base}: ${messageOf(thrown)}`
  }
}

function isBeneath(path: string, root: string): boolean {
  return root === '/' || path === root || path.startsWith(`${root}/`)
}

/** mountinfo writes spaces and the like as octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
