/**
 * A delivery's body as a command gets it: a file of its own, and its values for arguments. The bytes
 * are those that came, except that a form's are its `payload` field, because that is the JSON a script
 * expects. The file is readable by the command's user alone.
 */

import {
  chownSync,
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../errors.ts'
import { isForm } from '../hosts/github.ts'
import { hostOf } from '../hosts/hosts.ts'
import { formField } from '../hosts/pushed.ts'
import type { StoredDelivery } from '../model/delivery.ts'
import type { HookUser } from '../model/hook.ts'
import { SharedFolder } from './shared-folder.ts'

/** Up to this size a write is done sooner than a thread has answered; a longer one would hold up the loop. */
const SMALL = 256 * 1024

/**
 * The payload files of a server. A file that comes back as it was given is used again by renaming: making
 * one waits for the disk's journal, 700 µs beside a database that syncs, and renaming does not (measured).
 */
export class PayloadFiles {
  readonly #directory: string
  readonly #free: { path: string; size: number }[] = []
  /** For other users, who may not enter the data directory. */
  readonly #shared: SharedFolder
  readonly #foreign = new Map<number, string>()
  #kept = 0

  /** Takes the directory for itself: what an earlier process left there is removed. */
  constructor(directory: string) {
    this.#directory = directory
    this.#shared = new SharedFolder(directory)
    rmSync(directory, { recursive: true, force: true })
  }

  /** Of another user's only once it is written. */
  pathOf(runId: number): string {
    return this.#foreign.get(runId) ?? join(this.#directory, String(runId))
  }

  /** Rejects with the system's error when the file cannot be written. `user`: who shall own it, if not we. */
  async write(
    runId: number,
    delivery: StoredDelivery,
    user: HookUser | null = null,
  ): Promise<void> {
    const bytes = payloadBytes(delivery)
    if (user !== null) {
      const path = join(this.#shared.open(), String(runId))
      this.#foreign.set(runId, path)
      await write(path, bytes)
      chownSync(path, user.uid, user.gid)
      return
    }
    const path = this.pathOf(runId)
    const free = this.#free.pop()
    try {
      if (free !== undefined && rename(free.path, path) && refill(path, free.size, bytes)) return
      await write(path, bytes)
    } catch (thrown) {
      if (systemCode(thrown) !== 'ENOENT') throw thrown
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
      await write(path, bytes)
    }
  }

  /** The file is gone from its path. Never throws: what stays is removed by the next start. */
  release(runId: number): void {
    const path = this.pathOf(runId)
    // Its user may have it open still, and must not see the next one's.
    const foreign = this.#foreign.delete(runId)
    const free = join(this.#directory, `free-${++this.#kept}`)
    try {
      const size = foreign ? null : sizeAsGiven(path)
      if (size !== null && rename(path, free)) this.#free.push({ path: free, size })
      else rmSync(path, { recursive: true, force: true })
      if (foreign && this.#foreign.size === 0) this.#shared.close()
    } catch {
      // The disk refuses even this.
    }
  }
}

/** A command may have linked it elsewhere, locked it, or put a folder in its place: null, it is not used again. */
function sizeAsGiven(path: string): number | null {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats?.isFile() || stats.nlink !== 1 || (stats.mode & 0o7777) !== 0o600) return null
  return stats.size
}

/** False when there is no such file: somebody tidied up. */
function rename(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch {
    return false
  }
}

/**
 * Writes over what the file held. Emptying it first would make the file system allocate its blocks anew
 * when it is closed: 250 µs instead of 50 (measured on ext4). False when it cannot be opened.
 */
function refill(path: string, size: number, bytes: Uint8Array | string): boolean {
  const content = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  if (content.length > SMALL) return false
  let fd: number
  try {
    fd = openSync(path, 'r+')
  } catch {
    return false
  }
  try {
    for (let at = 0; at < content.length; )
      at += writeSync(fd, content, at, content.length - at, at)
    if (size > content.length) ftruncateSync(fd, content.length)
    return true
  } finally {
    closeSync(fd)
  }
}

async function write(path: string, bytes: Uint8Array | string): Promise<void> {
  if (bytes.length <= SMALL) writeFileSync(path, bytes, { mode: 0o600 })
  else await writeFile(path, bytes, { mode: 0o600 })
}

/** Parses the body at the first call, and remembers. */
export function lazyPayload(
  delivery: StoredDelivery,
): () => { payload: unknown } | { problem: string } {
  let parsed: { payload: unknown } | { problem: string } | null = null
  return () => {
    parsed ??= hostOf(delivery.host).parse(delivery.headers, asBuffer(delivery.body))
    return parsed
  }
}

function payloadBytes({ headers, body }: StoredDelivery): Uint8Array | string {
  if (!isForm(headers)) return body
  return formField(asBuffer(body).toString('utf8'), 'payload') ?? body
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
