/**
 * A delivery's body as a command gets it: a file of its own, and its values for arguments. The bytes
 * are those that came, except that a form's are its `payload` field, because that is the JSON a script
 * expects. The file is readable by this user alone.
 */

import { mkdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from '../errors.ts'
import { isForm } from '../hosts/github.ts'
import { hostOf } from '../hosts/hosts.ts'
import type { StoredDelivery } from '../model.ts'

const SMALL = 256 * 1024

/** Rejects with the system's error when the file cannot be written. */
export async function writePayload(path: string, delivery: StoredDelivery): Promise<void> {
  const bytes = payloadBytes(delivery)
  try {
    await write(path, bytes)
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw thrown
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    await write(path, bytes)
  }
}

/** Most payloads are written sooner than a thread has answered; a long one would hold up the loop. */
async function write(path: string, bytes: Uint8Array | string): Promise<void> {
  if (bytes.length <= SMALL) writeFileSync(path, bytes, { mode: 0o600 })
  else await writeFile(path, bytes, { mode: 0o600 })
}

/** Never throws: a file that stays is removed by the next start of the server. */
export function removePayload(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It was never written, or the disk refuses even this.
  }
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
