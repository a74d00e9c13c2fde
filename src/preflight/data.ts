/** Whether the data directory can carry what must never be lost. */

import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { messageOf } from '../errors.ts'
import { DATABASE_FILE, inspectDatabase } from '../record/inspect.ts'
import { error, type Finding, ok, warning } from './finding.ts'

export function checkData(data: string, user: string): Finding[] {
  const there = existsSync(data)
  const place = there ? data : firstFolderAbove(data)
  const wrong = [
    ...(there ? modeOf(data) : []),
    ...(mayWrite(place) ? [] : [notWritable(place, there, user)]),
    ...fileSystemOf(place),
    ...roomOf(place),
    ...(existsSync(join(data, DATABASE_FILE)) ? integrityOf(data) : []),
  ]
  if (wrong.length > 0) return wrong
  const state = there ? 'is private' : 'will be made at the first start'
  return [ok('data', `data directory ${data} ${state}, ${free(place)} free`)]
}

function firstFolderAbove(path: string): string {
  const above = dirname(path)
  return existsSync(above) || above === path ? above : firstFolderAbove(above)
}

function modeOf(data: string): Finding[] {
  const mode = statSync(data).mode & 0o777
  if ((mode & 0o077) === 0) return []
  const found = `data directory ${data} is open to others (mode ${mode.toString(8)}), and outputs and payloads are in it`
  return [warning('data', found, `chmod 700 ${data}`)]
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

function notWritable(place: string, there: boolean, user: string): Finding {
  const mend = there ? `chown -R ${user} ${place}` : 'runhook serve --data FOLDER, one of that user'
  return error('data', `${user} may not write in ${place}, where the data directory is`, mend)
}

// ---- the disk ----------------------------------------------------------------------------------------

/** Names of /proc/filesystems. Locks and fsync of SQLite are not to be trusted on them. */
const network =
  /^(nfs4?|cifs|smb3|smbfs|9p|afs|ceph|glusterfs|fuse\.(sshfs|glusterfs|s3fs|rclone|gcsfuse))$/

function fileSystemOf(place: string): Finding[] {
  const kind = kindOf(place)
  if (network.test(kind)) {
    const found = `the data directory is on a network file system (${kind}), where SQLite loses data`
    return [error('data', found, 'runhook serve --data FOLDER, on a local disk')]
  }
  if (kind === 'tmpfs' || kind === 'ramfs')
    return [warning('data', `the data directory is in memory (${kind}): a reboot loses it`)]
  if (kind !== 'overlay') return []
  const found = 'the data directory is in the container itself: it is lost with the container'
  return [warning('data', found, 'docker run -v runhook-data:/data …')]
}

/** Of the mount it lies beneath, see proc(5) on mountinfo; empty where that is not told. */
function kindOf(place: string): string {
  try {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n')
    const above = mounts.flatMap((line) => {
      const [before = '', after = ''] = line.split(' - ')
      const point = (before.split(' ')[4] ?? '').replaceAll('\\040', ' ')
      const beneath = point === '/' || place === point || place.startsWith(`${point}/`)
      return beneath ? { point, kind: after.split(' ')[0] ?? '' } : []
    })
    return above.toSorted((a, b) => b.point.length - a.point.length)[0]?.kind ?? ''
  } catch {
    return ''
  }
}

const MIB = 2 ** 20
const LITTLE = 64 * MIB
const SHORT = 512 * MIB

function roomOf(place: string): Finding[] {
  const { bavail, bsize, files, ffree } = statfsSync(place)
  if (files > 0 && ffree < 100)
    return [error('data', `the disk of ${place} has no room for more files`, `df -i ${place}`)]
  const bytes = bavail * bsize
  if (bytes >= SHORT) return []
  const found = `only ${free(place)} are free at ${place}`
  return [(bytes < LITTLE ? error : warning)('data', found, `df -h ${place}`)]
}

function free(place: string): string {
  const { bavail, bsize } = statfsSync(place)
  const gigabytes = (bavail * bsize) / 1e9
  return gigabytes >= 1 ? `${gigabytes.toFixed(0)} GB` : `${(gigabytes * 1000).toFixed(0)} MB`
}

function integrityOf(data: string): Finding[] {
  try {
    const problem = inspectDatabase(data)
    if (problem === null) return []
    const mend = `sqlite3 ${join(data, DATABASE_FILE)} .recover, into a new file`
    return [error('data', `the database is damaged: ${problem}`, mend)]
  } catch (thrown) {
    return [warning('data', `the database cannot be looked at: ${messageOf(thrown)}`)]
  }
}
