/**
 * A delivery's body as a command gets it: a file of its own, and its values for arguments. The bytes
 * are those that came, except that a form's are its `payload` field, because that is the JSON a script
 * expects. The file is readable by this user alone.
 */

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../errors.ts'
import { isForm } from '../hosts/github.ts'
import { hostOf } from '../hosts/hosts.ts'
import type { StoredDelivery } from '../model.ts'

/** Up to this size a write is done sooner than a thread has answered; a longer one would hold up the loop. */
const SMALL = 256 * 1024

/**
 * The payload files of a server, used again by renaming: where a file is made and removed for each run,
 * ext4 soon takes 500 µs instead of 20 to make the next one (measured).
 */
export class PayloadFiles {
  readonly #directory: string
  readonly #free: string[] = []
  #kept = 0

  /** Takes the directory for itself: what an earlier process left there is removed. */
  constructor(directory: string) {
    this.#directory = directory
    rmSync(directory, { recursive: true, force: true })
  }

  pathOf(runId: number): string {
    return join(this.#directory, String(runId))
  }

  /** Rejects with the system's error when the file cannot be written. */
  async write(runId: number, delivery: StoredDelivery): Promise<void> {
    const path = this.pathOf(runId)
    const free = this.#free.pop()
    if (free !== undefined) rename(free, path)
    const bytes = payloadBytes(delivery)
    try {
      await write(path, bytes)
    } catch (thrown) {
      if (systemCode(thrown) !== 'ENOENT') throw thrown
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
      await write(path, bytes)
    }
  }

  /** The file is gone from its path. Never throws. */
  release(runId: number): void {
    const free = join(this.#directory, `free-${++this.#kept}`)
    if (rename(this.pathOf(runId), free)) this.#free.push(free)
  }
}

/** False when there is no such file: somebody tidied up, or it was never written. */
function rename(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch {
    return false
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
  return new URLSearchParams(asBuffer(body).toString('utf8')).get('payload') ?? body
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
